"""`devtask watch`: what is stale after a change runs again, and nothing else does. Tests wait for lines, never for a
time: that nothing ran is seen when the next thing has."""

import contextlib
import os
import signal

import pytest

from support.project import DEVTASK
from support.result import Has
from support.units import TASKS, use_pytest, write_test
from support.waiting import wait_for

WATCHING = "Ctrl-C stops\n"
WAIT = "echo $$ >began; i=0; while ! test -e go && test $i -lt 1500; do sleep 0.02; i=$((i+1)); done"

COPY = """
[tasks.copy]
inputs = ["src/**"]
outputs = ["out.txt"]
run = "RAN; find src -type f | sort | xargs cat >out.txt"
"""


class Watched:
    """A watch that has run once and waits."""

    def __init__(self, project, *words, env=None):
        self.project = project
        self.running = project.start("watch", *words, env=env)
        self.seen = 0
        self.wait_for(WATCHING)

    def wait_for(self, text):
        """What standard error got since the last call, when `text` is in it."""
        end = wait_for(lambda: self.find(text), f"{text!r} in\n{self.running.stderr()}")
        said, self.seen = self.running.stderr()[self.seen : end], end
        return said

    def find(self, text):
        at = self.running.stderr().find(text, self.seen)
        return at + len(text) if at >= 0 else 0

    def stop(self):
        """The rest of what it said."""
        self.running.interrupt()
        result = self.running.wait()
        assert result.code == 0, result.stderr
        assert self.project.processes() == set()
        return result.stderr[self.seen :]

    def stop_in_the_middle(self):
        """Perhaps of a run: the test knows only what there is."""
        self.running.interrupt()
        assert self.running.wait().code in (0, 130)


@pytest.fixture
def copied(project):
    project.tasks(COPY)
    project.write("src/a", "1\n")
    watch = Watched(project, "copy")
    assert project.ran() == ["copy"]
    yield watch


def output(project):
    with contextlib.suppress(FileNotFoundError):  # it is being made
        return project.read("out.txt")
    return ""


def output_is(project, text):
    wait_for(lambda: output(project) == text, f"{text!r} in out.txt")


def test_it_runs_waits_and_runs_again(copied, project):
    project.write("src/a", "2\n")
    said = copied.wait_for("devtask: 1 ran in TIME\n")
    assert said == "devtask: src/a changed\ncopy: src/a changed\ncopy: done in TIME\ndevtask: 1 ran in TIME\n"
    assert project.read("out.txt") == "2\n"
    assert copied.stop() == ""
    assert project.ran() == ["copy"]


def test_the_first_words(project):
    project.tasks(COPY)
    project.write("src/a", "1\n")
    project.write("src/deep/b", "2\n")
    running = project.start("watch", "copy")
    wait_for(lambda: WATCHING in running.stderr(), "it to wait")
    running.interrupt()
    running.wait().expect(
        stderr=Has("copy: never ran here\ncopy: done in TIME\ndevtask: 1 ran in TIME\ndevtask: watching ", " files in ")
    )


def test_the_option_is_the_same(project):
    project.tasks(COPY)
    project.write("src/a", "1\n")
    running = project.start("copy", "--watch")
    wait_for(lambda: WATCHING in running.stderr(), "it to wait")
    running.interrupt()
    assert running.wait().code == 0


def test_a_touch_and_what_comes_back_start_nothing(copied, project):
    os.utime(project.path("src/a"))
    project.write("other.txt", "no input")
    project.write("src/new", "2\n")
    copied.wait_for("1 ran in TIME\n")
    assert project.ran() == ["copy"]
    assert copied.stop() == ""


def test_what_was_before_is_restored(copied, project):
    project.write("src/a", "2\n")
    copied.wait_for("1 ran in TIME\n")
    project.write("src/a", "1\n")
    copied.wait_for("devtask: 1 restored in TIME\n")
    assert project.read("out.txt") == "1\n"
    assert project.ran() == ["copy"]
    copied.stop()


def test_a_save_by_rename(copied, project):
    project.write("src/.a.swp", "2\n")
    project.path("src/.a.swp").rename(project.path("src/a"))
    assert copied.wait_for("1 ran in TIME\n").startswith("devtask: src/a changed\n")
    assert project.read("out.txt") == "2\n"
    copied.stop()


def test_new_folders_and_deleted_ones(copied, project):
    for depth, text in enumerate(["2", "3", "4"], 1):
        project.write("src/" + "/".join("abc"[:depth]).replace("a", "n", 1) + "/x", text + "\n")
        copied.wait_for("1 ran in TIME\n")
    assert project.read("out.txt") == "1\n4\n3\n2\n"
    project.write("src/n/b/c/x", "5\n")  # in a folder that was new
    copied.wait_for("1 ran in TIME\n")
    assert project.read("out.txt") == "1\n5\n3\n2\n"
    project.remove("src/n")
    copied.wait_for("1 restored in TIME\n")
    assert project.read("out.txt") == "1\n"
    copied.stop()


def test_a_moved_folder(copied, project):
    project.write("outside/deep/x", "2\n")
    project.path("outside").rename(project.path("src/b"))
    copied.wait_for("1 ran in TIME\n")
    project.write("src/b/deep/x", "3\n")
    copied.wait_for("1 ran in TIME\n")
    assert project.read("out.txt") == "1\n3\n"
    copied.stop()


def test_an_input_that_was_not_there(project):
    project.tasks(
        """
        [tasks.a]
        inputs = ["later/deep/in", "src/*"]
        outputs = ["out.txt"]
        run = "RAN; cat later/deep/in >out.txt || echo nothing >out.txt"
        """
    )
    project.write("src/a", "")
    watch = Watched(project, "a")
    project.write("later/deep/in", "1\n")
    output_is(project, "1\n")
    project.write("later/deep/in", "2\n")
    output_is(project, "2\n")
    watch.stop_in_the_middle()


def test_a_thousand_changes_at_once_are_one_run(copied, project):
    copied.running.send(signal.SIGSTOP)
    for i in range(1000):
        project.write(f"src/{i:04}", f"{i}\n")
    copied.running.send(signal.SIGCONT)
    assert copied.wait_for("1 ran in TIME\n").startswith("devtask: src/0000 and 999 more changed\n")
    assert len(project.read("out.txt").splitlines()) == 1001
    assert copied.stop() == ""
    assert project.ran() == ["copy"]


def test_more_changes_than_the_system_keeps(copied, project):
    limit = int(open("/proc/sys/fs/inotify/max_queued_events").read())
    if limit > 50_000:
        pytest.skip("its queue is too long")
    copied.running.send(signal.SIGSTOP)
    for _ in range(limit // 2 + 1):
        os.utime(project.path("src"))
        os.utime(project.path("src/a"))
    project.write("src/deep/b", "2\n")
    copied.running.send(signal.SIGCONT)
    copied.wait_for("1 ran in TIME\n")
    project.write("src/deep/b", "3\n")
    copied.wait_for("1 ran in TIME\n")
    assert project.read("out.txt") == "1\n3\n"
    copied.stop()


def test_git_switches_a_branch(project):
    project.tasks(COPY)
    project.write(".gitignore", ".devtask\nout.txt\n")
    for i in range(300):
        project.write(f"src/{i % 7}/{i:03}", "main\n")
    project.commit()
    project.git("checkout", "-q", "-b", "other")
    for i in range(0, 300, 2):
        project.write(f"src/{i % 7}/{i:03}", "other\n")
    project.remove("src/6")
    project.write("src/new/1", "new\n")
    project.commit()
    project.git("checkout", "-q", "main")
    watch = Watched(project, "copy")
    project.git("checkout", "-q", "other")
    wait_for(lambda: "new\n" in output(project), "the other branch's files")
    project.git("checkout", "-q", "main")
    output_is(project, "main\n" * 300)
    watch.stop_in_the_middle()


def test_a_change_during_a_run_is_not_lost(project):
    project.tasks(f'[tasks.slow]\ninputs = ["src/*"]\noutputs = ["out.txt"]\nrun = "RAN; cat src/a >out.txt; {WAIT}"\n')
    project.write("src/a", "1\n")
    project.write("go", "")
    watch = Watched(project, "slow")
    project.remove("go", "began")
    project.write("src/a", "2\n")
    wait_for(lambda: project.path("began").exists(), "the run to begin")
    output_is(project, "2\n")
    project.write("src/a", "3\n")
    project.write("go", "")
    watch.wait_for("warning: `src/a` changed while `slow` ran: its result is not stored\n")
    assert watch.wait_for("slow: src/a changed\n").endswith("devtask: src/a changed\nslow: src/a changed\n")
    watch.wait_for("1 ran in TIME\n")
    assert project.read("out.txt") == "3\n"
    watch.stop()


def test_changes_during_many_runs_in_a_row_are_not_lost(project):
    run = "RAN; cat src/a >out.txt; echo >>began; i=0; while ! test -e go$(wc -l <began) && test $i -lt 1500; do sleep 0.02; i=$((i+1)); done"
    project.tasks(f'[tasks.slow]\ninputs = ["src/*"]\noutputs = ["out.txt"]\nrun = "{run}"\n')
    project.write("src/a", "0\n")
    project.write("go1", "")
    Watched(project, "slow")
    project.write("src/a", "1\n")
    for number in range(2, 9):
        output_is(project, f"{number - 1}\n")
        project.write("src/a", f"{number}\n")
        project.write(f"go{number}", "")
    project.write("go9", "")
    output_is(project, "8\n")


def test_a_formatters_own_edits_start_nothing(project):
    project.tool("upper", 'echo format >>$COUNT_LOG; for f; do tr a-z A-Z <"$f" >"$f.new" && mv "$f.new" "$f"; done')
    project.tasks(
        """
        [tasks.format]
        inputs = ["src/*"]
        edits = ["src/*"]
        run = "upper src/*"
        [tasks.test]
        inputs = ["src/*"]
        run = "RAN; ! grep a src/*"
        """
    )
    project.write("src/a", "a\n")
    watch = Watched(project, "format", "test")
    assert project.read("src/a") == "A\n"
    project.ran()
    project.write("src/a", "b\n")
    watch.wait_for("2 ran in TIME\n")
    assert project.read("src/a") == "B\n"
    assert watch.stop() == ""
    assert project.ran() == ["format", "test"]


def test_a_task_that_fails_waits_for_a_change(project):
    project.tasks('[tasks.test]\ninputs = ["src/*"]\nrun = "RAN; ! grep bad src/*"\n')
    project.write("src/a", "bad\n")
    watch = Watched(project, "test")
    os.utime(project.path("src/a"))
    project.write("src/b", "bad too\n")
    watch.wait_for("1 failed in TIME\n")
    assert project.ran() == ["test", "test"]
    project.remove("src/b")
    project.write("src/a", "good\n")
    watch.wait_for("1 ran in TIME\n")
    watch.stop()


def test_a_task_without_inputs_runs_once_and_when_what_it_needs_has_changed(project):
    project.tasks(
        COPY
        + """
        [tasks.lint]
        deps = ["copy"]
        run = "RAN"
        [tasks.alone]
        run = "RAN"
        [tasks.never-kept]
        inputs = ["src/a"]
        cache = "no"
        run = "RAN"
        """
    )
    project.write("src/a", "1\n")
    watch = Watched(project, "lint", "alone", "never-kept")
    assert sorted(project.ran()) == ["alone", "copy", "lint", "never-kept"]
    project.write("src/b", "2\n")
    watch.wait_for("2 ran, 2 up to date in TIME\n")
    assert sorted(project.ran()) == ["copy", "lint"]
    os.utime(project.path("src/a"))
    project.write("src/a", "0\n")
    watch.wait_for("3 ran, 1 up to date in TIME\n")
    assert sorted(project.ran()) == ["copy", "lint", "never-kept"]
    assert watch.stop() == ""


def test_what_a_task_without_inputs_needs_changes_while_it_runs(project):
    project.tasks(COPY + f'[tasks.lint]\ndeps = ["copy"]\nrun = "RAN; {WAIT}"\n')
    project.write("src/a", "1\n")
    project.write("go", "")
    watch = Watched(project, "lint")
    project.ran()
    project.remove("go", "began")
    project.write("src/a", "2\n")
    wait_for(lambda: project.path("began").exists(), "the run to begin")
    project.write("src/a", "3\n")
    project.write("go", "")
    watch.wait_for("2 ran in TIME\n")
    watch.wait_for("2 ran in TIME\n")
    assert project.ran() == ["copy", "lint"] * 2
    assert project.read("out.txt") == "3\n"
    assert watch.stop() == ""


def test_a_task_that_fails_without_inputs_does_not_run_in_a_loop(project):
    project.tasks(COPY + '[tasks.lint]\nrun = "RAN; exit 3"\n')
    project.write("src/a", "1\n")
    watch = Watched(project, "-k", "lint", "copy")
    project.ran()
    project.write("src/a", "2\n")
    watch.wait_for("1 ran, 1 failed in TIME\n")  # what failed runs again with the next run
    assert sorted(project.ran()) == ["copy", "lint"]
    assert watch.stop() == ""


def test_a_task_that_changes_what_it_reads_is_told_and_ends(project):
    project.tasks('[tasks.count]\ninputs = ["src/*"]\nrun = "RAN; echo x >>src/a"\n')
    project.write("src/a", "")
    watch = Watched(project, "count")
    assert watch.running.stderr().count("warning: `count` is stale again after each run") == 1
    runs = len(project.ran())
    assert 2 <= runs <= 5
    assert watch.stop() == ""
    assert project.ran() == []


def test_changes_of_the_configuration(copied, project):
    text = project.read("tasks.toml")
    project.write("tasks.toml", text + "oops\n")
    assert "oops" in copied.wait_for("nothing was run\n")
    project.write("src/a", "2\n")  # while there is a mistake nothing runs
    project.write("tasks.toml", text.replace(">out.txt", ">out.txt; echo end >>out.txt"))
    copied.wait_for("1 ran in TIME\n")
    assert project.read("out.txt") == "2\nend\n"
    copied.stop()


def test_a_mistake_in_a_file_that_is_newly_included(copied, project):
    text = project.read("tasks.toml")
    project.write("more/tasks.toml", "oops\n")
    project.write("tasks.toml", text.replace("[project]", '[project]\ninclude = ["more/*.toml"]'))
    copied.wait_for("nothing was run\n")
    project.write("more/tasks.toml", "")
    project.write("src/a", "2\n")
    copied.wait_for("1 ran in TIME\n")
    copied.stop()


def test_a_program_that_is_replaced(project):
    project.tool("tool", "echo old >out.txt")
    project.tasks('[tasks.a]\ninputs = []\noutputs = ["out.txt"]\nrun = [["tool"]]\n')
    watch = Watched(project, "a")
    project.tool("tool", "echo new >out.txt")
    output_is(project, "new\n")
    watch.wait_for("1 ran in TIME\n")
    watch.stop()


def test_an_output_that_is_removed_is_put_back(copied, project):
    project.remove("out.txt")
    copied.wait_for("1 restored in TIME\n")
    assert project.read("out.txt") == "1\n"
    copied.stop()


def test_ctrl_c_during_a_run_is_an_interrupted_run(project):
    project.tasks(f'[tasks.slow]\ninputs = ["src/*"]\nrun = "{WAIT}"\n')
    project.write("src/a", "1\n")
    running = project.start("watch", "slow")
    wait_for(lambda: project.path("began").exists(), "the run to begin")
    running.interrupt()
    running.wait().expect(
        stderr="slow: never ran here\nslow: interrupted\ndevtask: 1 interrupted in TIME\n",
        code=130,
    )
    assert project.processes() == set()


def test_killed_it_leaves_nothing(project):
    project.tasks(f'[tasks.slow]\ninputs = ["src/*"]\nrun = "exec sleep 1000"\n')
    project.write("src/a", "1\n")
    running = project.start("watch", "slow")
    wait_for(lambda: "slow: never ran here\n" in running.stderr(), "the run to begin")
    running.send(signal.SIGKILL)
    running.wait()
    project.wait_until_no_process_is_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_ways_to_end_it(copied, number):
    copied.running.send(number)
    assert copied.running.wait().code == 0


def test_what_cannot_be_watched(project):
    project.tasks(COPY + '[tasks.shell]\ninteractive = true\nrun = "sh"\n[tasks.all]\ndeps = ["shell"]\n')
    for name in ["shell", "all"]:
        project.run("watch", name).expect(
            stderr="error: task `shell` is interactive: it cannot be watched\n  help: devtask shell\n", code=2
        )
    project.run("watch").expect(stderr="error: no task is named\n  help: devtask watch TASK\n", code=2)
    for option in ["--dry-run", "--status"]:
        project.run(option, "watch", "copy").expect(
            stderr="error: `watch` runs tasks: it goes with neither --dry-run nor --status\n", code=2
        )
    project.run("watch", "copi").expect(stderr=Has("error: ", "`copi`", "`copy`"), code=2)
    project.write("tasks.toml", "oops\n")
    project.run("watch", "copy").expect(stderr=Has("nothing was run\n"), code=2)


def test_arguments_and_quiet(project):
    project.tasks('[tasks.say]\ninputs = ["src/*"]\nrun = [["echo"]]\n')
    project.write("src/a", "1\n")
    running = project.start("-q", "watch", "say", "--", "-n", "hello")
    wait_for(lambda: b"hello" in running.out.read_bytes(), "the run to end")
    project.write("src/a", "2\n")
    wait_for(lambda: running.out.read_bytes().count(b"hello") == 2, "the second run to end")
    wait_for(lambda: not [pid for pid in project.processes() if pid != running.process.pid], "it to wait")
    running.interrupt()
    result = running.wait()
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (
            "max_inotify_watches",
            "error: cannot watch more than 3 folders: the system's limit is reached\n"
            "  help: raise it: `sudo sysctl fs.inotify.max_user_watches=524288`\n",
        ),
        (
            "max_inotify_instances",
            "error: cannot watch folders: Too many open files\n"
            "  help: others watch too many at once: `sudo sysctl fs.inotify.max_user_instances=512`\n",
        ),
    ],
)
def test_the_systems_limits(project, limit, said):
    project.tasks(COPY)
    project.write("src/a", "1\n")
    number = 3 if limit == "max_inotify_watches" else 0
    script = f'echo {number} >/proc/sys/user/{limit} || exit 77; exec "$@"'
    run = project.command("unshare", "-Ur", "sh", "-c", script, "sh", DEVTASK, "watch", "copy")
    if run.code in (1, 77):
        pytest.skip("no limits of our own can be set here")
    run.expect(stderr=said, code=2)


def test_a_selection_without_tests_runs_once_for_a_change(project):
    use_pytest(project)
    project.tasks(TASKS)
    noted = "with open(os.environ['COUNT_LOG'], 'a') as log: log.write('collected\\n')"
    write_test(project, "tests/test_a.py", head=noted)
    watch = Watched(project, "test", "--", "-k", "nothing_like_it")
    assert project.ran() == ["collected"]
    write_test(project, "tests/test_a.py", "assert 1", head=noted)
    watch.wait_for("found no tests")
    write_test(project, "tests/test_a.py", "assert 2", head=noted)
    watch.wait_for("found no tests")
    watch.stop_in_the_middle()
    assert project.ran() == ["collected", "collected"]


def test_what_failed_and_is_removed_is_the_last_word_no_more(project):
    use_pytest(project)
    project.tasks(TASKS)
    write_test(project, "tests/test_a.py")
    write_test(project, "tests/test_b.py", "assert 0")
    watch = Watched(project, "test")
    assert "1 failed" in watch.running.stderr()
    project.remove("tests/test_b.py")
    assert watch.wait_for("up to date\n") == "devtask: everything is up to date\n"
    write_test(project, "tests/test_a.py", "assert 0")
    watch.wait_for("1 failed in TIME\n")
    project.remove("tests/test_a.py")
    watch.wait_for("task `test` has no tests: nothing matches its `units`\n")
    watch.stop()


@pytest.mark.parametrize("kind", ["units", "inputs"])
def test_only_with_dependencies_that_never_ran_runs_once_for_a_change(project, kind):
    lines = {"units": 'units = ["src/*"]\nrun = "RAN; ls {{units}}"', "inputs": 'inputs = ["src/*"]\nrun = "RAN"'}
    made = '[tasks.gen]\ninputs = []\noutputs = ["gen"]\nrun = "echo >gen"\n'
    project.tasks(f'{made}[tasks.lint]\ndeps = ["gen"]\n{lines[kind]}\n')
    project.write("src/a", "1\n")
    watch = Watched(project, "-j1", "--only", "lint")
    assert project.ran() == ["lint"]
    project.write("src/a", "2\n")
    watch.wait_for("ran in TIME\n")
    project.write("src/b", "")
    watch.wait_for("ran in TIME\n")
    assert "stale again" not in watch.stop()
    assert project.ran() == ["lint", "lint"]


def test_tests_that_are_gone_are_told_and_waited_for(project):
    use_pytest(project)
    project.tasks(TASKS)
    write_test(project, "tests/test_a.py", "assert 0")
    watch = Watched(project, "test")
    project.remove("tests/test_a.py")
    watch.wait_for("error: task `test` has no tests")
    write_test(project, "tests/test_a.py", "assert 1")
    watch.wait_for("1 passed")
    watch.stop_in_the_middle()
