"""Programs pinned in .pre-commit-config.yaml: installed once for each set of pins, first in PATH, in the key."""

import textwrap

import pytest
from support.wheels import make_wheel, only_from


class Pins:
    def __init__(self, project):
        self.project, self.wheels = project, project.folder / "wheels"
        project.write("src/a", "a\n")
        project.env |= only_from(self.wheels)

    def publish(self, name, version, **more):
        make_wheel(self.wheels, name, version, **more)

    def hooks(self, text):
        self.project.write(".pre-commit-config.yaml", textwrap.dedent(text))

    def folders(self):
        return sorted(path.name for path in self.project.path(".devtask/tools").iterdir())


@pytest.fixture
def pins(project):
    return Pins(project)


HOOKS = """\
repos:
- repo: https://example.org/tidy
  rev: v1.0
  hooks:
  - id: tidy
    args: [--width, "a b"]
- repo: https://example.org/mirrors-sorter
  rev: 2.0
  hooks:
  - id: sort-it
    additional_dependencies: [helper==3.0]
"""

TASKS = """
    [tasks.format]
    inputs = ["src/**"]
    tools.tidy = { pre-commit = "tidy" }
    tools.sorter = { pre-commit = "sort-it" }
    run = [["tidy", "{{tidy-args}}", "."], "RAN; sorter {{sorter-args}} {{tidy-args}}; helper"]

    [tasks.check]
    inputs = ["src/**"]
    tools.sorter = { pre-commit = "sort-it" }
    tools.tidy = { pre-commit = "tidy" }
    run = "RAN; tidy --check"
"""


def publish_all(pins):
    pins.publish("tidy", "1.0")
    pins.publish("tidy", "1.1")
    pins.publish("sorter", "2.0")
    pins.publish("helper", "3.0")
    pins.publish("helper", "4.0")


def test_tools_are_installed_once_in_their_versions(project, pins):
    publish_all(pins)
    pins.hooks(HOOKS)
    project.tasks(TASKS)
    done = project.run("format")
    (name,) = pins.folders()
    assert done.code == 0, done
    assert "format │ tidy 1.0 --width a b .\nformat │ sorter 2.0 --width a b\nformat │ helper 3.0\n" in done.stdout, (
        done
    )
    assert f"tools-{name}: never ran here" in done.stderr, done
    again = project.run("format", "check")
    assert "tidy 1.0 --check" in again.stdout and "tools-" not in again.stderr, again
    assert project.ran() == ["format", "check"]
    assert pins.folders() == [name]
    assert project.run("format", "check", no_processes=True).code == 0


def test_their_task_is_hidden_and_has_a_name(project, pins):
    publish_all(pins)
    pins.hooks(HOOKS)
    project.tasks(TASKS)
    assert "tools-" not in project.run("list").stdout
    before = project.state()
    plan = project.run("-n", "check").stdout
    name = next(word.rstrip(":") for word in plan.split() if word.startswith("tools-"))
    assert project.run("why", name).stdout == f"{name}: would run:\n  never ran here\n"
    assert f'"{name}" -> "check"' in project.run("graph").stdout
    assert project.state() == before
    assert project.run("check").code == 0
    assert project.run("clean", name).code == 0
    assert pins.folders() == []
    assert f"{name}: never ran here" in project.run("-f", "check").stderr


def test_another_version_is_another_environment(project, pins):
    publish_all(pins)
    pins.hooks(HOOKS)
    project.tasks(TASKS)
    assert project.run("check").code == 0
    (before,) = pins.folders()
    pins.hooks(HOOKS.replace("v1.0", "v1.1"))
    done = project.run("check")
    assert "tidy 1.1 --check" in done.stdout, done
    (after,) = set(pins.folders()) - {before}
    assert project.run("why", "format").stdout.startswith("format: would run")
    pins.hooks(HOOKS)  # as when changing branches
    again = project.run("check", "-f")
    assert "tidy 1.0 --check" in again.stdout and "tools-" not in again.stderr, again
    assert pins.folders() == sorted([before, after])


def test_of_old_environments_the_last_few_stay(project, pins):
    publish_all(pins)
    project.tasks(TASKS)
    made = []
    for version in ("3.0", "4.0", ">=1", ">=2", ">=3"):
        pins.hooks(HOOKS.replace("helper==3.0", "helper" + version if ">" in version else "helper==" + version))
        project.run("check").succeeded()
        made += set(pins.folders()) - set(made)
    assert len(made) == 5
    assert pins.folders() == sorted(made[1:])


def test_an_environment_that_another_task_has_stays(project, pins):
    publish_all(pins)
    pins.hooks(HOOKS)
    project.tasks(
        TASKS + "\n    [tasks.tidy]\n    inputs = []\n    tools.tidy = { pre-commit = 'tidy' }\n    run = 'tidy'\n"
    )
    assert project.run("tidy", "check").code == 0
    assert len(pins.folders()) == 2


def test_a_change_of_arguments_or_dependencies_runs_again(project, pins):
    publish_all(pins)
    pins.hooks(HOOKS)
    project.tasks(TASKS)
    assert project.run("format", "check").code == 0
    project.ran()
    pins.hooks(HOOKS.replace('"a b"', '"c"'))
    assert "--width c ." in project.run("format", "check").stdout
    assert project.ran() == ["format"]  # the arguments are not in the other one's command
    pins.hooks(HOOKS.replace("helper==3.0", "helper==4.0"))
    assert "helper 4.0" in project.run("format", "check").stdout
    assert sorted(project.ran()) == ["check", "format"]


def test_what_cannot_be_installed_is_named(project, pins):
    pins.publish("tidy", "1.0")
    pins.hooks(HOOKS)
    project.tasks(TASKS)
    done = project.run("check")
    assert done.code == 1, done
    shown = done.stdout + done.stderr
    assert (
        "cannot install what .pre-commit-config.yaml pins: helper==3.0, sorter==2.0, tidy==1.0. A package may not exist"
        in shown
    ), done
    assert 'tools.NAME = { pre-commit = "HOOK", package = "PACKAGE" }' in shown, done
    assert project.ran() == []
    publish_all(pins)
    assert project.run("check").code == 0


def test_the_root_and_a_member_share_an_environment(project, pins):
    publish_all(pins)
    pins.hooks(HOOKS)
    project.write("sub/.pre-commit-config.yaml", HOOKS)
    project.write(
        "sub/tasks.toml", "[tasks.check]\ninputs = []\ntools.t = { pre-commit = 'tidy' }\nrun = 'tidy {{t-args}}'\n"
    )
    project.tasks(
        "[tasks.check]\ninputs = []\ntools.tidy = { pre-commit = 'tidy' }\nrun = 'tidy'\n", 'members = ["sub"]\n'
    )
    done = project.run("check", "sub:check")
    assert done.code == 0 and "tidy 1.0 --width a b" in done.stdout, done
    assert len(pins.folders()) == 1
    assert not project.path("sub/.devtask").exists()


def test_the_real_tools_of_prefect(project):
    """black, isort and autoflake8 from the package index, pinned as in Prefect's own file."""
    project.write(
        ".pre-commit-config.yaml",
        textwrap.dedent("""\
        repos:
          - repo: https://github.com/fsouza/autoflake8
            rev: v0.4.0
            hooks:
              - id: autoflake8
                language_version: python3
                args: [
                  '--in-place',
                  '--exclude','*/utilities/compat.py,*/utilities/slugify.py,**__init__.py',
                ]
          - repo: https://github.com/pycqa/isort
            rev: 5.12.0
            hooks:
              - id: isort
                language_version: python3
          - repo: https://github.com/psf/black
            rev: 23.1.0
            hooks:
              - id: black
                language_version: python3
                args: ['--preview']
        """),
    )
    project.write("src/a.py", "import sys\nimport os\nprint( os.getcwd( ) )\n")
    project.tasks("""
        [tasks.format]
        tools.autoflake8 = { pre-commit = "autoflake8" }
        tools.isort = { pre-commit = "isort" }
        tools.black = { pre-commit = "black" }
        run = [
          ["autoflake8", "{{autoflake8-args}}", "--exit-zero-even-if-changed", "src/a.py"],
          ["isort", "--quiet", "{{isort-args}}", "src"],
          "RAN; black --version; black --quiet {{black-args}} src",
        ]
        inputs = ["src/**/*.py"]
        edits = ["src/**/*.py"]
    """)
    done = project.run("format", timeout=300)
    assert done.code == 0, done
    assert "black, 23.1.0" in done.stdout, done
    assert project.read("src/a.py") == "import os\n\nprint(os.getcwd())\n"
    assert project.run("format", no_processes=True).code == 0
    assert project.ran() == ["format"]
