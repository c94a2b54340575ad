"""Looking leaves every byte and every time of the state, of the cache and of the project as they were."""

import json

import pytest

from support.result import Has

LOOKS = {
    "no-words": [],
    "list": ["list"],
    "list-json": ["list", "--json"],
    "graph": ["graph"],
    "graph-dot": ["graph", "--format", "dot"],
    "graph-json": ["graph", "--format", "json"],
    "graph-mermaid": ["graph", "--format", "mermaid"],
    "why": ["why", "check"],
    "status": ["--status", "all"],
    "dry-run": ["--dry-run", "all"],
    "dry-run-of-forced": ["--dry-run", "--force", "gen"],
    "cache-stats": ["cache", "stats"],
    "version": ["--version"],
    "help": ["--help"],
    "unknown": ["no-such-task"],
}


def edit(project):
    project.write("src/a.txt", "changed\n")


def lose_outputs(project):
    project.remove("build")


def lose_state(project):
    project.remove("build", ".devtask")


STATES = {"up-to-date": lambda project: None, "stale": edit, "restorable": lose_outputs, "lost": lose_state}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", STATES)
def test_looking_changes_nothing(built, state, look):
    STATES[state](built)
    before = built.state()
    built.run(*LOOKS[look], no_processes=True)
    assert built.state() == before
    assert built.ran() == []


@pytest.mark.parametrize("look", LOOKS)
def test_looking_before_the_first_run_creates_nothing(sample, look):
    sample.run(*LOOKS[look], no_processes=True)
    assert not sample.path(".devtask").exists()
    assert not sample.cache.exists()


def test_after_looking_the_run_still_does_its_work(built):
    edit(built)
    for look in LOOKS.values():
        built.run(*look)
    built.run("all").succeeded()
    assert built.ran() == ["gen", "pack", "check"]


def test_dry_run_tells_the_plan(sample):
    sample.run("--dry-run", "check").expect(
        stdout="""\
        run gen: never ran here
        maybe pack: after gen
        maybe check: after pack
        3 to run, 0 to restore, 0 up to date
        """
    )
    sample.run("all").succeeded()
    sample.run("-n", "all").expect(stdout="0 to run, 0 to restore, 4 up to date\n")
    edit(sample)
    sample.remove("build/docs.txt")
    sample.run("-n", "all").expect(
        stdout="""\
        run gen: src/a.txt changed
        maybe pack: after gen
        maybe check: after pack
        restore docs
        3 to run, 1 to restore, 0 up to date
        """
    )


def test_status_is_an_exit_status(sample):
    sample.run("--status", "check").expect(
        stdout="""\
        run gen: never ran here
        maybe pack: after gen
        maybe check: after pack
        3 to run, 0 to restore, 0 up to date
        """,
        code=1,
    )
    sample.run("check").succeeded()
    sample.run("--status", "check").expect(stdout="up to date\n")
    sample.remove("build/gen.txt")
    sample.run("--status", "check").expect(stdout="restore gen\n0 to run, 1 to restore, 2 up to date\n", code=1)


def test_why_in_each_state(sample):
    sample.run("why", "gen").expect(stdout="gen: would run:\n  never ran here\n")
    sample.run("gen").succeeded()
    sample.run("why", "gen").expect(stdout="gen: up to date\n")
    sample.remove("build")
    sample.run("why", "gen").expect(
        stdout="gen: would be restored from the cache:\n  its output build/gen.txt was deleted\n"
    )
    edit(sample)
    sample.run("why", "gen").expect(stdout="gen: would run:\n  src/a.txt changed\n")


def test_list_json_says_what_is_up_to_date(built):
    def up_to_date():
        return {task["name"]: task["up_to_date"] for task in json.loads(built.run("list", "--json").succeeded().stdout)}

    assert up_to_date() == {"gen": True, "pack": True, "check": True, "docs": True, "all": True}
    edit(built)
    assert up_to_date()["gen"] is False
    assert up_to_date()["docs"] is True


def test_looking_works_in_a_read_only_project(built):
    import os

    if os.geteuid() == 0:
        # Root writes everywhere; what is left to see is that nothing is written.
        before = built.state()
        built.run("--status", "all").expect(stdout="up to date\n")
        assert built.state() == before
        return
    for folder in (built.path(".devtask"), built.root):
        folder.chmod(0o555)
    try:
        built.run("--status", "all").expect(stdout="up to date\n")
        built.run("why", "gen").expect(stdout=Has("gen: up to date\n"))
    finally:
        for folder in (built.root, built.path(".devtask")):
            folder.chmod(0o755)
