"""Where the project's history is: a folder of a repository, no repository, a part of the history only."""

import shutil

import pytest

from support.migrations import DIALECTS, MODELS, NAME, NOTES, VERSIONS, Flows, needs_postgresql
from support.result import Has

pytestmark = needs_postgresql


def assert_works(flows, dialects=DIALECTS):
    """With the example's own change, twice."""
    flows.add_column()
    files = flows.revise()
    assert sorted(files) == sorted(dialects)
    for text in files.values():
        assert "new_column" in text and "noise" not in text
    flows.migrate("check", "--all-dialects").succeeded()
    flows.migrate("--all-dialects", no_processes=True).expect(stderr=Has("everything is up to date"))
    assert not flows.left_behind()


def moved(flows, root):
    """The same checkout at another place, without `.git`."""
    shutil.rmtree(flows.path(".git"))
    root.parent.mkdir(parents=True, exist_ok=True)
    flows.root.rename(root)
    other = Flows(root.parent, root.name)
    other.env, other.scratch, other.cache, other.log = flows.env, flows.scratch, flows.cache, flows.log
    return other


def add_noise(flows):
    tags = "    tags: Mapped[list[str]] = mapped_column(Json, default=list)\n"
    flows.edit(MODELS, tags, tags + "    noise = mapped_column(sa.String(), nullable=True)\n")


@pytest.mark.parametrize("folder", ["deep/inside", "a/[x]*", "größe"])
def test_a_project_in_a_folder_of_a_repository(flows, folder):
    top = flows.folder / "repository"
    project = moved(flows, top / folder / "flows")
    add_noise(project)
    (top / "other.txt").write_text("beside it\n")
    project.git("init", "-q", cwd=top)
    project.git("add", "-A", cwd=top)
    project.git("commit", "-q", "-m", "all of it", cwd=top)
    done = project.migrate("--all-dialects").succeeded()
    assert done.stderr.count("(all of it): nothing to migrate") == 2
    # What is beside the project is nothing to it.
    (top / "other.txt").write_text("changed\n")
    project.git("commit", "-q", "-a", "-m", "beside it", cwd=top)
    assert project.migrate("--all-dialects").succeeded().stderr.count("(all of it)") == 2
    assert_works(project)


def test_a_project_in_no_repository(flows):
    project = moved(flows, flows.folder / "none/flows")
    project.add_column()
    done = project.migrate("--all-dialects", "-m", NAME).succeeded()
    assert done.stdout.count("no commit has these revisions yet: nothing is left out of what the tool reports") == 2
    for dialect in DIALECTS:
        assert "new_column" in project.read(project.newest(dialect))
    project.migrate("check", "--all-dialects").succeeded()
    project.migrate("--all-dialects", no_processes=True).expect(stderr=Has("everything is up to date"))
    project.migrate("--base", "HEAD", "-m", "x").expect(
        stderr=Has("there is no commit `HEAD`: the project is in no repository of git"), code=2
    )


def test_a_repository_without_a_commit(flows):
    shutil.rmtree(flows.path(".git"))
    flows.git("init", "-q")
    assert_works(flows)


def test_revisions_that_git_does_not_know(flows):
    """All of them are new, and so is what they lead to."""
    flows.git("rm", "-rq", "--cached", VERSIONS)
    flows.git("commit", "-q", "-m", "without revisions")
    flows.git("commit", "-q", "--allow-empty", "-m", "and another")
    flows.add_column()
    assert sorted(flows.revise()) == sorted(DIALECTS)
    for dialect in DIALECTS:
        text = flows.read(flows.newest(dialect))
        assert "new_column" in text and "create_table" not in text
    flows.migrate("check", "--all-dialects").succeeded()


def test_the_first_revision_of_all(flows):
    """No revision, no notes and no folder for them: the first one makes all tables."""
    flows.git("rm", "-rq", VERSIONS, NOTES)
    for dialect in DIALECTS:
        folder = flows.path(f"{VERSIONS}/{dialect}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)  # the example's own commands want it
    flows.commit("none yet")
    files = flows.revise("the_first")
    assert sorted(files) == sorted(DIALECTS)
    assert all("create_table" in text and "down_revision = None" in text for text in files.values())
    assert "## The first\n" in flows.read(NOTES)
    flows.migrate("check", "--all-dialects").succeeded()


def test_a_part_of_the_history(flows):
    flows.commit("another")
    clone = Flows(flows.folder, "clone")
    shutil.rmtree(clone.root)
    flows.git("clone", "-q", "--depth", "1", f"file://{flows.root}", str(clone.root), cwd=flows.folder)
    shutil.copytree(flows.path(".devtask"), clone.path(".devtask"), symlinks=True)
    clone.env, clone.scratch = flows.env, flows.scratch
    clone.add_column()
    done = clone.migrate("--all-dialects", "-m", NAME).succeeded()
    assert done.stdout.count("warning: this clone has a part of the history only") == 2
    assert "fetch-depth: 0" in done.stdout
    # Without a change it does not claim that there is none.
    clone.git("stash", "-qu")
    assert "nothing to migrate" not in clone.migrate("--all-dialects", "-m", NAME).stderr


def test_two_branches_that_both_have_a_revision(flows):
    """Once they are merged there are two heads: said, and where."""
    flows.git("branch", "other")
    flows.add_column()
    flows.revise("one")
    flows.commit("one")
    flows.git("checkout", "-q", "other")
    flows.add_column("    other_column = mapped_column(sa.Integer())\n")
    flows.revise("other")
    flows.commit("other")
    flows.git("merge", "-q", "-X", "ours", "main")
    done = flows.migrate("check", "--all-dialects")
    assert done.code == 1
    for dialect in DIALECTS:
        for path in flows.revisions(dialect)[-2:]:
            assert f"main.check.{dialect} │ {path}:" in done.stdout and "more than one head" in done.stdout
