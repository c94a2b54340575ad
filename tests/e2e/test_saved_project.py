"""The project as it was read (`.devtask/project`): whatever changes in tasks.toml, its includes and its members is
noticed at once, also where size and time of change stay the same.

It is saved when all of that is older than two seconds, so these tests wait for it: condition, not time."""

import os

import pytest

from support.result import Has
from support.waiting import wait_for

TASKS = """
[tasks.say]
run = "echo one"

[tasks.liar]
inputs = []
outputs = ["never.txt"]
run = "true"
"""
SETTINGS = """
include = ["tasks/*.toml"]
members = ["parts/*"]
"""
INCLUDED = "[tasks.more]\nrun = 'echo more one'\n"
MEMBER = "[tasks.make]\nrun = 'echo member one'\n"


def wait_until_saved(project):
    """Runs until the project is saved; the run after that finds it right and leaves it alone."""
    file = project.path(".devtask/project")

    def saved():
        project.run("say").expect(stdout="one\n", stderr=Has("say: done"))
        return file.exists()

    wait_for(saved, "a saved project")
    before = file.stat()
    project.run("say").expect(stdout="one\n", stderr=Has("say: done"))
    assert file.stat().st_ino == before.st_ino, "it was read, not written again"


@pytest.fixture
def saved(project):
    project.tasks(TASKS, SETTINGS)
    project.write("tasks/more.toml", INCLUDED)
    project.write("parts/first/tasks.toml", MEMBER)
    project.write("parts/none/README", "no tasks\n")
    wait_until_saved(project)
    return project


def quietly(project, path, old, new):
    """An edit that keeps size and time of change."""
    assert len(old) == len(new)
    before = os.stat(project.path(path))
    project.edit(path, old, new)
    os.utime(project.path(path), ns=(before.st_atime_ns, before.st_mtime_ns))
    after = os.stat(project.path(path))
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def replace_by_an_old_file(project):
    """As `mv` and unpacking an archive do: another file, older than the one it replaces."""
    text = project.read("tasks.toml").replace("echo one", "echo old")
    project.write("tasks.new", text)
    project.make_older("tasks.new")
    project.path("tasks.new").rename(project.path("tasks.toml"))


CHANGES = {
    "tasks.toml": (lambda p: p.edit("tasks.toml", "one", "changed"), "say", "changed\n"),
    "tasks.toml quietly": (lambda p: quietly(p, "tasks.toml", "one", "two"), "say", "two\n"),
    "tasks.toml replaced": (replace_by_an_old_file, "say", "old\n"),
    "include quietly": (lambda p: quietly(p, "tasks/more.toml", "one", "two"), "more", "more two\n"),
    "include added": (lambda p: p.write("tasks/new.toml", "[tasks.new]\nrun = 'echo new'\n"), "new", "new\n"),
    "member quietly": (lambda p: quietly(p, "parts/first/tasks.toml", "one", "two"), "first:make", "member two\n"),
    "member added": (lambda p: p.write("parts/second/tasks.toml", MEMBER), "second:make", "member one\n"),
    "member made of a folder": (lambda p: p.write("parts/none/tasks.toml", MEMBER), "none:make", "member one\n"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_noticed_at_once(saved, name):
    change, task, output = CHANGES[name]
    change(saved)
    saved.run("list").expect(stdout=Has(task))
    for _ in range(2):
        saved.run(task).expect(stdout=output, stderr=Has(f"{task}: done"))


REMOVALS = {
    "include": (["tasks/more.toml"], "more"),
    "member": (["parts/first"], "first:make"),
    "tasks.toml of a member": (["parts/first/tasks.toml"], "first:make"),
}


@pytest.mark.parametrize("name", REMOVALS)
def test_what_was_removed_is_not_known_any_more(saved, name):
    paths, task = REMOVALS[name]
    saved.run(task).succeeded()
    saved.remove(*paths)
    saved.run(task).expect(stderr=Has(f"there is no task `{task}`"), code=2)


def test_edits_in_quick_succession_are_all_noticed(saved):
    for old, new in (("one", "two"), ("two", "six"), ("six", "ten"), ("ten", "one")):
        quietly(saved, "tasks.toml", old, new)
        saved.run("say").expect(stdout=f"{new}\n", stderr=Has("say: done"))


def test_mistakes_are_shown_with_their_place_each_time(saved):
    saved.edit("tasks.toml", 'run = "echo one"', 'rum = "echo one"')
    for _ in range(2):
        saved.run("say").expect(
            stderr="""\
            error: task `say` has neither `run` nor `deps`
              --> tasks.toml:8:8
            8 | [tasks.say]
              |        ^^^
              help: say what to do with `run`, or which tasks it stands for with `deps`
            error: unknown key `rum` in task `say`
              --> tasks.toml:9:1
            9 | rum = "echo one"
              | ^^^
              help: did you mean `run`?
            error: 2 mistakes in the configuration, nothing was run
            """,
            code=2,
        )
    saved.edit("tasks.toml", "rum", "run")
    saved.run("say").expect(stdout="one\n", stderr=Has("say: done"))


def test_what_a_run_complains_about_is_shown_with_its_place(saved):
    complaints = []
    for _ in range(2):
        complaints.append(saved.run("liar").stderr.partition("\n")[2])
        saved.remove(".devtask/project")
    assert complaints[0] == complaints[1]
    assert '13 | outputs = ["never.txt"]\n   |            ^^^^^^^^^^^\n' in complaints[0]


def test_a_damaged_one_is_written_again(saved):
    file = saved.path(".devtask/project")
    good = file.read_bytes()
    for damaged in (b"", b"rubbish\n" * 1000, good[: len(good) // 2], good[:-1] + bytes([good[-1] ^ 1])):
        file.write_bytes(damaged)
        saved.run("say").expect(stdout="one\n", stderr=Has("say: done"))
        assert len(file.read_bytes()) == len(good)


def test_looking_does_not_write_it(saved):
    file = saved.path(".devtask/project")
    file.unlink()
    for look in (["list"], ["graph"], ["why", "say"], ["--status", "say"], ["--dry-run", "say"]):
        saved.run(*look)
        assert not file.exists(), look
    saved.run("say").succeeded()
    assert file.exists()
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_stays_with_its_checkout(saved):
    """Moved or copied with all times kept, the name of the folder (and so of the project) is another."""
    copy = saved.folder / "copy"
    saved.command("cp", "-a", str(saved.root), str(copy)).succeeded()
    saved.edit("tasks.toml", "one", "two")
    saved.command("cp", "-a", str(saved.path("tasks.toml")), str(copy / "tasks.toml")).succeeded()
    other = saved.checkout("copy")
    other.run("say").expect(stdout="two\n", stderr=Has("say: done"))


def test_many_at_once_write_the_same(saved):
    file = saved.path(".devtask/project")
    others = set(os.listdir(file.parent)) - {"runs", "journal"}
    file.unlink()
    runs = [saved.start("more") for _ in range(8)]
    for run in runs:
        run.wait().expect(stdout="more one\n", stderr=Has("more: done"))
    inode = file.stat().st_ino
    saved.run("say").expect(stdout="one\n", stderr=Has("say: done"))
    assert file.stat().st_ino == inode
    assert set(os.listdir(file.parent)) - {"runs", "journal"} == others
