"""Failing tasks: what is said, what still runs, that nothing of it is taken for a success."""

import pytest

from support.cache import damage_blob
from support.result import ANY, Has, Lines
from support.waiting import wait_for

CHAIN = """
[tasks.bad]
inputs = ["a.txt"]
outputs = ["out/bad.txt"]
run = "RAN; echo first line; echo second line >&2; mkdir -p out; echo half >out/bad.txt; test -e good"

[tasks.after]
deps = ["bad"]
inputs = ["b.txt"]
run = "RAN"

[tasks.last]
deps = ["after"]
inputs = ["b.txt"]
run = "RAN"

[tasks.beside]
inputs = ["b.txt"]
run = "RAN"

[tasks.all]
deps = ["last", "beside"]
"""


@pytest.fixture
def chain(project):
    project.tasks(CHAIN)
    project.write("a.txt", "a\n")
    project.write("b.txt", "b\n")
    return project


FAILED_ALONE = """\
bad: never ran here
bad: failed with exit status 1 after TIME
--- bad failed (exit status 1) ---
first line
second line
rerun: devtask bad
devtask: 1 failed in TIME
"""


def test_a_failure_shows_its_log_twice_and_exits_with_1(chain):
    chain.run("bad").expect(stdout="first line\nsecond line\n", stderr=FAILED_ALONE, code=1)
    assert chain.ran() == ["bad"]


def test_dependents_do_not_run(chain):
    chain.run("last").expect(
        stdout=ANY,
        stderr="""\
        bad: never ran here
        bad: failed with exit status 1 after TIME
        after: not run, because bad failed
        last: not run, because bad failed
        --- bad failed (exit status 1) ---
        first line
        second line
        rerun: devtask bad
        devtask: 1 failed, 2 not run in TIME
        """,
        code=1,
    )
    assert chain.ran() == ["bad"]


def test_a_failure_is_no_success_and_runs_again(chain):
    for _ in range(2):
        assert chain.run("bad").code == 1
    chain.run("--status", "bad").expect(stdout=Has("run bad: "), code=1)
    assert chain.ran() == ["bad", "bad"]
    chain.write("good", "")
    assert chain.run("bad").code == 0
    assert chain.ran() == ["bad"]
    chain.run("bad", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")


def test_a_failure_after_a_success_is_no_success(chain):
    chain.write("good", "")
    chain.run("bad").succeeded()
    chain.remove("good")
    chain.run("bad").succeeded()  # `good` is no input
    chain.ran()
    assert chain.run("--force", "bad").code == 1
    assert chain.run("bad").code == 1
    assert chain.ran() == ["bad", "bad"]


def test_without_k_nothing_new_starts_after_a_failure(chain):
    chain.edit("tasks.toml", 'deps = ["last", "beside"]', 'deps = ["bad", "beside"]')
    assert chain.run("-j1", "bad", "last", "beside").code == 1
    assert chain.ran() in (["bad"], ["beside", "bad"])


def test_with_k_the_rest_goes_on(chain):
    chain.run("-k", "all").expect(
        stdout=ANY,
        stderr=Lines(
            """\
            bad: never ran here
            bad: failed with exit status 1 after TIME
            after: not run, because bad failed
            last: not run, because bad failed
            beside: never ran here
            beside: done in TIME
            --- bad failed (exit status 1) ---
            first line
            second line
            rerun: devtask bad
            devtask: 1 ran, 1 failed, 2 not run in TIME
            """
        ),
        code=1,
    )
    assert sorted(chain.ran()) == ["bad", "beside"]
    # What succeeded is not done again.
    assert chain.run("--keep-going", "all").code == 1
    assert chain.ran() == ["bad"]


def test_failures_are_repeated_after_everything_else(project):
    project.tasks(
        """
        [tasks.one]
        inputs = []
        run = "echo log of one; exit 3"
        [tasks.two]
        inputs = []
        run = "echo log of two; exit 4"
        """
    )
    run = project.run("-k", "-j1", "one", "two")
    assert run.code == 1
    tail = run.stderr[run.stderr.index("--- ") :]
    sections = [
        "--- one failed (exit status 3) ---\nlog of one\nrerun: devtask one\n",
        "--- two failed (exit status 4) ---\nlog of two\nrerun: devtask two\n",
    ]
    assert tail in ["".join(order) + "devtask: 2 failed in TIME\n" for order in (sections, list(reversed(sections)))]


def test_steps_stop_at_the_first_failure(project):
    project.tasks(
        """
        [tasks.a]
        inputs = []
        run = ["RAN", "false; RAN", "RAN"]
        """
    )
    assert project.run("a").code == 1
    assert project.ran() == ["a"]


def test_a_task_ended_by_a_signal_fails(project):
    project.tasks("[tasks.a]\ninputs = []\nrun = 'kill -SEGV $$'\n")
    run = project.run("a")
    assert run.code == 1
    assert "--- a failed (exit status 139) ---\n" in run.stderr


def test_the_outputs_of_a_failed_run_are_not_stored(chain):
    assert chain.run("bad").code == 1
    chain.remove(".devtask")
    assert chain.run("bad").code == 1
    assert chain.ran() == ["bad", "bad"]


def test_a_missing_output_is_a_failure(project):
    project.tasks("[tasks.a]\ninputs = []\noutputs = ['out.txt', 'other/']\nrun = 'RAN; mkdir other'\n")
    for _ in range(2):
        run = project.run("a")
        assert run.code == 1
        assert "error: task `a` did not make its output `out.txt`\n  --> tasks.toml:6:12\n" in run.stderr
        project.remove("other")
    assert project.ran() == ["a", "a"]


def test_a_missing_command_is_named(project):
    project.tasks("[tasks.a]\ninputs = []\nrun = [['no-such-program', '--version']]\n")
    project.run("a").expect(
        stderr="""\
        a: never ran here
        error: task `a`: command not found: `no-such-program`
          help: install it, or name its folder in `path` of [project]
        a: failed with exit status 127 after TIME
        --- a failed (exit status 127) ---
        rerun: devtask a
        devtask: 1 failed in TIME
        """,
        code=1,
    )


def test_a_command_missing_in_a_shell_step_is_named(project):
    project.tasks("[tasks.a]\ninputs = []\nrun = 'no-such-program --version'\n")
    project.run("a").expect(
        stdout=ANY,
        stderr=Has("error: task `a`: command not found: `no-such-program`\n", "--- a failed (exit status 127) ---\n"),
        code=1,
    )


def test_the_rerun_line_repeats_arguments(project):
    project.tasks("[tasks.a]\ninputs = []\nargs = [{ name = 'x', many = true }]\nrun = [['false', '{{x}}']]\n")
    run = project.run("a", "one two", "it's", "--", "-x")
    assert run.code == 1
    assert "rerun: devtask a 'one two' 'it'\\''s' -- -x\n" in run.stderr


def test_a_task_that_turns_out_to_be_stale_and_fails_is_the_one_that_is_told(project):
    """`b` is spared by Ninja, as `a` came out as before; its other input has changed meanwhile."""
    project.tasks(
        """
        [tasks.a]
        inputs = ["a.in"]
        outputs = ["a.out"]
        run = "RAN; : >began; until test -e go; do sleep 0.02; done; echo same >a.out"

        [tasks.b]
        deps = ["a"]
        inputs = ["x"]
        outputs = ["b.out"]
        run = "RAN; cat x >b.out; ! grep -q bad x"

        [tasks.c]
        deps = ["b", "d"]
        inputs = []
        outputs = ["c.out"]
        run = "RAN; cat b.out d.out >c.out"

        [tasks.d]
        inputs = ["d.in"]
        outputs = ["d.out"]
        run = "RAN; until test -e go; do sleep 0.02; done; cat d.in >d.out"

        [tasks.e]
        deps = ["a"]
        inputs = ["y"]
        outputs = ["e.out"]
        run = "RAN; echo >e.out"

        [tasks.all]
        deps = ["c", "e"]
        """
    )
    for name in ("a.in", "d.in", "x", "y", "go"):
        project.write(name, "1\n")
    project.run("all").succeeded()
    for content, code in (("bad\n", 1), ("good\n", 0)):
        project.ran()
        project.remove("go", "began")
        project.write("a.in", content)
        project.write("d.in", content)
        running = project.start("all")
        wait_for(lambda: project.path("began").exists(), "a to begin")
        project.write("x", content)
        project.write("go", "")
        run = running.wait()
        assert run.code == code, run.stderr
        if code:
            assert "b: failed with exit status 1" in run.stderr
            assert "c: not run, because b failed\n" in run.stderr
            assert "was reached before" not in run.stderr
            assert "devtask: 2 ran, 1 failed, 2 not run" in run.stderr
            assert sorted(project.ran()) == ["a", "b", "d"]
        else:
            assert sorted(project.ran()) == ["a", "b", "c", "d"]
            assert "devtask: 4 ran, 1 up to date in TIME\n" in run.stderr


def test_a_repair_that_fails_is_made_by_a_run(project):
    """And whoever was judged by what could not be restored is judged anew."""
    project.tasks(
        """
        [tasks.make]
        inputs = ["in"]
        outputs = ["out/"]
        run = "RAN; mkdir -p out; cat in >out/a; cat in in >out/b"

        [tasks.use]
        deps = ["make"]
        inputs = []
        outputs = ["used"]
        run = "RAN; cat out/a >used"
        """
    )
    project.write("in", "one\n")
    project.run("use").succeeded()
    damage_blob(project, b"one\none\n")
    project.remove("out/b")
    run = project.run("use").succeeded()
    assert "warning: cannot restore `make` from the cache: " in run.stderr
    assert project.read("out/b") == "one\none\n"
    assert project.ran() == ["make", "use", "make"]  # it came out as before
    project.run("use", no_processes=True).expect(stderr="devtask: everything is up to date (2 tasks)\n")
