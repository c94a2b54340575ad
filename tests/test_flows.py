"""The example product in examples/flows, through devtask, with its real tools: Python packages by pip, the UI by npm.

All tests share one checkout, so that packages are installed once; each runs first what it needs.
"""

import json
import os
import shutil

import pytest

from support.flows import copy_example, make_project

UP_TO_DATE = "devtask: everything is up to date ("
MAIN = ("schema", "openapi", "build-ui")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("flows")]  # for `-n 2 --dist loadgroup`


@pytest.fixture(scope="module")
def flows(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("flows"))
    copy_example(project)
    project.commit("the example")
    return project


def run(project, *words):
    return project.run(*words, timeout=600)


def done(project, *words):
    """Runs a task, then again: the second time there is nothing to do."""
    first = run(project, *words).succeeded()
    again = project.run(*words, no_processes=True).succeeded()
    assert again.stderr.startswith(UP_TO_DATE), again.stderr
    return first


def test_list(flows):
    lines = flows.run("list").succeeded().stdout.splitlines()
    names = [line.split()[0] for line in lines]
    for name in ("venv", "ui-deps", "test", "build-ui", "openapi", "schema"):
        assert name in names
    assert all(len(line.split()) > 1 for line in lines), "each has a description"
    assert not flows.path(".devtask").exists()


def test_schema(flows):
    done(flows, "schema")
    for dialect in ("sqlite", "postgresql"):
        assert "CREATE TABLE" in flows.read(f"build/schema-{dialect}.sql")


def test_openapi(flows):
    done(flows, "openapi")
    assert "paths" in json.loads(flows.read("build/openapi.json"))


def test_one_file_of_tests(flows):
    first = done(flows, "test", "tests/test_flows.py")
    assert first.stderr.endswith("tests: 24 passed, 0 failed, 0 skipped · 1 of 1 file ran\n")


def edited(project, path, line):
    before = project.read(path)
    project.write(path, before + line)
    return before


def test_an_edited_file_of_tests_runs_alone(flows):
    run(flows, "test", "tests/test_flows.py").succeeded()
    all_files = run(flows, "test").succeeded()
    assert all_files.stderr.splitlines()[-1].endswith(" · 3 of 4 files ran, 1 from the cache (TIME saved)")
    again = flows.run("test", no_processes=True).succeeded()
    assert again.stderr.startswith(UP_TO_DATE)
    before = edited(flows, "tests/test_agent.py", "\n# a comment\n")
    one = run(flows, "test").succeeded()
    assert "collected 11 items" in one.stdout
    assert one.stderr.splitlines()[-1].endswith(" · 1 of 4 files ran, 3 from the cache (TIME saved)")
    flows.write("tests/test_agent.py", before)
    flows.run("test", no_processes=True).succeeded()


def test_a_named_subset_shares_the_results(flows):
    run(flows, "test").succeeded()
    subset = flows.run("test-migrations", no_processes=True).succeeded()
    assert subset.stderr.splitlines()[-1].endswith(" · 0 of 1 file ran, 1 from the cache (TIME saved)")


def test_an_edited_file_of_the_uis_tests_runs_alone(flows):
    assert done(flows, "test-ui").stderr.splitlines()[-1] == "tests: 21 passed, 0 failed, 0 skipped · 2 of 2 files ran"
    before = edited(flows, "ui/src/time.test.js", "// a comment\n")
    one = run(flows, "test-ui").succeeded()
    assert "src/time.test.js (11 tests)" in one.stdout and "StateBadge" not in one.stdout
    assert one.stderr.splitlines()[-1].endswith(" · 1 of 2 files ran, 1 from the cache (TIME saved)")
    flows.write("ui/src/time.test.js", before)
    flows.run("test-ui", no_processes=True).succeeded()


FORMATTED = [
    ("format", "src/flows/agent.py", "import  zipfile\n\nx = {  zipfile }\n", ("isort", "black")),
    ("format-ui", "ui/src/time.js", 'const   name = "x";\n', ("prettier",)),
]


@pytest.mark.parametrize("task, path, line, tools", FORMATTED, ids=[case[0] for case in FORMATTED])
def test_the_formatters_see_the_files_that_changed(flows, task, path, line, tools):
    done(flows, task)
    assert flows.git("status", "--porcelain") == "", "the example is formatted"
    before = edited(flows, path, line)
    one = run(flows, "-v", task).succeeded()
    assert line not in flows.read(path)
    flows.write(path, before)
    names = {name for name in flows.git("ls-files").splitlines() if not name.endswith(".toml")}
    commands = [line.split()[2:] for line in one.stderr.splitlines() if line.startswith(f"{task}: $ ")]
    assert [command[0] for command in commands] == list(tools)
    for command in commands:
        given = [word for word in command if word in names or f"ui/{word}" in names]
        assert given == [path.removeprefix("ui/") if task == "format-ui" else path]
    run(flows, task).succeeded()
    assert flows.git("status", "--porcelain") == ""


def test_build_ui(flows):
    done(flows, "build-ui")
    assert flows.path("src/flows/ui_build/index.html").exists()


def test_the_whole_again_after_touching_everything(flows):
    run(flows, *MAIN).succeeded()
    for path in flows.git("ls-files", "-z").split("\0"):
        if path:
            os.utime(flows.path(path))
    again = flows.run(*MAIN, no_processes=True).succeeded()
    assert again.stderr.startswith(UP_TO_DATE), again.stderr


def test_a_comment_in_a_source_stops_at_the_openapi_file(flows):
    run(flows, "openapi").succeeded()
    path = "src/flows/server/app.py"
    before = flows.read(path)
    flows.write(path, before + "\n# a comment\n")
    try:
        changed = run(flows, "openapi").succeeded()
        assert f"openapi: {path} changed\n" in changed.stderr
        assert "devtask: 1 ran, 1 up to date in TIME\n" in changed.stderr
    finally:
        flows.write(path, before)
    back = flows.run("openapi", no_processes=True).succeeded()
    assert "openapi: restored from the cache" in back.stderr


def test_a_deleted_ui_is_restored(flows):
    run(flows, "build-ui").succeeded()
    shutil.rmtree(flows.path("src/flows/ui_build"))
    back = flows.run("build-ui", no_processes=True).succeeded()
    assert "build-ui: restored from the cache" in back.stderr
    assert flows.path("src/flows/ui_build/index.html").exists()


def test_a_fresh_clone_needs_neither_npm_nor_pip(flows):
    run(flows, *MAIN).succeeded()
    clone = make_project(flows.folder, "clone")
    flows.git("clone", "-q", str(flows.root), str(clone.root), cwd=flows.folder)
    restored = clone.run(*MAIN, no_processes=True).succeeded()
    assert "restored from the cache" in restored.stderr
    assert " ran" not in restored.stderr
    assert clone.path("src/flows/ui_build/index.html").exists()
    assert not clone.path(".venv").exists()
    assert not clone.path("ui/node_modules").exists()
