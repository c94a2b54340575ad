"""Tasks with units when something goes wrong: crashes, stops, limits, runners that tell nothing or nonsense."""

import signal
import xml.etree.ElementTree as ElementTree

import pytest
from support.units import TASKS, counted, ran, use_pytest, write_test
from support.waiting import is_alive, wait_for, wait_for_line

A, B, C = "tests/test_a.py", "tests/test_b.py", "tests/test_c.py"


@pytest.fixture
def tests(project):
    use_pytest(project)
    project.tasks(TASKS)
    project.write("src/code.py", "")
    for path in (A, B, C):
        write_test(project, path)
    return project


BLOCK = "pathlib.Path('started').write_text('x\\n')\nwhile not os.path.exists('go'): time.sleep(0.02)"


@pytest.mark.parametrize("end", ["os._exit(3)", "os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_what_finished_before_a_crash_keeps_its_result(tests, end):
    write_test(tests, B, f"if not os.path.exists('good'): {end}")
    result = tests.run("-j1", "test")
    assert result.code == 1
    assert ran(tests) == [A, B]
    assert counted(result) == "tests: 1 passed, 0 failed, 0 skipped · 1 of 3 files ran, 2 not run"
    tests.write("good", "")
    tests.run("-j1", "test").succeeded()
    assert ran(tests) == [B, C]
    tests.run("test", no_processes=True).succeeded()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_finished_before_a_stop_keeps_its_result(tests, number):
    write_test(tests, B, BLOCK)
    run = tests.start("-j1", "test")
    wait_for_line(tests.path("started"))
    if number == signal.SIGINT:
        run.interrupt()
    else:
        run.send(number)
    result = run.wait()
    assert result.code == (-9 if number == signal.SIGKILL else 130)
    tests.wait_until_no_process_is_left()
    if number != signal.SIGKILL:
        assert counted(result) == "tests: 1 passed, 0 failed, 0 skipped · 1 of 3 files ran, 2 not run"
    assert ran(tests) == [A, B]
    tests.write("go", "")
    tests.run("-j1", "test").succeeded()
    # A devtask that was killed could not read what its runner had written.
    assert ran(tests) == ([A, B, C] if number == signal.SIGKILL else [B, C])


def test_a_second_devtask_goes_on_when_the_first_is_killed(tests):
    write_test(tests, B, BLOCK)
    first = tests.start("-j1", "test")
    wait_for_line(tests.path("started"))
    second = tests.start("-j1", "test")
    wait_for(lambda: "waiting for another devtask" in second.stderr(), "the second to wait")
    first.send(signal.SIGKILL)
    first.wait()
    tests.write("go", "")
    assert second.wait().code == 0, second.stderr()
    tests.run("test", no_processes=True).succeeded()


def test_the_time_limit_ends_it_and_keeps_what_finished(tests):
    tests.tasks(TASKS.rstrip() + '\n    timeout = "5s"\n')
    write_test(tests, B, BLOCK)
    result = tests.run("-j1", "test")
    assert result.code == 124
    assert "not run: tests/test_b.py: the process exceeded the task's time limit\n" in result.stderr
    assert ran(tests) == [A, B]
    tests.write("go", "")
    tests.tasks(TASKS)
    tests.run("-j1", "test").succeeded()
    assert ran(tests) == [B, C]


def test_the_time_limit_of_one_process_ends_nothing_of_the_others(project):
    project.tool(
        "work",
        """
        case $1 in
        *slow) echo x >started; exec sleep 1000;;
        *)
            until [ -s started ]; do sleep 0.01; done  # else both might have the same slot
            (setsid sh -c 'echo $$ >daemon.pid; exec sleep 1000' &)
            until [ -s daemon.pid ]; do sleep 0.01; done;;
        esac
        """,
    )
    project.tasks('[tasks.t]\nunits = ["src/*"]\ninputs = []\ntimeout = "10s"\nrun = [["work", "{{units}}"]]\n')
    for name in ("fast", "slow"):
        project.write(f"src/{name}", "")
    assert project.run("-j2", "t").code == 124
    assert is_alive(int(wait_for_line(project.path("daemon.pid"))))


def test_what_a_killed_one_of_the_family_left_ends_before_another_runs(project):
    project.tool(
        "work",
        """
        if [ -e done ]; then exit 0; fi
        setsid sh -c 'echo $$ >holder.pid; exec sleep 1000' &
        setsid python3 -c 'import os; os.closerange(3, 1000); os.execv("/bin/sh", ["sh", "loose.sh"])' &
        wait
        """,
    )
    project.write("loose.sh", "echo $$ >loose.pid\nexec sleep 1000\n")
    project.write("src/a", "")
    project.tasks(
        """
        [tasks.test]
        units = ["src/*"]
        inputs = []
        run = [["work", "{{units}}"]]
        [tasks.test-some]
        extends = "test"
        """
    )
    running = project.start("test-some")
    pids = [int(wait_for_line(project.path(name))) for name in ("holder.pid", "loose.pid")]
    running.send(signal.SIGKILL)
    running.wait()
    assert [is_alive(pid) for pid in pids] == [True, True]
    project.write("done", "")
    project.run("test").succeeded()
    assert [is_alive(pid) for pid in pids] == [False, False]


def test_a_forced_run_that_crashes_leaves_no_older_pass(tests):
    write_test(tests, B, "if os.path.exists('bad'): os._exit(3)")
    tests.run("-j1", "test").succeeded()
    assert ran(tests) == [A, B, C]
    tests.write("bad", "")
    assert tests.run("-j1", "--force", "test").code == 1
    # Which ones come before the crash is up to how long each took.
    passed = set(ran(tests)) - {B}
    tests.remove("bad")
    tests.run("-j1", "test").succeeded()
    assert ran(tests) == sorted({A, B, C} - passed)


def test_a_file_that_cannot_be_imported(tests):
    tests.write(B, "import nothing_like_it\ndef test_one(): pass\n")
    result = tests.run("-j1", "test")
    assert result.code == 1
    assert "failed: tests/test_b.py" in result.stderr
    tests.write(B, "def test_one(:\n")
    assert "SyntaxError" in tests.run("-j1", "test").stderr
    write_test(tests, B)
    tests.run("-j1", "test").succeeded()


@pytest.mark.parametrize(
    "path, text", [("tests/conftest.py", "def\n"), ("pytest.ini", "[pytest]\naddopts = --nosuch\n")]
)
def test_a_mistake_in_what_pytest_reads_first_is_a_failure(tests, path, text):
    """pytest ends with 4 then, which says something else of devtask."""
    tests.write(path, text)
    result = tests.run("-j1", "--junit", "all.xml", "test")
    assert result.code == 1, result
    assert counted(result) == "tests: 0 passed, 0 failed, 0 skipped · 0 of 3 files ran, 3 not run"
    reason = "the runner wrote no report, and ended with exit status 4"
    assert f"not run: {A}: {reason}\n" in result.stderr
    report = ElementTree.fromstring(tests.read("all.xml"))
    assert (report.get("tests"), report.get("errors")) == ("3", "3")
    assert [suite.get("name") for suite in report] == [A, B, C]
    assert [error.get("message") for error in report.iter("error")] == [reason] * 3


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), signal.SIGSEGV)"])
def test_what_a_crash_left_out_is_an_error_in_the_report_of_all(tests, end):
    write_test(tests, B, end)
    result = tests.run("-j1", "--junit", "all.xml", "test")
    assert result.code == 1
    report = ElementTree.fromstring(tests.read("all.xml"))
    assert (report.get("tests"), report.get("failures"), report.get("errors")) == ("3", "0", "2")
    messages = {suite.get("name"): [each.get("message") for each in suite.iter("error")] for suite in report}
    reason = "no report has a result of it" if "exit" in end else "the process was ended by signal 11"
    assert messages == {A: [], B: [reason], C: [reason]}


@pytest.mark.parametrize("option", ["--lf", "--last-failed", "--sw", "--stepwise"])
def test_pytest_must_not_choose_by_what_failed_before(tests, option):
    tests.write("pytest.ini", f"[pytest]\naddopts = {option}\n")
    result = tests.run("-j1", "test")
    assert result.code == 1
    assert "chooses tests by what failed before: use `devtask --failed` instead" in result.stdout + result.stderr
    assert counted(result) == "tests: 0 passed, 0 failed, 0 skipped · 0 of 3 files ran, 3 not run"
    assert ran(tests) == []


# ---- what changes meanwhile


def test_a_file_that_changes_while_it_runs_is_named_and_not_stored(tests):
    write_test(tests, B, BLOCK)
    run = tests.start("-j1", "test")
    wait_for_line(tests.path("started"))
    write_test(tests, A, "assert 1")
    tests.write("go", "")
    result = run.wait()
    assert "warning: `tests/test_a.py` changed while `test` ran: its result is not stored\n" in result.stderr
    assert ran(tests) == [A, B, C]
    tests.run("test").succeeded()
    assert ran(tests) == [A]


@pytest.mark.parametrize("path", ["src/code.py", "tests/conftest.py", "pytest.ini"])
def test_nothing_is_stored_when_a_source_changes_meanwhile(tests, path):
    tests.write("tests/conftest.py", "X = 1\n")
    write_test(tests, B, BLOCK)
    run = tests.start("-j2", "test")
    wait_for_line(tests.path("started"))
    wait_for(lambda: "done in" in run.stderr() or "test_a" in run.stderr(), "the other to go on")
    tests.write(path, "[pytest]\n" if path == "pytest.ini" else "X = 2\n")
    tests.write("go", "")
    result = run.wait()
    assert f"warning: `{path}` changed while `test` ran: its result is not stored\n" in result.stderr, result.stderr
    assert B in ran(tests)
    tests.run("test").succeeded()
    assert B in ran(tests)
    tests.run("test", no_processes=True).succeeded()


@pytest.mark.parametrize("link", [A, "tests/conftest.py", "src/linked.py"])
def test_nothing_is_stored_when_what_a_link_leads_to_changes_meanwhile(tests, link):
    real = tests.path("real.py")
    tests.write("real.py", "def test_real(): assert 0\n" if link == A else "X = 1\n")
    tests.remove(*([A] if link == A else []))
    tests.path(link).parent.mkdir(exist_ok=True)
    tests.path(link).symlink_to(real)
    write_test(tests, B, BLOCK)
    write_test(tests, C, "pass")
    run = tests.start("-j1", "test")
    wait_for_line(tests.path("started"))
    tests.write("real.py", "def test_real(): assert 1\n" if link == A else "X = 2\n")
    tests.write("go", "")
    result = run.wait()
    assert f"warning: `{link}` changed while `test` ran: its result is not stored\n" in result.stderr, result.stderr
    ran(tests)
    result = tests.run("test")
    if link == A:
        assert "1 of 3 files ran, 2 from the cache" in counted(result), result
    else:
        assert ran(tests) == [A, B, C]
    tests.run("test", no_processes=True).succeeded()



def test_a_link_that_leads_nowhere_keeps_no_other_from_running(tests):
    tests.path("tests/test_lost.py").symlink_to("nowhere")
    result = tests.run("-j1", "test")
    assert result.code == 1
    assert "not run: tests/test_lost.py: it is a link that leads to no file\n" in result.stderr, result.stderr
    assert ran(tests) == [A, B, C]
    assert tests.run("-j1", "test").code == 1
    assert ran(tests) == []


# ---- runners of other kinds

RUNNER = """
    [tasks.test]
    units = ["tests/*.t"]
    inputs = []
    run = ["echo $* >>$COUNT_LOG; runner {{report}} {{units}}"]
"""

# Reports each file, with what it says: `pass`, `fail`, nothing at all.
REPORTING = r"""
report=$1; shift
for file; do
    case $(cat "$file") in
    pass) echo "<testsuite name='$file'><testcase name='t' file='$file'/></testsuite>" ;;
    fail) echo "<testsuite name='$file'><testcase name='t' file='$file'><failure message='no'/></testcase></testsuite>" ;;
    esac >"$report/$(basename "$file").xml"
    test -s "$report/$(basename "$file").xml" || rm "$report/$(basename "$file").xml"
done
"""


@pytest.fixture
def runner(project):
    project.tasks(RUNNER)
    for name in "abc":
        project.write(f"tests/{name}.t", "pass\n")
    project.tool("runner", REPORTING)
    return project


def test_any_runner_that_writes_junit_will_do(runner):
    assert counted(runner.run("-j1", "test").succeeded()).startswith("tests: 3 passed")
    runner.run("test", no_processes=True).succeeded()
    runner.write("tests/b.t", "fail\n")
    result = runner.run("-j1", "test")
    assert result.code == 1
    assert "failed: tests/b.t t: no\n" in result.stderr


def test_a_unit_that_disappears_from_the_report_has_not_run(runner):
    runner.write("tests/b.t", "\n")
    for reason in ("no report has a result of it", "the runner wrote no report"):
        result = runner.run("-j1", "test")
        assert result.code == 1
        assert f"not run: tests/b.t: {reason}\n" in result.stderr
    runner.write("tests/b.t", "pass\n")
    assert counted(runner.run("-j1", "test").succeeded()).startswith("tests: 3 passed")


@pytest.mark.parametrize(
    "script, reason",
    [
        ("exit 0", "the runner wrote no report"),
        ("exit 3", "the runner wrote no report, and ended with exit status 3\n"),
        ("exit 4", "the runner wrote no report, and ended with exit status 4\n"),
        ("kill -SEGV $$", "the process was ended by signal 11\n"),
        ("echo '<testsuite' >$1/x.xml", "its report `x.xml` cannot be read"),
        ("echo 'no xml' >$1/x.xml; exit 1", "its report `x.xml` cannot be read"),
        (": >$1/x.xml", "its report `x.xml` cannot be read"),
    ],
)
def test_a_report_that_is_missing_or_broken(runner, script, reason):
    runner.tool("runner", script)
    for _ in range(2):
        result = runner.run("-j1", "test")
        assert result.code == 1
        for name in "abc":
            assert f"not run: tests/{name}.t: {reason}" in result.stderr, result.stderr
    runner.tool("runner", REPORTING)
    runner.run("test").succeeded()


def test_results_of_a_file_that_was_not_given_do_not_count(runner):
    runner.tool("runner", REPORTING + "\necho \"<testsuite><testcase name='t' file='tests/z.t'/></testsuite>\" >$report/z.xml")
    runner.write("tests/b.t", "\n")
    result = runner.run("-j1", "test")
    assert result.code == 1
    assert (
        "warning: task `test` reports results of `tests/z.t`, which it was not given: they do not count\n"
        in result.stderr
    )
    assert counted(result).startswith("tests: 2 passed, 0 failed")


def test_success_without_failures_but_a_bad_exit_status_is_none(runner):
    runner.tool("runner", REPORTING + "\nexit 7")
    for _ in range(2):
        result = runner.run("-j1", "test")
        assert result.code == 1
        assert "not run: tests/a.t: the process ended with exit status 7, although no test failed\n" in result.stderr


def test_that_there_were_no_tests_is_not_believed_of_who_reports_some(runner):
    runner.tool("runner", REPORTING + "\nexit 5")
    for _ in range(2):
        result = runner.run("-j1", "test")
        assert result.code == 1
        assert "not run: tests/a.t: the process ended with exit status 5, although no test failed\n" in result.stderr


@pytest.mark.parametrize("count", ["failures", "errors"])
def test_a_report_that_counts_more_failures_than_it_names(runner, count):
    runner.tool("runner", REPORTING + f"""sed -i "s/name='tests.b.t'/& tests='1' {count}='1'/" $report/b.t.xml""")
    for _ in range(2):
        result = runner.run("-j1", "test")
        assert result.code == 1
        assert "not run: tests/b.t: " in result.stderr, result
        assert counted(result).endswith("1 not run") or "1 not run, 2 from the cache" in counted(result), result


def test_secrets_that_xml_writes_in_another_way_are_masked(tests):
    secret = "sec<ret&1"
    tests.tasks(TASKS.rstrip() + '\n    env-pass = ["MY_TOKEN"]\n', 'secrets = ["*_TOKEN"]\n')
    write_test(tests, B, "print(os.environ['MY_TOKEN'])\nassert False, os.environ['MY_TOKEN'] + ' is known'")
    for words in (["test"], ["--failed", "test"]):
        result = tests.run("--junit", "all.xml", *words, env={"MY_TOKEN": secret})
        assert result.code == 1 and "is known" in result.stderr
        said = result.stdout + result.stderr + tests.read("all.xml")
        assert "sec<" not in said and "sec&lt;" not in said and "ret&" not in said, said


def test_a_runner_that_is_not_there(runner):
    runner.tasks(RUNNER.replace("runner {{report}}", "no-such-runner {{report}}"))
    result = runner.run("test")
    assert result.code == 1
    assert "not found" in result.stderr + result.stdout


def test_a_folder_without_units(project):
    project.tasks(RUNNER)
    project.tool("runner", REPORTING)
    project.write("tests/readme", "")
    result = project.run("test")
    assert result.code == 4, result.stderr
    assert "no" in result.stderr


# ---- what cannot be written


def test_a_cache_that_cannot_be_written_fails_nothing(tests):
    tests.cache.write_text("a file, no folder\n")
    tests.run("test").succeeded()
    assert ran(tests) == [A, B, C]
    tests.run("test", no_processes=True).succeeded()


def test_results_that_cannot_be_remembered_are_told_and_fail_nothing(tests):
    tests.run("list").succeeded()
    tests.write(".devtask/units", "a file, no folder\n")
    tests.path(".devtask").chmod(0o700)
    result = tests.run("--no-cache", "test").succeeded()
    assert "warning: " in result.stderr or "error: " in result.stderr, result.stderr
    assert ran(tests) == [A, B, C]
    tests.run("--no-cache", "test").succeeded()
    assert ran(tests) == [A, B, C]


def test_damaged_records_are_no_records(tests):
    tests.run("--no-cache", "test").succeeded()
    ran(tests)
    path = ".devtask/units/test"
    whole = tests.path(path).read_bytes()
    for damaged in (b"", whole[:20], whole[: len(whole) // 2], b"x" * len(whole)):
        tests.write(path, damaged)
        tests.run("--no-cache", "test").succeeded()
        tests.run("--no-cache", "test", no_processes=True).succeeded()
    assert set(ran(tests)) == {A, B, C}
