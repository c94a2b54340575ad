"""The project uses itself: its own tasks.toml, with the example as a member, must load and plan."""

from support.project import REPOSITORY

NAMES = ["bench", "build", "build-dev", "flows:build-ui", "flows:test", "format", "lint", "reference", "test", "tidy"]
NAMES += ["test-e2e", "test-units"]


def test_the_projects_own_tasks_are_listed(project):
    result = project.run("-C", str(REPOSITORY), "list")
    assert (result.code, result.stderr) == (0, "")
    listed = [line.split()[0] for line in result.stdout.splitlines()]
    assert [name for name in NAMES if name not in listed] == []


def test_the_projects_own_tasks_can_be_planned(project):
    result = project.run("-C", str(REPOSITORY), "--dry-run", "test", "lint", "reference", "tidy", "flows:check")
    assert result.code == 0
    assert "error" not in result.stderr
    assert result.stdout.splitlines()[-1].endswith("up to date")


def count(*patterns):
    return sum(1 for pattern in patterns for _ in REPOSITORY.glob(pattern))


def test_every_source_is_formatted_and_every_test_in_python_counts_for_itself(project):
    result = project.run("-C", str(REPOSITORY), "-f", "--only", "-n", "run", "format", "test-e2e")
    files = count("src/**/*.h", "src/**/*.cpp", "tests/**/*.h", "tests/**/*.cpp")
    folders = ("", "e2e/", "faults/", "migrations/", "property/")
    tests = count(*(f"tests/{folder}test_*.py" for folder in folders))
    assert result.code == 0 and result.stdout.splitlines()[:2] == [
        f"run format: forced ({files} of {files} files)",
        f"run test-e2e: forced ({tests} of {tests} files)",
    ], result


def test_the_tests_of_one_file_can_be_asked_for(project):
    result = project.run("-C", str(REPOSITORY), "-f", "--only", "-n", "test-e2e", "tests/e2e/test_names.py")
    assert result.stdout.startswith("run test-e2e tests/e2e/test_names.py: forced (1 of 1 file)\n"), result
