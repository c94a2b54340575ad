"""`commit = true` and `commit = [PATHS]`: which commit is checked out, or changed the paths, is in a task's key, like an input."""

import os
import shutil

import pytest
from e2e.test_watch import Watched
from support.result import ANY, Has
from support.samples import UP_TO_DATE
from support.waiting import wait_for

# A task like the one that finds the base of migrations, and one that uses what it found.
TASKS = """
    [tasks.base]
    commit = true
    inputs = []
    outputs = ["base"]
    run = "RAN; git log -1 --format=%H -- versions >base"

    [tasks.report]
    deps = ["base"]
    inputs = []
    outputs = ["report"]
    run = "RAN; cat base >report"

    [tasks.stamp]
    extends = "base"
    outputs = ["stamp"]
    run = "RAN; git rev-parse HEAD >stamp"
"""
ONE_UP_TO_DATE = "devtask: everything is up to date (1 task)\n"
TOLD = "{0}: {1}\n{0}: done in TIME\ndevtask: 1 ran in TIME\n"


def prepare(project):
    project.write(".gitignore", "/base\n/report\n/stamp\n.devtask/\n")
    project.write("versions/1.py", "1\n")
    project.tasks(TASKS)
    project.commit()
    return project


@pytest.fixture
def repository(project):
    prepare(project).run("report", "stamp").succeeded()
    assert sorted(project.ran()) == ["base", "report", "stamp"]
    return project


def head(project):
    return project.git("rev-parse", "HEAD").strip()


def changed(before, after):
    return f"commit changed: {before[:12]} → {after[:12]}"


def test_only_a_commit_runs_it_again_and_it_is_named(repository):
    before = head(repository)
    repository.write("versions/1.py", "2\n")
    repository.git("add", "-A")
    repository.git("branch", "other")
    repository.run("report", "stamp", no_processes=True).expect(stderr=UP_TO_DATE.format(3))
    repository.commit()
    why = changed(before, head(repository))
    repository.run("why", "stamp").expect(stdout=f"stamp: would run:\n  {why}\n")
    repository.run("stamp").expect(stderr=TOLD.format("stamp", why))
    assert repository.read("stamp").strip() == head(repository)
    repository.run("report").succeeded()
    assert repository.ran() == ["stamp", "base", "report"]
    assert repository.read("report").strip() == head(repository)


def test_what_depends_on_it_does_not_run_when_it_comes_out_the_same(repository):
    found = repository.read("report")
    repository.write("README", "x\n")
    repository.commit()
    repository.run("report").succeeded()
    assert repository.ran() == ["base"]
    assert repository.read("report") == found
    repository.git("commit", "-q", "--amend", "-m", "other words")
    repository.run("report").succeeded()
    assert repository.ran() == ["base"]
    repository.run("report", no_processes=True).expect(stderr=UP_TO_DATE.format(2))


def test_an_older_commit_is_in_the_cache(repository):
    old = repository.read("stamp")
    repository.commit()
    repository.run("stamp").succeeded()
    new = repository.read("stamp")
    assert repository.ran() == ["stamp"] and new != old
    repository.git("checkout", "-q", "--detach", "HEAD~1")
    repository.run("stamp").expect(stderr="stamp: restored from the cache (saved TIME)\ndevtask: 1 restored in TIME\n")
    assert repository.read("stamp") == old
    repository.git("checkout", "-q", "main")
    repository.run("stamp").succeeded()
    assert repository.ran() == [] and repository.read("stamp") == new


def test_a_work_tree_has_a_commit_of_its_own(repository):
    beside = repository.checkout("beside")
    beside.root.rmdir()
    repository.git("worktree", "add", "-q", "../beside", "-b", "side")
    beside.run("stamp").succeeded()
    assert beside.ran() == [] and beside.read("stamp") == repository.read("stamp")
    repository.commit()
    beside.run("stamp", no_processes=True).expect(stderr=ONE_UP_TO_DATE)
    before = head(beside)
    beside.git("commit", "-q", "--allow-empty", "-m", "beside")
    beside.run("stamp").expect(stderr=TOLD.format("stamp", changed(before, head(beside))))
    assert beside.read("stamp").strip() == head(beside)


def seal(project):
    """Runs until nothing to do is answered without a look at tasks.toml."""
    seals = project.path(".devtask/seals")

    def sealed():
        project.run("report", "stamp", no_processes=True).expect(stderr=UP_TO_DATE.format(3))
        return seals.is_dir() and any(seals.iterdir())

    wait_for(sealed, "a seal")


MOVES = {
    "a commit": (["commit", "-q", "--allow-empty", "-m", "x"], ["base", "stamp"]),
    "another branch": (["checkout", "-q", "other"], ["base", "stamp"]),
    "detached": (["checkout", "-q", "--detach", "other"], ["base", "stamp"]),
    "an amended commit": (["commit", "-q", "--amend", "-m", "x"], ["base", "report", "stamp"]),
    "a reset": (["reset", "-q", "--hard", "other"], ["base", "stamp"]),
    "a branch moved by its name": (["update-ref", "refs/heads/main", "other"], ["base", "stamp"]),
    "packed": (["pack-refs", "--all"], []),
    "collected": (["gc", "-q"], []),
    "another name": (["branch", "-m", "trunk"], []),
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("packed", [False, True], ids=["loose", "packed"])
def test_a_seal_breaks_when_head_moves(repository, name, packed):
    words, ran = MOVES[name]
    repository.git("checkout", "-q", "-b", "other")
    repository.commit("elsewhere")
    repository.git("checkout", "-q", "main")
    if packed:
        repository.git("pack-refs", "--all")
    seal(repository)
    repository.git(*words)
    repository.run("report", "stamp").succeeded()
    assert sorted(repository.ran()) == ran
    assert repository.read("stamp").strip() == head(repository)


def test_outside_of_a_repository_there_is_none(project):
    project.tasks(TASKS.replace("git rev-parse HEAD", "echo none"))
    project.run("stamp").succeeded()
    project.run("stamp", no_processes=True).expect(stderr=ONE_UP_TO_DATE)
    project.git("init", "-q")
    project.run("stamp", no_processes=True).expect(stderr=ONE_UP_TO_DATE)
    project.commit()
    project.run("stamp").expect(stderr=TOLD.format("stamp", changed("none", head(project))))


def test_a_member_asks_the_repository_that_it_is_in(project):
    project.tasks("", 'members = ["parts/*"]\n')
    part = "[tasks.stamp]\ncommit = true\ninputs = []\noutputs = ['stamp']\nrun = 'git rev-parse HEAD >stamp'\n"
    for name in "ab":
        project.write(f"parts/{name}/tasks.toml", part)
    project.commit()
    inner = project.path("parts/b")
    project.git("init", "-q", cwd=inner)
    project.git("commit", "-q", "--allow-empty", "-m", "inner", cwd=inner)
    project.run("a:stamp", "b:stamp").succeeded()
    assert project.read("parts/a/stamp").strip() == head(project)
    assert project.read("parts/b/stamp") == project.git("rev-parse", "HEAD", cwd=inner)
    project.git("commit", "-q", "--allow-empty", "-m", "inner", cwd=inner)
    assert "b:stamp: commit changed" in project.run("a:stamp", "b:stamp").succeeded().stderr
    assert project.read("parts/a/stamp").strip() == head(project)
    assert project.read("parts/b/stamp") == project.git("rev-parse", "HEAD", cwd=inner)


def test_a_watch_waits_for_commits(repository):
    repository.commit()
    watch = Watched(repository, "report")
    assert repository.ran() == ["base"]
    repository.write("versions/1.py", "2\n")
    repository.commit()
    said = watch.wait_for("devtask: 2 ran in TIME\n")
    assert "base: commit changed: " in said and repository.ran() == ["base", "report"]
    repository.git("checkout", "-q", "--detach", "HEAD~2")
    said = watch.wait_for("devtask: 2 restored in TIME\n")
    watch.stop()
    assert repository.ran() == []


def test_units_run_again_with_another_commit(project):
    for name in "ab":
        project.write(f"{name}.txt", "x\n")
    project.tasks("[tasks.look]\ncommit = true\nunits = ['*.txt']\nrun = [['cat', '{{units}}']]\n")
    project.commit()
    project.run("look").succeeded()
    project.run("look", no_processes=True).expect(stderr=ONE_UP_TO_DATE)
    before = head(project)
    project.commit()
    why = changed(before, head(project))
    project.run("why", "look").expect(stdout=Has("look: would run", why))
    assert "devtask: 1 ran in TIME\n" in project.run("look").succeeded().stderr


def test_without_inputs_it_always_runs(project):
    project.tasks("[tasks.say]\ncommit = true\nrun = 'RAN'\n")
    project.commit()
    project.run("say").succeeded()
    project.run("say").expect(stderr=Has("say: declares no inputs, always runs"))
    assert project.ran() == ["say", "say"]


def test_a_commit_while_it_ran_is_told_and_nothing_is_stored(repository):
    repository.commit()
    identity = "-c user.name=A -c user.email=a@example.org"
    repository.edit("tasks.toml", "rev-parse HEAD >stamp", f"{identity} commit -q --allow-empty -m x; echo >stamp")
    before = head(repository)
    said = repository.run("stamp").stderr
    assert f"warning: {changed(before, head(repository))} while `stamp` ran: its result is not stored\n" in said
    before = head(repository)
    said = repository.run("stamp").stderr
    assert f"warning: {changed(before, head(repository))} while" in said


def test_a_repository_that_is_not_understood_is_an_error(repository):
    before = head(repository)
    repository.write(".git/HEAD", "ref: refs/heads/.invalid\n")
    repository.run("stamp").expect(
        stderr=Has(
            "error: task `stamp` cannot know which commit is checked out: `ROOT/.git/HEAD` is of a repository that "
            "keeps its branches in another format than files\n"
            "  help: `git refs migrate --ref-format=files` changes that\n"
        ),
        code=1,
    )
    repository.run("why", "stamp").expect(stdout=f"stamp: would run:\n  {changed(before, 'unknown')}\n", stderr=ANY)
    assert repository.ran() == []
    repository.write(".git/HEAD", "ref: refs/heads/main\n")
    repository.run("report", "stamp", no_processes=True).expect(stderr=UP_TO_DATE.format(3))


LAST = """
    [tasks.base]
    matrix = { d = ["lite", "server"] }
    commit = ["versions/{{d}}"]
    inputs = []
    outputs = ["{{d}}.base"]
    run = "RAN; sh last.sh versions/{{d}} >{{d}}.base"
"""


@pytest.fixture
def versions(project):
    project.write(".gitignore", "*.base\n.devtask/\n")
    for name in ("lite", "server"):
        project.write(f"versions/{name}/1.py", "1\n")
    project.write("last.sh", 'git log -1 --format=%H -- "$1"\n')  # git itself would be in the key
    project.tasks(LAST)
    project.commit()
    project.run("base").succeeded()
    assert project.ran() == ["base", "base"]
    return project


@pytest.fixture
def no_git(tmp_path):
    """A PATH whose git fails."""
    fake = tmp_path / "no-git/git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho asked >&2\nexit 1\n")
    fake.chmod(0o755)
    return {"PATH": f"{fake.parent}:{os.environ['PATH']}"}


def test_only_a_commit_that_changes_the_paths_runs_it_again(versions):
    before = head(versions)
    versions.write("README", "x\n")
    versions.write("versions/lite/1.py", "not committed\n")
    versions.git("commit", "-q", "--allow-empty", "-m", "elsewhere")
    versions.run("base").expect(stderr=UP_TO_DATE.format(2))
    versions.commit()
    why = changed(before, head(versions))
    versions.run("why", "base@lite").expect(stdout=f"base@lite: would run:\n  {why}\n")
    versions.run("base").succeeded()
    assert versions.ran() == ["base"]
    assert versions.read("lite.base").strip() == head(versions) and versions.read("server.base").strip() == before
    versions.git("checkout", "-q", "--detach", before)
    assert "base@lite: restored" in versions.run("base").succeeded().stderr
    assert versions.ran() == [] and versions.read("lite.base").strip() == before


def test_git_is_asked_when_head_moved_only(versions, no_git):
    versions.run("base", no_processes=True).expect(stderr=UP_TO_DATE.format(2))
    versions.git("commit", "-q", "--allow-empty", "-m", "elsewhere")
    versions.run("base", "--status").expect(stdout=ANY, stderr=ANY)
    versions.run("base").expect(stderr=UP_TO_DATE.format(2))
    for words in (["base"], ["base", "--status"], ["why", "base@lite"]):
        versions.run(*words, no_processes=True, env=no_git).succeeded()
    versions.path("tasks.toml").touch()
    versions.run("base", no_processes=True, env=no_git).expect(stderr=UP_TO_DATE.format(2))
    assert versions.ran() == []


def test_what_git_cannot_say_is_an_error(versions, no_git):
    versions.git("commit", "-q", "--allow-empty", "-m", "elsewhere")
    said = versions.run("base@lite", env=no_git)
    said.expect(stderr=Has("error: task `base@lite` cannot know which commit changed its paths last: "), code=1)
    assert versions.ran() == []
    versions.run("base@lite").expect(stderr=ONE_UP_TO_DATE)


def test_answers_that_are_damaged_or_cannot_be_kept_are_asked_for_again(versions):
    kept = versions.path(".devtask/commits")
    files = sorted(kept.iterdir())
    assert len(files) == 2
    good = [file.read_bytes() for file in files]
    shutil.rmtree(versions.path(".devtask/seals"), ignore_errors=True)
    for file in files:
        file.write_text("nonsense")
    versions.run("base", "--status").expect(stdout=ANY, stderr=ANY)
    assert [file.read_text() for file in files] == ["nonsense"] * 2, "a look writes nothing"
    versions.run("base").expect(stderr=UP_TO_DATE.format(2))
    assert [file.read_bytes() for file in files] == good
    shutil.rmtree(kept)
    kept.write_text("in the way")
    versions.git("commit", "-q", "--allow-empty", "-m", "elsewhere")
    versions.run("base").expect(stderr=UP_TO_DATE.format(2))
    assert versions.ran() == []


def test_a_clone_without_its_history_has_another_key(versions):
    before = head(versions)
    versions.write("README", "x\n")
    versions.commit()
    shallow = versions.checkout("shallow")
    shallow.root.rmdir()
    versions.git("clone", "-q", "--depth", "1", f"file://{versions.root}", shallow.root)
    shallow.run("base@lite").succeeded()
    assert shallow.ran() == ["base"], "nothing is restored from the other's"
    assert shallow.read("lite.base").strip() == head(versions)
    shallow.git("fetch", "-q", "--unshallow")
    shallow.run("why", "base@lite").expect(
        stdout=Has(f"commit changed: {head(versions)[:12]} (cut) → {before[:12]}\n")
    )
    shallow.run("base@lite").succeeded()
    assert shallow.ran() == [] and shallow.read("lite.base").strip() == before
