"""Mistakes of people: each is shown with its place, what was found, what was expected. Exit status 2, nothing runs."""

import textwrap

import pytest

from support.result import Has

MISTAKES = {
    "unknown-key": (
        "[tasks.a]\nrun = 'true'\ninput = ['x']\n",
        """\
        error: unknown key `input` in task `a`
          --> tasks.toml:3:1
        3 | input = ['x']
          | ^^^^^
          help: did you mean `inputs`?
        """,
    ),
    "unknown-table": (
        "[task.a]\nrun = 'true'\n",
        """\
        error: unknown key `task` in tasks.toml
          --> tasks.toml:1:2
        1 | [task.a]
          |  ^^^^
          help: did you mean `tasks`?
        """,
    ),
    "wrong-type": (
        "[tasks.a]\nrun = 'true'\ninputs = 'src'\n",
        """\
        error: `inputs` of task `a` must be a list of strings, found a string
          --> tasks.toml:3:10
        3 | inputs = 'src'
          |          ^^^^^
          help: for example `inputs = ["ui/**", "!ui/dist/**"]`
        """,
    ),
    "broken-toml": (
        "[tasks.a]\nrun = 'true\n",
        """\
        error: not valid TOML: literal string: control characters other than TAB (U+0009) are explicitly prohibited
          --> tasks.toml:2:12
        2 | run = 'true
          |            ^
        """,
    ),
    "twice": (
        "[tasks.a]\nrun = 'true'\n[tasks.a]\nrun = 'false'\n",
        """\
        error: task `a` is defined twice
          --> tasks.toml:3:1
        3 | [tasks.a]
          | ^^^^^^^^^
          note: the first one is at tasks.toml:1:1
        """,
    ),
    "output-outside": (
        "[tasks.a]\nrun = 'true'\ninputs = []\noutputs = ['../x']\n",
        """\
        error: `outputs` of task `a`: `../x` is outside the project
          --> tasks.toml:4:12
        4 | outputs = ['../x']
          |            ^^^^^^
          help: paths are relative to the folder of tasks.toml and stay inside the project
        """,
    ),
    "absolute-output": (
        "[tasks.a]\nrun = 'true'\ninputs = []\noutputs = ['/etc/x']\n",
        """\
        error: `outputs` of task `a`: the absolute path `/etc/x` is outside the project
          --> tasks.toml:4:12
        4 | outputs = ['/etc/x']
          |            ^^^^^^^^
          help: paths are relative to the folder of tasks.toml
        """,
    ),
    "unknown-placeholder": (
        "[tasks.a]\nrun = 'echo {{tsk}}'\n",
        """\
        error: unknown placeholder `{{tsk}}` in `run` of task `a`
          --> tasks.toml:2:13
        2 | run = 'echo {{tsk}}'
          |             ^^^^^^^
          help: did you mean `task`?
        """,
    ),
    "unknown-dependency": (
        "[tasks.build]\nrun = 'true'\n[tasks.b]\ndeps = ['biuld']\n",
        """\
        error: task `b` depends on `biuld`, which does not exist
          --> tasks.toml:4:9
        4 | deps = ['biuld']
          |         ^^^^^^^
          help: did you mean `build`?
        """,
    ),
    "itself": (
        "[tasks.a]\nrun = 'true'\ndeps = ['a']\n",
        """\
        error: task `a` depends on itself
          --> tasks.toml:3:9
        3 | deps = ['a']
          |         ^^^
        """,
    ),
    "cycle": (
        "[tasks.a]\ndeps = ['b']\n[tasks.b]\ndeps = ['c']\n[tasks.c]\ndeps = ['a']\n",
        """\
        error: tasks depend on each other in a cycle: `a → b → c → a`
          --> tasks.toml:2:9
        2 | deps = ['b']
          |         ^^^
          help: take out one of these dependencies
        """,
    ),
    "no-run": (
        "[tasks.a]\nrun = []\n",
        """\
        error: `run` of task `a` has no steps
          --> tasks.toml:2:7
        2 | run = []
          |       ^^
          help: leave `run` out of a task that only groups its dependencies
        """,
    ),
    "witness-without-local": (
        "[tasks.a]\nrun = 'true'\ninputs = []\noutputs = ['x/']\nwitness = 'x/y'\n",
        """\
        error: `witness` of task `a` needs `cache = "local"`
          --> tasks.toml:5:1
        5 | witness = 'x/y'
          | ^^^^^^^
          help: outputs of other tasks are checked file by file
        """,
    ),
    "interactive-outputs": (
        "[tasks.a]\nrun = 'true'\ninteractive = true\noutputs = ['x']\n",
        """\
        error: task `a` is interactive, so it cannot have outputs
          --> tasks.toml:4:1
        4 | outputs = ['x']
          | ^^^^^^^
          help: an interactive task is never cached
        """,
    ),
    "timeout": (
        "[tasks.a]\nrun = 'true'\ntimeout = '5 min'\n",
        """\
        error: `timeout` of task `a` must be a time such as `90s`, `5m` or `1h30m`, found `5 min`
          --> tasks.toml:3:11
        3 | timeout = '5 min'
          |           ^^^^^^^
          help: units are `h`, `m`, `s` and `ms`, and the time is more than nothing
        """,
    ),
    "unknown-pool": (
        "[pools]\ndatabase = 1\n[tasks.a]\nrun = 'true'\npool = 'databse'\n",
        """\
        error: unknown pool `databse` of task `a`
          --> tasks.toml:5:8
        5 | pool = 'databse'
          |        ^^^^^^^^^
          help: did you mean `database`?
        """,
    ),
    "alias-of-a-task": (
        "[tasks.a]\nrun = 'true'\naliases = ['b']\n[tasks.b]\nrun = 'true'\n",
        """\
        error: alias `b` of task `a` is the name of a task
          --> tasks.toml:3:12
        3 | aliases = ['b']
          |            ^^^
          note: the task is at tasks.toml:4:8
        """,
    ),
    "requires": (
        "[project]\nrequires = '>=9.1'\n[tasks.a]\nrun = 'true'\n",
        """\
        error: this project requires devtask 9.1, and this is 0.1.0
          --> tasks.toml:2:12
        2 | requires = '>=9.1'
          |            ^^^^^^^
          help: install a newer devtask
        """,
    ),
    "bad-name": (
        "[tasks.'a b']\nrun = 'true'\n",
        """\
        error: a task cannot be called `a b`
          --> tasks.toml:1:8
        1 | [tasks.'a b']
          |        ^^^^^
          help: names have ASCII letters, digits, `_`, `.` and `-`, and do not begin with `.` or `-`
        """,
    ),
}


ONE = "error: 1 mistake in the configuration, nothing was run\n"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_file(project, name):
    text, message = MISTAKES[name]
    message = textwrap.dedent(message) + ONE
    project.write("tasks.toml", text)
    project.run("a", no_processes=True).expect(stderr=message, code=2)
    project.run("list", no_processes=True).expect(stderr=message, code=2)
    assert not project.path(".devtask").exists()


def test_two_tasks_with_one_output_are_both_named(project):
    project.write(
        "tasks.toml",
        "[tasks.a]\nrun = 'true'\ninputs = []\noutputs = ['out/']\n"
        "[tasks.b]\nrun = 'true'\ninputs = []\noutputs = ['out/b.txt']\n",
    )
    project.run("a", no_processes=True).expect(
        stderr=Has("error: ", "`a`", "`b`", "out/", "tasks.toml:8:12", "tasks.toml:4"), code=2
    )


def test_an_input_made_by_another_task_needs_the_dependency(project):
    project.write(
        "tasks.toml",
        "[tasks.a]\nrun = 'true'\ninputs = []\noutputs = ['out.txt']\n[tasks.b]\nrun = 'true'\ninputs = ['out.txt']\n",
    )
    project.run("b", no_processes=True).expect(
        stderr=Has("error: ", "`a`", "`b`", "out.txt", "deps", "tasks.toml:7:11"), code=2
    )


def test_all_mistakes_are_told_at_once(project):
    project.write(
        "tasks.toml",
        "[tasks.a]\nrun = 1\ninput = []\ndeps = ['x']\n"
        "[tasks.b]\ntimeout = 'soon'\nrun = 'echo {{no}}'\noutputs = ['/x']\n",
    )
    run = project.run("a", no_processes=True)
    assert run.code == 2
    places = [line.split()[1] for line in run.stderr.splitlines() if "-->" in line]
    assert places == [f"tasks.toml:{place}" for place in ("2:7", "3:1", "4:9", "6:11", "7:13", "8:12")]
    assert run.stderr.endswith("error: 6 mistakes in the configuration, nothing was run\n")


def test_a_mistake_in_an_included_file_is_shown_there(project):
    project.write("tasks.toml", "[project]\ninclude = ['more/*.toml']\n")
    project.write("more/a.toml", "[tasks.a]\nrunn = 'true'\n")
    project.run("a").expect(stderr=Has("  --> more/a.toml:2:1\n", "did you mean `run`?"), code=2)


def test_an_unknown_task_is_answered_with_a_near_one(sample):
    sample.run("chekc", no_processes=True).expect(
        stderr="""\
        error: there is no task `chekc`
          help: did you mean `check`?
        """,
        code=2,
    )
    sample.run("something-else", no_processes=True).expect(
        stderr="""\
        error: there is no task `something-else`
          help: `devtask list` shows the tasks
        """,
        code=2,
    )
    for verb in ("why", "graph", "clean"):
        run = sample.run(verb, "chekc", no_processes=True)
        run.expect(stderr=Has("there is no task `chekc`\n", "did you mean `check`?"), code=2)
    assert sample.ran() == []


def test_no_task_runs_if_one_of_several_is_unknown(sample):
    assert sample.run("gen", "chekc").code == 2
    assert sample.ran() == []


def test_arguments_for_a_task_that_takes_none(sample):
    sample.run("gen", "src/a.txt", no_processes=True).expect(
        stderr=Has("error: there is no task `src/a.txt`\n", "task `gen` takes no arguments"), code=2
    )


def test_a_missing_argument(project):
    project.tasks("[tasks.a]\nargs = [{ name = 'what', help = 'what to do' }]\nrun = 'echo {{what}}'\n")
    project.run("a").expect(
        stderr="error: task `a` needs its argument `what` (what to do)\n  help: devtask a <what>\n", code=2
    )


def test_a_pattern_that_matches_nothing_is_a_warning(project):
    project.tasks("[tasks.a]\ninputs = ['src/**', 'tests/**']\nrun = 'RAN'\n")
    project.write("src/a.txt", "a\n")
    project.run("a").expect(
        stderr="""\
        warning: inputs pattern `tests/**` of task `a` matches nothing
          --> tasks.toml:5:21
        5 | inputs = ['src/**', 'tests/**']
          |                     ^^^^^^^^^^
        a: never ran here
        a: done in TIME
        devtask: 1 ran in TIME
        """
    )


def test_a_folder_named_as_a_file_is_answered_with_help(project):
    project.tasks("[tasks.a]\ninputs = ['src']\nrun = 'RAN'\n")
    project.write("src/a.txt", "a\n")
    project.run("a").expect(stderr=Has("matches nothing\n", "help: it is a folder: write `src/` for what is in it\n"))


def test_no_tasks_toml_anywhere_above(project):
    (project.folder / "empty/deep").mkdir(parents=True)
    for words in (["list"], ["build"], ["why", "build"], []):
        project.run(*words, cwd=project.folder / "empty/deep", no_processes=True).expect(
            stderr="""\
            error: there is no tasks.toml in `FOLDER/empty/deep` or in a folder above it
              help: `devtask init` writes a first one
            """,
            code=2,
        )


def test_an_unknown_option(sample):
    sample.run("--no-such-option", "gen", no_processes=True).expect(stderr=Has("--no-such-option"), code=2)
    sample.run("gen", "--no-such-option", no_processes=True).expect(stderr=Has("--no-such-option"), code=2)
    assert sample.ran() == []


@pytest.mark.parametrize("jobs", ["0", "-1", "many", "0%", ""])
def test_a_wrong_number_of_jobs(sample, jobs):
    run = sample.run("gen", f"--jobs={jobs}")
    assert run.code == 2
    assert "jobs" in run.stderr
    assert sample.ran() == []


def test_an_unreadable_tasks_toml(project):
    project.path("tasks.toml").mkdir()
    run = project.run("a")
    assert run.code == 2
    assert run.stderr.startswith("error: ")


def test_an_input_that_changes_while_it_is_read_is_not_stored(project):
    project.tasks(
        """
        [tasks.a]
        inputs = ["src.txt"]
        outputs = ["out.txt"]
        run = "RAN; cp src.txt out.txt; test -e quiet || echo more >>src.txt"
        """
    )
    project.write("src.txt", "one\n")
    project.run("a").expect(
        stderr="""\
        a: never ran here
        warning: `src.txt` changed while `a` ran: its result is not stored
          help: if the task itself writes it, declare it in `outputs`, `creates` or `edits`
        a: done in TIME
        devtask: 1 ran in TIME
        """
    )
    project.write("src.txt", "one\n")
    project.write("quiet", "")
    project.run("a").succeeded()
    assert project.ran() == ["a", "a"]
    assert project.read("out.txt") == "one\n"
    project.run("a", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")


@pytest.mark.parametrize("key", ["services"])
def test_tables_of_later_versions(project, key):
    project.write("tasks.toml", f"[{key}.a]\n")
    project.run("list").expect(stderr=Has(f"unknown key `{key}`", f"does not have `[{key}]` yet; later versions will"), code=2)
