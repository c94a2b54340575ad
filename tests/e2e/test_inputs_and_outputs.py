"""Inputs of one task and outputs of another in one folder, and outputs that are called like tasks."""

import signal

import pytest
from test_ninja import ninja  # noqa: F401  (a fixture: with each Ninja there is)

from support.result import Has
from support.waiting import wait_for_line

UP_TO_DATE = "devtask: everything is up to date ({})\n"

# ---- a hand-written file that matches another task's outputs

GENERATE = """
[tasks.gen]
inputs = ["proto"]
outputs = ["{outputs}"]
run = "RAN; mkdir -p src/gen; cp proto src/{made}"
[tasks.lint]
{deps}
inputs = ["{inputs}"]
outputs = ["lint.out"]
run = "RAN; cat $(find src -name '*.py' | LC_ALL=C sort) >lint.out"
"""
LAYOUTS = {
    "beside sources": {
        "outputs": "src/*_pb2.py",
        "inputs": "src/*.py",
        "made": "made_pb2.py",
        "hand": "src/hand_pb2.py",
    },
    "folder": {"outputs": "src/gen/", "inputs": "src/**", "made": "gen/made.py", "hand": "src/gen/hand.py"},
    "pattern in a folder": {
        "outputs": "src/gen/*.py",
        "inputs": "src/**/*.py",
        "made": "gen/made.py",
        "hand": "src/gen/hand.py",
    },
}


@pytest.fixture(params=LAYOUTS)
def layout(request, project):
    project.layout = LAYOUTS[request.param]
    project.hand = project.layout["hand"]
    project.write("proto", "made\n")
    return project


def write_tasks(project, deps):
    values = {name: value for name, value in project.layout.items() if name != "hand"}
    project.tasks(GENERATE.format(deps=deps, **values))


def read_by_lint(project):
    return sorted(project.read("lint.out").split())


def changes_of_the_hand_written_file_are_seen(project, tasks, beside=(), known_without=False):
    """Edited, removed, added: `lint` runs each time, and nothing else does but what is in `beside`: a task among whose
    outputs it was before may have made it. `known_without`: ran without it already."""
    made = read_by_lint(project)
    made.remove("h1")
    project.write(project.hand, "h2\n")
    if not beside:
        project.run("why", "lint").expect(stdout=f"lint: would run:\n  {project.hand} changed\n")
    project.run("lint").succeeded()
    assert read_by_lint(project) == sorted([*made, "h2"])
    assert project.ran() == [*beside, "lint"]
    project.remove(project.hand)
    if not beside:
        project.run("why", "lint").expect(stdout=Has(f"  {project.hand} removed\n"))
    project.run("lint").succeeded()
    assert read_by_lint(project) == made
    assert project.ran() == ([] if known_without else [*beside, "lint"])
    project.write(project.hand, "h3\n")
    project.run("lint").expect(stderr=Has(f"lint: {project.hand} added\n"))
    assert read_by_lint(project) == sorted([*made, "h3"])
    assert project.ran() == ["lint"]
    project.run("lint", no_processes=True).expect(stderr=UP_TO_DATE.format(tasks))


def test_a_hand_written_file_is_an_input_without_the_dependency(layout):
    write_tasks(layout, deps="")
    layout.write(layout.hand, "h1\n")
    layout.write("src/other.py", "o\n")
    run = layout.run("lint")
    if layout.layout["outputs"].endswith("/"):  # a whole folder of outputs in what it reads: told, and not guessed
        message = "error: task `lint` reads `src/gen/`, an output of task `gen` on which it does not depend\n"
        run.expect(stderr=Has(message), code=2)
        return
    run.succeeded()
    assert layout.ran() == ["lint"]
    changes_of_the_hand_written_file_are_seen(layout, "1 task")


def test_a_hand_written_file_is_an_input_beside_what_the_dependency_makes(layout):
    write_tasks(layout, deps="deps = ['gen']")
    layout.write(layout.hand, "h1\n")
    layout.run("lint").succeeded()
    assert layout.ran() == ["gen", "lint"]
    layout.run("lint", no_processes=True).expect(stderr=UP_TO_DATE.format("2 tasks"))
    assert read_by_lint(layout) == ["h1", "made"]
    changes_of_the_hand_written_file_are_seen(layout, "2 tasks", beside=["gen"])


def test_a_file_put_among_outputs_later_is_an_input(layout):
    write_tasks(layout, deps="deps = ['gen']")
    layout.run("lint").succeeded()
    layout.ran()
    layout.write(layout.hand, "h1\n")
    layout.run("lint").expect(stderr=Has(f"lint: {layout.hand} added\n"))
    assert layout.ran() == ["lint"]
    changes_of_the_hand_written_file_are_seen(layout, "2 tasks", known_without=True)


def test_what_the_dependency_makes_is_no_input_of_its_own(layout):
    write_tasks(layout, deps="deps = ['gen']")
    layout.write(layout.hand, "h1\n")
    layout.run("lint").succeeded()
    layout.ran()
    layout.write("proto", "made anew\n")
    layout.run("lint").expect(
        stderr=Has("gen: proto changed\n", "lint: its dependency gen changed\n", "devtask: 2 ran in TIME\n")
    )
    assert layout.ran() == ["gen", "lint"]
    layout.run("lint", no_processes=True).expect(stderr=UP_TO_DATE.format("2 tasks"))


def test_a_key_is_the_same_before_and_after_the_dependency_ran(layout):
    """Another checkout, where nothing is made yet, finds the result."""
    write_tasks(layout, deps="deps = ['gen']")
    layout.write("src/plain.py", "plain\n")
    layout.run("lint").succeeded()
    other = layout.checkout("other")
    other.layout = layout.layout
    write_tasks(other, deps="deps = ['gen']")
    other.write("proto", "made\n")
    other.write("src/plain.py", "plain\n")
    other.run("lint", no_processes=True).succeeded()
    assert layout.ran() == ["gen", "lint"]
    assert read_by_lint(other) == ["made", "plain"]
    other.run("lint", no_processes=True).succeeded()


# ---- an environment that an attempt has already changed

VENV = """
[tasks.venv]
inputs = ["req.txt"]
outputs = [".venv/"]
cache = "local"
witness = ".venv/cfg"
run = '''
RAN
mkdir -p .venv
cp req.txt .venv/installed
echo cfg >.venv/cfg
if grep -q wait req.txt; then echo $$ >half.pid; fi
i=0
while grep -q wait req.txt && test $i -lt 1500; do sleep 0.02; i=$((i+1)); done
! grep -q bad req.txt
'''
"""


@pytest.mark.parametrize("end", ["fails", "interrupted", "killed"])
def test_going_back_after_an_attempt_makes_the_environment_anew(project, end):
    project.tasks(VENV)
    project.write("req.txt", "v1\n")
    project.run("venv").succeeded()
    if end == "fails":
        project.write("req.txt", "v2 bad\n")
        assert project.run("venv").code == 1
    else:
        project.write("req.txt", "v2 wait\n")
        running = project.start("venv")
        wait_for_line(project.path("half.pid"))
        running.send(signal.SIGINT if end == "interrupted" else signal.SIGKILL)
        running.wait()
        project.wait_until_no_process_is_left()
    assert project.read(".venv/installed").startswith("v2 ")
    project.write("req.txt", "v1\n")
    assert project.run("--status", "venv").code == 1
    project.run("venv").expect(
        stderr="venv: its last run did not succeed\nvenv: done in TIME\ndevtask: 1 ran in TIME\n"
    )
    assert project.read(".venv/installed") == "v1\n"
    assert project.ran() == ["venv"] * 3
    project.run("venv", no_processes=True).expect(stderr=UP_TO_DATE.format("1 task"))


# ---- two that write the same

TWINS = """
[tasks.g]
args = [{ name = "x", default = "d" }]
inputs = []
outputs = ["out.txt"]
run = "RAN; echo {{x}} >out.txt"
[tasks.h]
deps = ["g"]
run = "RAN"
[tasks.free]
args = [{ name = "x", default = "d" }]
inputs = []
run = "RAN; echo {{x}}"
"""


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [(["g", "a", "g", "b"], "g a", "g b"), (["h", "g", "b"], "g", "g b"), (["g", "b", "h"], "g b", "g")],
)
def test_a_task_twice_with_one_output_is_refused(project, words, first, second):
    project.tasks(TWINS)
    project.run(*words, no_processes=True).expect(
        stderr=f"""\
        error: `{first}` and `{second}` write the same outputs
          --> tasks.toml:5:8
        5 | [tasks.g]
          |        ^
          help: ask for one after the other, in two commands
        """,
        code=2,
    )
    assert project.ran() == []
    assert not project.path("out.txt").exists()


def test_a_task_twice_with_the_same_words_is_one(project):
    project.tasks(TWINS)
    project.run("g", "a", "g", "a").succeeded()
    assert project.ran() == ["g"]
    assert project.read("out.txt") == "a\n"


def test_a_task_twice_without_outputs_runs_twice(project):
    project.tasks(TWINS)
    run = project.run("free", "a", "free", "b").succeeded()
    assert project.ran() == ["free", "free"]
    assert "a\n" in run.stdout and "b\n" in run.stdout


def test_one_after_the_other_in_two_commands(project):
    project.tasks(TWINS)
    for word in ("a", "b", "a"):
        project.run("g", word).succeeded()
        assert project.read("out.txt") == f"{word}\n"


# ---- names that Ninja's file has, too

NAMES = ["all", "dirty", "always", "devtask-list", "list", "build.ninja"]
PLAIN = ["-f", ".devtask/build.ninja"]


def named_after_itself(name):
    return (
        f"[tasks.'{name}']\ninputs = ['in']\noutputs = ['{name}']\naliases = ['alias-of']\nrun = 'RAN; cp in {name}'\n"
        f"[tasks.after]\ndeps = ['{name}']\ninputs = []\noutputs = ['alias-of', 'after-out']\n"
        f"run = 'RAN; cp {name} alias-of; cp {name} after-out'\n"
    )


@pytest.mark.parametrize("name", ["app", *NAMES])
def test_a_task_and_its_output_may_have_any_name(ninja, project, name):  # noqa: F811
    project.tasks(named_after_itself(name))
    project.write("in", "one\n")
    project.run("after").succeeded()
    assert project.ran() == [name, "after"]
    assert project.read(name) == project.read("alias-of") == "one\n"
    project.write("in", "two\n")
    project.run("ninja", "--", "after").succeeded()
    assert project.ran() == [name, "after"]
    project.write("in", "three\n")
    project.command(ninja, *PLAIN, name).succeeded()
    assert project.ran() == [name]
    assert project.read(name) == "three\n"
    project.command(ninja, *PLAIN, "after").succeeded()
    assert project.ran() == ["after"]
    assert project.read("alias-of") == "three\n"
    project.run("after", no_processes=True).expect(stderr=UP_TO_DATE.format("2 tasks"))


@pytest.mark.parametrize("name", NAMES)
def test_another_tasks_output_may_have_that_name(ninja, project, name):  # noqa: F811
    project.tasks(f"[tasks.x]\ninputs = ['in']\noutputs = ['{name}']\nrun = 'RAN; cp in {name}'\n")
    project.write("in", "one\n")
    project.run("x").succeeded()
    project.write("in", "two\n")
    project.run("ninja", "--", "x").succeeded()
    project.write("in", "three\n")
    project.command(ninja, *PLAIN, "x").succeeded()
    assert project.read(name) == "three\n"
    assert project.ran() == ["x"] * 3
    project.run("x", no_processes=True).expect(stderr=UP_TO_DATE.format("1 task"))
