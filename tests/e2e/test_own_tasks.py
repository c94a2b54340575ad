"""The project uses itself: its own tasks.toml, with the example as a member, must load and plan."""

from support.project import REPOSITORY

NAMES = ["bench", "build", "build-dev", "flows:build-ui", "flows:test", "format", "lint", "reference", "test", "tidy"]


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
