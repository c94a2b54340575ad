"""What is installed in the environment that runs a task: names and versions are in its key, content is not."""

import os
import subprocess

import pytest
from support.waiting import wait_for
from support.wheels import make_wheel, only_from

TASKS = """
    [tasks.venv]
    inputs = ["requirements.txt"]
    outputs = [".venv/"]
    cache = "local"
    witness = ".venv/pyvenv.cfg"
    run = "RAN; python3 -m venv .venv; .venv/bin/pip install -q -r requirements.txt"

    [tasks.test]
    deps = ["venv"]
    inputs = ["src/**"]
    outputs = ["made"]
    tools.checker = { distributions = true }
    run = "RAN; checker >made"

    [tasks.other]
    inputs = ["src/**"]
    run = "RAN"
"""


def prepare(project):
    wheels = project.folder / "wheels"
    project.env |= only_from(wheels)
    for name, version in (("checker", "1.0"), ("checker", "2.0"), ("helper", "1.0")):
        make_wheel(wheels, name, version)
    project.write("requirements.txt", "checker==1.0\n")
    project.write("src/a", "a\n")
    project.tasks(TASKS, 'path = [".venv/bin"]\n')


@pytest.fixture
def made(project):
    prepare(project)
    project.run("test", "other").succeeded()
    assert project.ran() in (["venv", "test", "other"], ["other", "venv", "test"], ["venv", "other", "test"])
    return project


def pip(project, *words):
    subprocess.run([project.path(".venv/bin/pip"), "-q", *words], check=True, env=project.env, cwd=project.root)


def test_another_package_or_version_runs_again_and_is_named(made):
    pip(made, "install", "helper==1.0")
    why = made.run("why", "test").stdout
    assert why == "test: would run:\n  installed distributions changed: helper 1.0 added\n"
    assert "test: installed distributions changed: helper 1.0 added\n" in made.run("test", "other").succeeded().stderr
    assert made.ran() == ["test"]
    made.run("test", no_processes=True).succeeded()
    pip(made, "install", "checker==2.0")
    assert made.run("why", "test").stdout.endswith("installed distributions changed: checker 1.0 → 2.0\n")
    made.run("test").succeeded()
    assert made.read("made") == "checker 2.0\n"
    pip(made, "uninstall", "--yes", "helper")
    assert made.run("why", "test").stdout.endswith("installed distributions changed: helper 1.0 removed\n")
    made.ran()
    made.run("test", "other").succeeded()
    assert made.ran() == ["test"]


def test_what_was_installed_before_is_known_again(made):
    pip(made, "install", "helper==1.0")
    made.run("test").succeeded()
    pip(made, "uninstall", "--yes", "helper")
    made.ran()
    assert "test: restored from the cache" in made.run("test").succeeded().stderr
    assert made.ran() == []


def test_installing_the_same_again_changes_nothing(made):
    pip(made, "install", "--force-reinstall", "checker==1.0")
    made.run("test", no_processes=True).succeeded()
    assert made.run("--status", "test").code == 0
    assert made.ran() == []


def test_a_seal_notices(made):
    seals = made.path(".devtask/seals")

    def sealed():
        made.run("test", no_processes=True).succeeded()
        return seals.is_dir() and os.listdir(seals)

    wait_for(sealed, "a seal")
    pip(made, "install", "helper==1.0")
    assert made.run("--status", "test").code == 1
    made.run("test").succeeded()
    assert made.ran() == ["test"]


def test_a_fresh_clone_has_the_results_without_the_environment(made):
    fresh = made.checkout("fresh")
    prepare(fresh)
    assert "test: restored from the cache" in fresh.run("test").succeeded().stderr
    assert fresh.ran() == [] and not fresh.path(".venv").exists()
    fresh.run("test", no_processes=True).succeeded()
    fresh.write("src/a", "b\n")
    fresh.run("test").succeeded()
    assert fresh.ran() == ["venv", "test"]


def test_a_fresh_clone_without_a_cache_makes_the_environment_first(made):
    fresh = made.checkout("fresh")
    prepare(fresh)
    fresh.run("--no-cache", "test").succeeded()
    assert fresh.ran() == ["venv", "test"]
    fresh.run("test", no_processes=True).succeeded()


def test_without_the_key_nobody_looks(project):
    prepare(project)
    project.tasks(TASKS.replace("tools.checker = { distributions = true }\n", ""), 'path = [".venv/bin"]\n')
    project.run("test").succeeded()
    pip(project, "install", "helper==1.0")
    project.run("test", no_processes=True).succeeded()


def test_plain_ninja_agrees(made):
    made.run("ninja", "--", "test").succeeded()
    assert made.ran() == []
    pip(made, "install", "helper==1.0")
    made.run("ninja", "--", "test").succeeded()
    assert made.ran() == ["test"]
    made.run("test", no_processes=True).succeeded()


def test_an_environment_that_no_task_makes(project):
    prepare(project)
    project.write("tasks.toml", project.read("tasks.toml").replace('deps = ["venv"]\n', ""))
    subprocess.run(["python3", "-m", "venv", "mine"], check=True, env=project.env, cwd=project.root)
    project.edit("tasks.toml", '".venv/bin"', '"mine/bin"')
    pip = ["mine/bin/pip", "install", "-q"]
    subprocess.run([*pip, "checker==1.0"], check=True, env=project.env, cwd=project.root)
    project.run("test").succeeded()
    project.run("test", no_processes=True).succeeded()
    subprocess.run([*pip, "helper==1.0"], check=True, env=project.env, cwd=project.root)
    assert project.run("why", "test").stdout == "test: would run:\n  installed distributions changed: helper\n"
    project.run("test").succeeded()
    assert project.ran() == ["test", "test"]
    subprocess.run([*pip, "--force-reinstall", "helper==1.0"], check=True, env=project.env, cwd=project.root)
    project.run("test", no_processes=True).succeeded()


def test_the_environment_of_a_scripts_interpreter(project):
    prepare(project)
    project.write("tasks.toml", project.read("tasks.toml").replace('deps = ["venv"]\n', ""))
    subprocess.run(["python3", "-m", "venv", "elsewhere"], check=True, env=project.env, cwd=project.root)
    project.tool("checker", "echo ran")
    (project.bin / "checker").write_text(f"#!{project.root}/elsewhere/bin/python\nprint('ran')\n")
    project.run("test").succeeded()
    subprocess.run(["elsewhere/bin/pip", "install", "-q", "helper"], check=True, env=project.env, cwd=project.root)
    assert project.run("why", "test").stdout.endswith("installed distributions changed: helper\n")


def test_the_cache_knows_what_these_records_are(made):
    made.run("cache", "verify").succeeded()
    made.run("cache", "gc").succeeded()
    fresh = made.checkout("fresh")
    prepare(fresh)
    assert "test: restored from the cache" in fresh.run("test").succeeded().stderr
