"""Tasks with units: tests that run file by file, with real pytest."""

import os

import pytest
from support.project import ninjas
from support.units import TASKS, counted, ran, use_pytest, write_test
from support.waiting import wait_for

A, B, C = "tests/a/test_a.py", "tests/b/test_b.py", "tests/test_c.py"


@pytest.fixture
def tests(project):
    use_pytest(project)
    project.tasks(TASKS)
    project.write("src/code.py", "")
    for path in (A, B, C):
        write_test(project, path)
    return project


@pytest.fixture
def passed(tests):
    tests.run("test").succeeded()
    assert ran(tests) == [A, B, C]
    return tests


def test_only_the_file_that_changed_runs(passed):
    passed.run("test", no_processes=True).expect(
        stderr="""
            devtask: everything is up to date (1 task)
            tests: 3 passed, 0 failed, 0 skipped · 0 of 3 files ran, 3 from the cache (TIME saved)
        """
    )
    assert ran(passed) == []
    write_test(passed, B, "assert 1 == 1")
    result = passed.run("test").succeeded()
    assert ran(passed) == [B]
    assert result.stderr.startswith(f"test: `{B}` changed (1 of 3 files)\n")
    assert counted(result) == "tests: 3 passed, 0 failed, 0 skipped · 1 of 3 files ran, 2 from the cache (TIME saved)"
    passed.run("test", no_processes=True).succeeded()
    assert ran(passed) == []


def test_a_new_file_runs_and_one_that_is_gone_is_not_missed(passed):
    write_test(passed, "tests/a/test_new.py")
    passed.run("test").succeeded()
    assert ran(passed) == ["tests/a/test_new.py"]
    passed.remove(A)
    result = passed.run("test", no_processes=True).succeeded()
    assert counted(result).startswith("tests: 3 passed")


def test_times_do_not_count_and_old_content_is_known_again(passed):
    passed.touch_everything()
    passed.run("test", no_processes=True).succeeded()
    before = passed.read(A)
    write_test(passed, A, "assert 2")
    passed.run("test").succeeded()
    passed.write(A, before)
    passed.run("test", no_processes=True).succeeded()
    assert ran(passed) == [A]


def test_files_of_pytest_count_for_what_lies_beside_and_below(passed):
    passed.write("tests/a/conftest.py", "X = 1\n")
    result = passed.run("test").succeeded()
    assert ran(passed) == [A]
    assert result.stderr.startswith(f"test: `{A}` depends on `tests/a/conftest.py`, which changed (1 of 3 files)\n")
    for path, content in (
        ("conftest.py", "X = 1\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = -v\n"),
        ("pyproject.toml", "[tool.x]\n"),
        ("tox.ini", "[tox]\n"),
        ("pytest.ini", "[pytest]\n"),
    ):
        passed.write(path, content)
        passed.run("test").succeeded()
        assert ran(passed) == [A, B, C], path
    passed.remove("pytest.ini")
    passed.run("test", no_processes=True).succeeded()


def test_inputs_variables_and_the_interpreter_count_for_all(tests):
    tests.tasks(TASKS.rstrip() + '\n    env-inputs = ["MODE"]\n')
    tests.run("test").succeeded()
    assert ran(tests) == [A, B, C]
    tests.write("src/code.py", "x = 1\n")
    result = tests.run("test").succeeded()
    assert ran(tests) == [A, B, C]
    assert ": src/code.py changed (3 of 3 files)\n" in result.stderr, result.stderr
    tests.run("test", env={"MODE": "other"}).succeeded()
    assert ran(tests) == [A, B, C]
    tests.run("test", env={"MODE": "other", "UNDECLARED": "1"}, no_processes=True).succeeded()
    tests.write("docs/page.md", "text\n")
    tests.run("test", env={"MODE": "other"}, no_processes=True).succeeded()
    tests.run("test", no_processes=True).succeeded()
    assert ran(tests) == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_job_is_a_process(tests, jobs):
    for path in (A, B, C):
        write_test(tests, path, "pathlib.Path('pids').open('a').write(f'{os.getpid()}\\n')")
    tests.run("-j", jobs, "test").succeeded()
    assert len(set(tests.read("pids").split())) == int(jobs)
    assert ran(tests) == [A, B, C]


def test_what_runs_at_once_has_slots_of_its_own(tests):
    """Each waits until the other has begun: two run at once."""
    wait = "\n".join(
        [
            "slot = os.environ['DEVTASK_SLOT']",
            "pathlib.Path('slot-' + slot + '-' + pathlib.Path(__file__).stem).touch()",
            "end = time.monotonic() + 30",
            "while len(list(pathlib.Path('.').glob('slot-*'))) < 2 and time.monotonic() < end: time.sleep(0.01)",
        ]
    )
    tests.remove(C)
    for path in (A, B):
        write_test(tests, path, wait)
    tests.run("-j2", "test").succeeded()
    slots = sorted(path.name.split("-")[1] for path in tests.root.glob("slot-*"))
    assert slots == ["0", "1"]


def test_a_task_can_ask_for_one_process(tests):
    tests.tasks(TASKS.rstrip() + "\n    processes = 1\n")
    for path in (A, B, C):
        write_test(
            tests, path, "pathlib.Path('pids').open('a').write(os.environ['DEVTASK_SLOT'] + f' {os.getpid()}\\n')"
        )
    tests.run("-j8", "test").succeeded()
    lines = tests.read("pids").splitlines()
    assert len(lines) == 3 and len(set(lines)) == 1 and lines[0].startswith("0 ")


def test_failures_run_again_and_passes_do_not(tests):
    write_test(tests, B, "assert pathlib.Path('good').exists()")
    for _ in range(2):
        result = tests.run("test")
        assert result.code == 1
        assert "\nfailed: tests/b/test_b.py:6 test_one: AssertionError: assert False\n" in result.stderr, result.stderr
        assert counted(result).startswith("tests: 2 passed, 1 failed, 0 skipped")
    assert sorted(ran(tests)) == [A, B, B, C]
    tests.write("good", "")
    tests.run("test").succeeded()
    assert ran(tests) == [B]
    tests.run("test", no_processes=True).succeeded()


def test_failures_are_told_in_the_order_of_the_file(tests):
    head = "@pytest.mark.parametrize('number', range(1, 12))\ndef test_many(number):\n    assert 0\n"
    write_test(tests, A, head=head)
    result = tests.run("--output-logs=none", "test", A)
    told = [line for line in result.stderr.splitlines() if line.startswith(("failed: ", "  "))]
    assert told == [f"failed: {A}:4 test_many[{number}]: assert 0" for number in range(1, 12)]


def test_a_run_that_only_collects_is_no_success_whatever_its_exit_status(tests):
    result = tests.run("-j2", "test", "--", "--co")
    assert result.code == 1 and "exit status 0" not in result.stderr, result
    assert ": failed after TIME\n" in result.stderr, result


def test_what_has_ended_when_another_fails_is_told_as_it_ended(project):
    """Ninja has heard of the other one's failure when the processes end, and never asks for what came of them."""
    project.tasks(
        """
        [tasks.long]
        units = ["src/*"]
        run = "touch began; while ! test -e go; do sleep 0.02; done; ls {{units}} && test -e nothing"
        [tasks.short]
        inputs = []
        run = "while ! test -e began; do sleep 0.02; done; false"
        """
    )
    project.write("src/a", "")
    project.write("src/b", "")
    running = project.start("-j3", "long", "short")
    wait_for(lambda: "short: failed" in running.stderr(), "the other one to fail")
    project.write("go", "")
    result = running.wait()
    assert result.code == 1 and "2 failed in TIME\n" in result.stderr and "not run" not in result.stderr, result


def test_skips_and_expected_failures_are_kept_and_told(tests):
    write_test(tests, A, "pytest.skip('not here')")
    write_test(tests, B, "assert False", head="@pytest.mark.xfail")
    line = "tests: 1 passed, 0 failed, 2 skipped (1 expected failure)"
    assert counted(tests.run("test").succeeded()).startswith(line)
    assert counted(tests.run("test", no_processes=True).succeeded()).startswith(line)
    tests.remove(".devtask")
    assert counted(tests.run("test").succeeded()).startswith(line)
    assert sorted(ran(tests)) == [A, B, C]


# ---- selections


def test_paths_choose_files_and_share_results(tests):
    tests.run("test", A).succeeded()
    assert ran(tests) == [A]
    tests.run("test", "tests/b", A).succeeded()
    assert ran(tests) == [B]
    tests.run("test", "./tests/b/", no_processes=True).succeeded()
    tests.run("test", "test_c.py", cwd=tests.path("tests")).succeeded()
    assert ran(tests) == [C]
    tests.run("test", str(tests.path(C)), no_processes=True).succeeded()
    tests.run("test", ".", no_processes=True).succeeded()
    tests.run("test", no_processes=True).succeeded()


def test_a_node_id_has_a_result_of_its_own(tests):
    tests.write(A, "def test_one(): pass\ndef test_two(): assert False\n")
    result = tests.run("test", f"{A}::test_one").succeeded()
    assert counted(result).startswith("tests: 1 passed, 0 failed")
    tests.run("test", f"{A}::test_one", no_processes=True).succeeded()
    assert tests.run("test", A).code == 1
    tests.run("test", f"{A}::test_one", no_processes=True).succeeded()
    assert tests.run("--status", "test", f"{A}::test_two").code == 1
    tests.write(A, "def test_one(): assert 1\ndef test_two(): pass\n")
    tests.run("test", A).succeeded()


def test_extra_arguments_have_results_of_their_own(tests):
    done = tests.run("test", "--", "-k", "nothing_like_it or test_one").succeeded()
    assert ran(tests) == [A, B, C]
    assert "failed with" not in done.stderr
    tests.run("test", "--", "-k", "nothing_like_it or test_one", no_processes=True).succeeded()
    tests.run("test").succeeded()
    assert ran(tests) == [A, B, C]


def test_a_process_without_tests_has_not_failed_if_others_have_some(tests):
    """pytest says so with exit status 5."""
    tests.write(C, "def test_else(): pass\n")
    done = tests.run("-j3", "test", "--", "-k", "test_else").succeeded()
    assert "failed with" not in done.stderr, done


def test_why_says_of_one_file_once(tests):
    tests.run("test").succeeded()
    write_test(tests, A, "pass  # edited")
    done = tests.run("why", "test")
    assert done.stdout == f"test: would run:\n  `{A}` changed (1 of 3 files)\n", done


def test_stopping_at_the_first_failure_leaves_the_rest_not_run(tests):
    write_test(tests, A, "assert False")
    result = tests.run("-j1", "test", "--", "-x")
    assert result.code == 1
    assert "not run" in counted(result)
    ran(tests)
    write_test(tests, A)
    tests.run("-j1", "test", "--", "-x").succeeded()
    assert A in ran(tests)
    tests.run("-j1", "test", "--", "-x", no_processes=True).succeeded()


def test_nothing_collected_is_no_success(tests):
    for path in (A, B, C):
        tests.write(path, "def helper(): pass\n")
    result = tests.run("test")
    assert result.code == 4
    assert "error: task `test` found no tests\n" in result.stderr
    assert tests.run("test").code == 4
    result = tests.run("test", "--", "-k", "nothing_like_it")
    assert result.code == 4


def test_a_file_without_tests_among_others_is_no_failure(tests):
    tests.write(A, "def helper(): pass\n")
    assert counted(tests.run("-j2", "test").succeeded()).startswith("tests: 2 passed, 0 failed")
    tests.run("test", no_processes=True).succeeded()


@pytest.mark.parametrize(
    "word, said",
    [
        ("tests/a/tset_a.py", "error: there is no `tests/a/tset_a.py`\n  help: did you mean `tests/a/test_a.py`?\n"),
        (
            "tests/test_*.py",
            "error: there is no `tests/test_*.py`\n"
            "  help: it is no pattern here: without quotes the shell says which files match it\n",
        ),
        ("test_c.py", "error: there is no `test_c.py`\n  help: did you mean `tests/test_c.py`?\n"),
        (
            "test_c.py::TestX",
            "error: there is no `test_c.py`\n  help: did you mean `tests/test_c.py::TestX`?\n",
        ),
        (
            "src/code.py",
            "error: `src/code.py` is no unit of task `test`, nor has it any\n"
            "  help: its units are `tests/**/test_*.py`\n",
        ),
        ("src", "error: `src` is no unit of task `test`, nor has it any\n  help: its units are `tests/**/test_*.py`\n"),
    ],
)
def test_what_is_no_unit_is_explained(tests, word, said):
    tests.run("test", A, word).expect(stderr=said, code=4)
    assert ran(tests) == []


def test_subsets_share_the_results_of_files(tests):
    tests.tasks(TASKS + '\n    [tasks.test-a]\n    extends = "test"\n    units = ["tests/a/**/test_*.py"]\n')
    tests.run("test-a").succeeded()
    assert ran(tests) == [A]
    tests.run("test").succeeded()
    assert ran(tests) == [B, C]
    write_test(tests, A, "assert 1")
    tests.run("test", "test-a").succeeded()
    assert ran(tests) == [A]
    tests.run("test-a", no_processes=True).succeeded()


@pytest.mark.parametrize("shards", [2, 3, 5])
def test_shards_are_everything_once_whatever_is_remembered(tests, shards):
    for number in range(7):
        write_test(tests, f"tests/test_{number}.py", f"time.sleep({0.05 * (number % 3)})\n" + "# \n" * 40 * number)
    parts = []
    for shard in range(1, shards + 1):  # each after the others, which have left records
        tests.run("--shard", f"{shard}/{shards}", "test").succeeded()
        parts.append(ran(tests))
    everything = sorted([A, B, C] + [f"tests/test_{number}.py" for number in range(7)])
    assert sorted(path for part in parts for path in part) == everything
    tests.run("test", no_processes=True).succeeded()
    tests.write("src/code.py", "x = 1\n")
    for shard, part in enumerate(parts, 1):
        tests.run("--shard", f"{shard}/{shards}", "test").succeeded()
        assert ran(tests) == part


def test_shards_by_the_durations_of_an_earlier_run(tests):
    names = [f"tests/test_{number}.py" for number in range(6)]
    for name in names:
        write_test(tests, name, "time.sleep(0.4)" if name == names[0] else "")
    tests.remove(A, B, C)
    tests.run("--junit", "all.xml", "test").succeeded()
    ran(tests)
    tests.write("tests/test_new.py", "def test_new(): pass\n")
    parts = []
    for shard in (1, 2):
        tests.run("-f", "--shard", f"{shard}/2", "--durations", "all.xml", "test").succeeded()
        parts.append([name for name in ran(tests) if name in names])
    assert parts == [names[:1], names[1:]]
    assert tests.run("--shard", "1/2", "--durations", "none.xml", "test").code == 2
    tests.write("none.xml", "<nonsense")
    refused = tests.run("--shard", "1/2", "--durations", "none.xml", "test")
    assert refused.code == 2 and "`ROOT/none.xml` is no JUnit report\n" in refused.stderr, refused
    assert "requires --shard" in tests.run("--durations", "all.xml", "test").stderr


# ---- names

NAMES = [
    "tests/test_a b.py",
    "tests/test_it's.py",
    'tests/test_"q".py',
    "tests/test_ünï.py",
    "tests/test_$HOME.py",
    "tests/test_;x.py",
    "tests/-k/test_dash.py",
]


def test_files_with_odd_names(tests):
    for path in NAMES:
        write_test(tests, path)
    tests.run("test").succeeded()
    assert ran(tests) == sorted([A, B, C, *NAMES])
    result = tests.run("test", no_processes=True).succeeded()
    assert counted(result).startswith("tests: 10 passed")
    for path in NAMES:
        write_test(tests, path, "assert 1")
        tests.run("test", path).succeeded()
        assert ran(tests) == [path]


def test_a_file_whose_name_begins_with_a_dash(tests):
    tests.tasks('[tasks.test]\nuses = "pytest"\nunits = ["**/*_test.py"]\ninputs = []\n')
    write_test(tests, "-k_test.py")
    tests.run("test").succeeded()
    assert ran(tests) == ["-k_test.py"]
    tests.run("test", "./-k_test.py", no_processes=True).succeeded()


@pytest.mark.parametrize("path", ["tests/test_[1].py", "tests/test_a::b.py"])
def test_a_file_that_pytest_cannot_take_is_named_and_the_others_run(tests, path):
    write_test(tests, path)
    for expected in ([A, B, C], []):
        result = tests.run("-j1", "test")
        assert result.code == 1
        said = result.stdout + result.stderr
        assert f"devtask: pytest takes no file with `[` or `::` in its path, rename it: {path}\n" in said, said
        assert f"not run: {path}: " in result.stderr
        assert ran(tests) == expected
    tests.run("test", "tests/a", no_processes=True).succeeded()


def test_a_file_whose_name_begins_with_an_at(tests):
    tests.tasks('[tasks.test]\nuses = "pytest"\nunits = ["*_test.py"]\ninputs = []\n')
    for path in ("@x_test.py", "y_test.py"):
        write_test(tests, path)
    tests.run("test").succeeded()
    assert ran(tests) == ["@x_test.py", "y_test.py"]


def test_a_part_that_is_not_there_ends_as_pytest_does(tests):
    result = tests.run("-j1", "test", f"{A}::nope")
    assert result.code == 4, result
    assert f"not found: ROOT/{A}::nope\n" in result.stdout + result.stderr, result
    write_test(tests, B)
    for jobs in ("-j1", "-j2"):
        assert tests.run(jobs, "test", f"{A}::nope", B).code == 4
    write_test(tests, B, "assert False")
    assert tests.run("-j2", "test", f"{A}::nope", B).code == 1


@pytest.mark.parametrize("option", [["--slowest", "-3"], ["--slowest=-1"]])
def test_a_count_below_nothing_is_refused(tests, option):
    result = tests.run(*option, "test")
    assert result.code == 2 and "--slowest" in result.stderr, result


def test_of_a_file_of_which_a_part_failed_the_whole_runs(passed):
    tests = passed
    write_test(tests, A, "assert False")
    assert tests.run("test", f"{A}::test_one").code == 1
    assert ran(tests) == [A]
    assert tests.run("--failed", "test").code == 1
    assert ran(tests) == [A]
    write_test(tests, A, "assert True")
    tests.run("--failed", "test").succeeded()
    assert ran(tests) == [A]
    tests.run("--failed", "test", no_processes=True).succeeded()


def test_nothing_failed(passed):
    result = passed.run("--failed", "test", no_processes=True).succeeded()
    assert counted(result) == "tests: 0 passed, 0 failed, 0 skipped"


@pytest.mark.parametrize("executable", [True, False])
def test_whether_a_unit_can_be_executed_counts(project, executable):
    project.tasks('[tasks.check]\nunits = ["*.sh"]\ninputs = []\nrun = "RAN; ./{{units}}"\n')
    project.write("a.sh", "#!/bin/sh\n", 0o755 if executable else 0o644)
    assert project.run("check").code == (0 if executable else 1)
    project.path("a.sh").chmod(0o644 if executable else 0o755)
    assert project.run("check").code == (1 if executable else 0)
    project.path("a.sh").chmod(0o755)
    project.run("check").succeeded()
    project.ran()
    project.run("check", no_processes=True).succeeded()


def test_a_newline_in_a_name(tests):
    path = "tests/test_new\nline.py"
    tests.write(path, "def test_one(): pass\n")
    result = tests.run("test").succeeded()
    assert counted(result).startswith("tests: 4 passed")
    tests.run("test", no_processes=True).succeeded()


# ---- options


def test_looking_says_the_same_and_changes_nothing(passed):
    write_test(passed, B, "assert 1")
    before = passed.state()
    passed.run("-n", "test", no_processes=True).expect(
        stdout=f"run test: `{B}` changed (1 of 3 files)\n1 to run, 0 to restore, 0 up to date\n"
    )
    assert passed.run("--status", "test", no_processes=True).code == 1
    result = passed.run("why", "test", no_processes=True)
    assert B in result.stdout, result.stdout
    assert passed.state() == before
    passed.run("test").succeeded()
    passed.run("--status", "test", no_processes=True).expect(stdout="up to date\n")


def test_force_runs_all_that_is_asked_for(passed):
    passed.run("--force", "test", "tests/a").succeeded()
    assert ran(passed) == [A]
    passed.run("--force", "test").succeeded()
    assert ran(passed) == [A, B, C]
    passed.run("test", no_processes=True).succeeded()


def test_the_cache_is_shared_between_checkouts(passed):
    other = passed.checkout("other")
    use_pytest(other)
    for path in ("tasks.toml", "src/code.py", A, B, C):
        other.write(path, passed.read(path))
    other.run("-n", "test", no_processes=True).expect(
        stdout="restore test\n0 to run, 1 to restore, 0 up to date\n"
    )
    result = other.run("test", no_processes=True).succeeded()
    assert counted(result) == "tests: 3 passed, 0 failed, 0 skipped · 0 of 3 files ran, 3 from the cache (TIME saved)"
    assert ran(passed) == []
    other.run("test", no_processes=True).expect(
        stderr="""
            devtask: everything is up to date (1 task)
            tests: 3 passed, 0 failed, 0 skipped · 0 of 3 files ran, 3 from the cache (TIME saved)
        """
    )
    write_test(other, A, "assert 1")
    other.run("test").succeeded()
    assert ran(passed) == [A]


def test_without_the_cache_the_checkout_still_remembers(tests):
    tests.run("--no-cache", "test").succeeded()
    assert ran(tests) == [A, B, C]
    tests.run("--no-cache", "test", no_processes=True).succeeded()
    other = tests.checkout("other")
    use_pytest(other)
    for path in ("tasks.toml", "src/code.py", A, B, C):
        other.write(path, tests.read(path))
    other.run("test").succeeded()
    assert ran(tests) == [A, B, C]


def test_clean_forgets_results_of_units(passed):
    passed.run("clean", "test").succeeded()
    passed.run("--no-cache", "test").succeeded()
    assert ran(passed) == [A, B, C]


def test_plain_ninja_runs_what_is_stale(passed):
    for ninja in ninjas():
        passed.use_ninja(ninja)
        write_test(passed, B, f"assert {str(ninja)!r}")
        passed.run("ninja", "--", "test").succeeded()
        assert ran(passed) == [B]
        done = passed.command(ninja, "-f", ".devtask/build.ninja", "test")
        assert done.code == 0 and ran(passed) == []
        write_test(passed, B, "assert False")
        assert passed.command(ninja, "-f", ".devtask/build.ninja", "test").code != 0
        assert ran(passed) == [B]


def test_members_have_units_of_their_own(tests):
    tests.tasks(TASKS, project='members = ["examples/*"]\n')
    tests.write("examples/flows/tasks.toml", '[tasks.test]\nuses = "pytest"\nunits = ["checks/**/test_*.py"]\ninputs = []\n')
    write_test(tests, "examples/flows/checks/test_m.py")
    tests.write("conftest.py", "X = 1\n")
    tests.edit("examples/flows/tasks.toml", "inputs = []", 'inputs = []\nenv-pass = ["COUNT_LOG"]')
    tests.run("flows:test").succeeded()
    assert ran(tests) == ["examples/flows/checks/test_m.py"]
    # pytest does not know where the member's folder begins.
    tests.write("conftest.py", "X = 2\n")
    tests.run("flows:test", "examples/flows/checks/test_m.py").succeeded()
    assert ran(tests) == ["examples/flows/checks/test_m.py"]
    tests.run("test", "checks/test_m.py", cwd=tests.path("examples/flows"), no_processes=True).succeeded()
    tests.write("examples/flows/conftest.py", "X = 2\n")
    tests.run("flows:test").succeeded()
    assert ran(tests) == ["examples/flows/checks/test_m.py"]


def test_as_a_dependency_all_of_it_must_pass(tests):
    tests.tasks(TASKS + '\n    [tasks.release]\n    deps = ["test"]\n    inputs = []\n    run = "RAN"\n')
    tests.run("release").succeeded()
    assert ran(tests) == sorted([A, B, C, "release"])
    tests.run("release", no_processes=True).succeeded()
    write_test(tests, A, "assert False")
    assert tests.run("release").code == 1
    assert ran(tests) == [A]
    write_test(tests, A, "assert 2")
    tests.run("release").succeeded()
    assert ran(tests) == [A]
    tests.write(A, "def test(): assert 0\n")
    tests.run("--only", "--force", "release").succeeded()
    assert ran(tests) == ["release"]


def test_dependencies_run_before_units_and_count(tests):
    tests.tasks(
        TASKS.rstrip()
        + """
    deps = ["make"]
    [tasks.make]
    inputs = ["in.txt"]
    outputs = ["out.txt"]
    run = "RAN; tr a-z A-Z <in.txt >out.txt"
    """
    )
    tests.write("in.txt", "one\n")
    write_test(tests, A, "assert pathlib.Path('out.txt').exists()")
    tests.run("test").succeeded()
    assert ran(tests) == sorted(["make", A, B, C])
    tests.write("in.txt", "ONE\n")
    tests.run("test").succeeded()
    assert ran(tests) == ["make"]
    tests.write("in.txt", "two\n")
    tests.run("test").succeeded()
    assert ran(tests) == sorted(["make", A, B, C])


def test_many_files_are_more_than_one_process_can_be_given(project):
    """3,000 names of 250 bytes: 750 KB, more than goes to one process at once."""
    project.tool("runner", RUNNER)
    project.tasks(
        """
        [tasks.test]
        units = ["tests/**"]
        inputs = []
        env = { REPORT = "{{report}}" }
        run = [["runner", "{{units}}"]]
        """
    )
    for i in range(3000):
        project.write(f"tests/{i:04}{'x' * 230}.t", "")
    result = project.run("-j2", "test").succeeded()
    assert counted(result) == "tests: 3000 passed, 0 failed, 0 skipped · 3000 of 3000 files ran"
    project.run("test", no_processes=True).succeeded()
    assert len(project.read("calls").splitlines()) >= 2
    assert sum(map(int, project.read("calls").split())) == 3000


RUNNER = r"""
echo $# >>calls
{
    echo '<testsuites>'
    for file; do echo "<testsuite name=\"$file\"><testcase name=\"t\" file=\"$file\"/></testsuite>"; done
    echo '</testsuites>'
} >"$REPORT/all.xml"
"""


def test_what_keeps_no_results_runs_each_time(tests):
    tests.tasks(TASKS.rstrip() + '\n    cache = "no"\n')
    for _ in range(2):
        tests.run("test").succeeded()
        assert ran(tests) == [A, B, C]
    assert tests.run("--status", "test", no_processes=True).code == 1
    tests.run("list", no_processes=True).succeeded()


def test_what_ran_beside_something_that_nobody_knows_is_not_remembered(project):
    """With `--only`, and a dependency that was made by hand."""

    def set_up(checkout, made):
        checkout.tasks(
            """
            [tasks.make]
            inputs = []
            outputs = ["made/"]
            cache = "local"
            witness = "made/rules"
            run = "RAN; mkdir -p made; echo good >made/rules"
            [tasks.lint]
            deps = ["make"]
            units = ["src/*"]
            inputs = []
            run = "RAN; test -e {{units}} && grep -q good made/rules"
            """
        )
        checkout.write("src/a", "")
        checkout.write("made/rules", made)
        return checkout

    set_up(project, "good\n").run("--only", "lint").succeeded()
    assert project.ran() == ["lint"]
    project.write("made/rules", "bad\n")
    for checkout in (project, set_up(project.checkout("other"), "bad\n")):
        assert checkout.run("--only", "lint").code == 1
        assert project.ran() == ["lint"]
    project.remove("made")
    project.run("lint").succeeded()
    assert project.ran() == ["make", "lint"]


def test_a_file_called_like_those_beside_units_is_an_input_where_there_are_none(tests):
    tests.tasks(TASKS.replace('"src/**"', '"src/**", "data/**"'))
    for path in ("data/pyproject.toml", "src/deep/conftest.py"):
        tests.write(path, "")
    tests.run("test").succeeded()
    ran(tests)
    for path in ("data/pyproject.toml", "src/deep/conftest.py"):
        tests.write(path, "# other\n")
        result = tests.run("-j1", "test").succeeded()
        assert ran(tests) == [A, B, C]
        assert result.stderr.startswith(f"test: {path} changed (3 of 3 files)\n"), result


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_family_with_dependencies_within(tests, jobs):
    tests.tasks(
        TASKS
        + """
    [tasks.smoke]
    extends = "test"
    units = ["tests/a/test_*.py"]
    [tasks.full]
    extends = "test"
    deps = ["smoke"]
    """
    )
    for ninja in ninjas():
        tests.use_ninja(ninja)
        tests.run("--force", "-j", jobs, "test", "full").succeeded()
        assert set(ran(tests)) == {A, B, C}


def test_two_that_want_the_same_in_another_order_do_not_wait_for_each_other(project):
    project.tool("slow", "touch began-$1; i=0; while ! test -e go && test $i -lt 1500; do sleep 0.02; i=$((i+1)); done")
    project.tasks(
        "".join(
            f"""
            [tasks.{name}]
            inputs = []
            units = ["src/*"]
            run = "slow {{{{task}}}}; RAN; test -e {{{{units}}}}"
            """
            for name in ("ta", "tb")
        )
    )
    project.write("src/a", "")
    for ninja in ninjas():
        project.use_ninja(ninja)
        project.write("src/a", ninja)
        first = project.start("-j1", "ta", "tb")
        wait_for(lambda: list(project.root.glob("began-t*")), "the first to begin")
        second = project.start("-j1", "tb", "ta")
        wait_for(
            lambda: len(list(project.root.glob("began-t*"))) == 2 or "waiting for another" in second.stderr(),
            "the second to begin",
        )
        project.write("go", "")
        assert first.wait().code == 0 and second.wait().code == 0
        assert sorted(project.ran()) == ["ta", "tb"]
        project.remove("go", "began-ta", "began-tb")


def test_two_at_once_run_each_file_once(tests):
    runs = [tests.start("test") for _ in range(2)]
    for run in runs:
        assert run.wait().code == 0, run.stderr()
    assert ran(tests) == [A, B, C]


def test_longest_first_in_each_process(tests):
    write_test(tests, B, "time.sleep(0.3)")
    tests.run("-j1", "test").succeeded()
    tests.ran()
    tests.write("src/code.py", "x = 2\n")
    tests.run("-j1", "test").succeeded()
    assert tests.ran()[0] == B


@pytest.mark.parametrize("changed", ["src/m.py", "tests/test_x.py", "tests/conftest.py"])
def test_what_python_has_compiled_within_the_same_second_is_not_believed(project, changed):
    """Of a source Python compares second and size only."""
    project.write(
        "tasks.toml",
        '[tasks.test]\nuses = "pytest"\nunits = ["tests/test_*.py"]\ninputs = ["src/*.py"]\nenv = { PYTHONPATH = "src" }\n',
    )
    for path in ("src/m.py", "tests/conftest.py"):
        project.write(path, "X = 1\n")
    project.write("tests/test_x.py", "import conftest, m\nX = 1\ndef test_x(): assert (X, m.X, conftest.X) == (1, 1, 1)\n")
    project.run("test").succeeded()
    before = project.path(changed).stat()
    project.write(changed, project.path(changed).read_text().replace("X = 1", "X = 2"))
    os.utime(project.path(changed), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.run("test").code == 1


def test_configuration_above_the_project_counts(project):
    project.tasks('[tasks.test]\nuses = "pytest"\nunits = ["test_*.py"]\n')
    project.write("test_x.py", "def test_x(): pass\n")
    project.run("test").succeeded()
    above = project.root.parent / "conftest.py"
    above.write_text("def pytest_configure(): pass\n")
    try:
        said = project.run("test").succeeded().stderr
    finally:
        above.unlink()
    assert said.startswith("test: `test_x.py` depends on `../conftest.py`, which changed (1 of 1 file)\n")
