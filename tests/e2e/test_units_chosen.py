"""Paths behind a task with units, and `--failed`: what is meant, and what is said when there is no such thing."""

import pytest
from support.result import Has
from support.units import TASKS, counted, ran, use_pytest, write_test

A, B = "tests/test_a.py", "tests/test_b.py"
TYPO = "error: there is no `tests/tset_b.py`\n  help: did you mean `tests/test_b.py`?\n"


@pytest.fixture
def tests(project):
    """Something has to run before the tests each time, and makes none of them."""
    use_pytest(project)
    project.tasks(
        TASKS
        + """
    deps = ["gen"]
    [tasks.gen]
    run = "RAN"
    """
    )
    project.write("src/code.py", "")
    for path in (A, B):
        write_test(project, path)
    return project


def test_a_typo_does_not_wait_for_dependencies(tests):
    tests.run("test", A, "tests/tset_b.py").expect(stderr=TYPO, code=4)
    tests.run("test", "tests/nosuch/").expect(stderr=Has("error: there is no `tests/nosuch`\n"), code=4)
    tests.run("test", "tasks.toml").expect(stderr=Has("is no unit of task `test`"), code=4)
    tests.run("why", "test", "tests/tset_b.py").expect(stderr=TYPO, code=4)
    tests.run("watch", "test", "tests/tset_b.py").expect(stderr=TYPO, code=4)
    assert ran(tests) == []


def test_nor_for_a_task_that_edits(project):
    project.tasks(
        """
        [tasks.fmt]
        units = ["*.txt"]
        edits = true
        run = "RAN; : {{units}}"
        [tasks.lint]
        units = ["*.txt"]
        run = "RAN; : {{units}}"
        """
    )
    project.write("a.txt", "")
    project.run("fmt", "lint", "typo.txt").expect(stderr=Has("error: there is no `typo.txt`\n"), code=4)
    assert project.ran() == []


def test_a_typo_is_one_also_where_a_dependency_makes_tests(tests):
    tests.edit(
        "tasks.toml",
        'run = "echo',
        'inputs = []\noutputs = ["tests/test_made.py"]\nrun = "cp tests/test_a.py tests/test_made.py; echo',
    )
    result = tests.run("test", "tests/test_made.py", "tests/tset_b.py")
    assert result.code == 4 and TYPO in result.stderr, result.stderr
    assert "rerun" not in result.stderr
    assert ran(tests) == ["gen"]
    assert counted(tests.run("test", "tests/test_made.py").succeeded()).startswith("tests: 1 passed")


NONE = """
    [tasks.none]
    extends = "test"
    units = ["nothing/test_*.py"]
    [tasks.all]
    deps = ["none"]
"""


@pytest.mark.parametrize("words", [("none",), ("all",), ("why", "none"), ("watch", "none")], ids=" ".join)
def test_no_tests_at_all_is_no_success(tests, words):
    tests.write("tasks.toml", tests.read("tasks.toml") + NONE.replace("    ", ""))
    tests.run(*words).expect(
        stderr=Has("error: task `none` has no tests: nothing matches its `units`\n"), code=4
    )
    assert ran(tests) == []


def test_no_tests_even_after_the_task_that_would_make_some(tests):
    tests.edit("tasks.toml", 'run = "echo', 'inputs = []\noutputs = ["nothing/"]\nrun = "mkdir nothing; echo')
    tests.write("tasks.toml", tests.read("tasks.toml") + NONE.replace("    ", ""))
    result = tests.run("all")
    assert result.code == 4 and "error: task `none` has no tests" in result.stderr, result.stderr
    assert ran(tests) == ["gen"]


def test_failed_means_also_what_never_ran(tests):
    assert counted(tests.run("--failed", "test").succeeded()).startswith("tests: 2 passed")
    tests.run("--failed", "test").succeeded()
    assert ran(tests) == ["gen", "gen", A, B]


def test_a_failure_is_remembered_whatever_was_saved_meanwhile(tests):
    save = "pathlib.Path({!r}).write_text({!r})\nassert pathlib.Path('fixed').exists()"
    for path, saved in ((A, "src/code.py"), (B, B)):
        write_test(tests, path, save.format(saved, "def test(): assert 0" if saved == B else "1"))
        assert tests.run("test", path).code == 1
        result = tests.run("--failed", "test", path)
        assert counted(result).startswith("tests: 0 passed, 1 failed"), result.stderr


def test_failed_of_a_family_is_what_did_not_pass_for_this_member(tests):
    tests.write(
        "tasks.toml", tests.read("tasks.toml") + '\n[tasks.tpg]\nextends = "test"\nenv = { DB = "pg" }\n'
    )
    write_test(tests, A, "assert os.environ.get('DB') != 'pg'")
    assert tests.run("tpg").code == 1
    tests.run("test").succeeded()
    result = tests.run("--failed", "tpg")
    assert result.code == 1 and "1 failed" in counted(result), result.stderr
