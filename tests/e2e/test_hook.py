"""`devtask hook`: git's pre-commit hook. A stand-in devtask writes down how the hook calls it."""

import pytest

from support.project import DEVTASK
from support.result import Has

TASKS = """
[tasks.format]
run = "RAN"
[tasks.lint]
run = "RAN"
"""
STAND_IN = 'echo "$PWD|$GIT_INDEX_FILE|$*" >>"$HOOK_LOG"; exit ${HOOK_STATUS:-0}'


@pytest.fixture
def repository(project):
    """With a stand-in devtask in PATH, and a copy of the real one that the tests can take away."""
    project.env["HOOK_LOG"] = str(project.folder / "hook.log")
    project.tasks(TASKS)
    project.commit()
    project.tool("devtask", STAND_IN)
    return project


def installed(project, *words, cwd=None, env=None):
    """Installs by a devtask that is gone afterwards: the one in PATH, the stand-in, is what the hook calls."""
    other = project.folder / "other place" / "devtask"
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(DEVTASK.read_bytes())
    other.chmod(0o755)
    result = project.command(other, "hook", "install", *words, cwd=cwd, env=env)
    other.unlink()
    return result.succeeded()


def calls(project):
    log = project.folder / "hook.log"
    text = log.read_text() if log.exists() else ""
    log.write_text("")
    return [line.replace(str(project.root), "ROOT").split("|") for line in text.splitlines()]


def commit(project, *words, cwd=None, env=None):
    return project.command("git", "commit", "-q", "--allow-empty", "-m", "x", *words, cwd=cwd, env=env)


def test_the_task_runs_before_each_commit(repository):
    installed(repository).expect(stdout="wrote ROOT/.git/hooks/pre-commit: `devtask format --staged` before each commit\n")
    commit(repository).succeeded()
    assert [call[2] for call in calls(repository)] == ["-C . format --staged"]


def test_a_task_that_fails_is_no_commit(repository):
    installed(repository, "lint")
    before = repository.git("rev-parse", "HEAD")
    assert commit(repository, env={"HOOK_STATUS": "1"}).code != 0
    assert repository.git("rev-parse", "HEAD") == before
    assert [call[2] for call in calls(repository)] == ["-C . lint --staged"]
    commit(repository, "--no-verify", env={"HOOK_STATUS": "1"}).succeeded()
    assert calls(repository) == []


def test_the_devtask_that_installed_it_goes_first(repository):
    repository.run("hook", "install").succeeded()
    script = repository.read(".git/hooks/pre-commit")
    assert f"for devtask in {DEVTASK.resolve()} " in script or f"for devtask in '{DEVTASK.resolve()}' " in script
    commit(repository)  # whatever that devtask says to --staged
    assert calls(repository) == []


def test_without_any_devtask_the_commit_fails_and_says_what_to_do(repository):
    installed(repository)
    (repository.bin / "devtask").unlink()
    commit(repository, env={"PATH": "/usr/bin:/bin"}).expect(
        stderr="""\
        devtask is not here any more, so nothing was committed: the pre-commit hook runs `devtask format --staged`.
        Put devtask into PATH, or remove the hook: rm .git/hooks/pre-commit. `git commit --no-verify` goes without it.
        """,
        code=1,
    )


def test_the_wrapper_is_used_if_there_is_no_other(repository):
    installed(repository)
    (repository.bin / "devtask").rename(repository.path("devtaskw"))
    commit(repository, env={"PATH": "/usr/bin:/bin"}).succeeded()
    assert [call[2] for call in calls(repository)] == ["-C . format --staged"]


def test_again_is_the_same(repository):
    installed(repository)
    before = repository.read(".git/hooks/pre-commit")
    installed(repository)
    assert repository.read(".git/hooks/pre-commit") == before
    assert not repository.path(".git/hooks/pre-commit.before-devtask").exists()
    installed(repository, "lint")
    commit(repository).succeeded()
    assert [call[2] for call in calls(repository)] == ["-C . lint --staged"]


def test_in_a_worktree_and_from_a_folder_in_it(repository):
    tree = repository.folder / "a tree"
    repository.git("worktree", "add", "-q", "-b", "other", str(tree))
    (tree / "deep").mkdir()
    installed(repository, cwd=tree / "deep")
    commit(repository, cwd=tree).succeeded()
    commit(repository, cwd=tree / "deep").succeeded()
    commit(repository).succeeded()  # hooks are the repository's, in all of its worktrees
    assert [(call[0], call[2]) for call in calls(repository)] == [
        (str(tree), "-C . format --staged"),
        (str(tree), "-C . format --staged"),
        ("ROOT", "-C . format --staged"),
    ]


def test_a_project_below_the_top(repository):
    repository.path("tasks.toml").rename(repository.path("../kept"))
    repository.write("a part's/tasks.toml", repository.path("../kept").read_text())
    (repository.root / "a part's/deep").mkdir()
    installed(repository, cwd=repository.path("a part's/deep"))
    repository.write("new", "1")
    repository.git("add", "new")
    repository.command("git", "commit", "-q", "-m", "x", "new").succeeded()
    [(folder, index, words)] = calls(repository)
    assert (folder, words) == ("ROOT", "-C a part's format --staged")
    assert index  # relative to the top, where the hook stays


def test_a_member(repository):
    repository.edit("tasks.toml", "[project]", '[project]\nmembers = ["part"]')
    repository.write("part/tasks.toml", '[tasks.style]\nrun = "true"\n')
    installed(repository, "style", cwd=repository.path("part"))
    commit(repository).succeeded()
    assert [call[2] for call in calls(repository)] == ["-C part style --staged"]


def test_a_branch_without_tasks_can_be_committed_to(repository):
    installed(repository)
    repository.remove("tasks.toml")
    commit(repository).succeeded()
    assert calls(repository) == []


def test_the_hooks_folder_of_the_configuration(repository):
    repository.git("config", "core.hooksPath", "my hooks")
    installed(repository).expect(stdout=Has("wrote ROOT/my hooks/pre-commit: "))
    commit(repository).succeeded()
    assert [call[2] for call in calls(repository)] == ["-C . format --staged"]


def test_hooks_of_all_repositories_are_left_alone(repository):
    config = repository.folder / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {repository.folder}/hooks\n")
    repository.run("hook", "install", env={"GIT_CONFIG_GLOBAL": str(config)}).expect(
        stderr="""\
        error: the hooks of all repositories are in `FOLDER/hooks` (core.hooksPath)
          help: give this one its own: git config core.hooksPath .git/hooks
        """,
        code=2,
    )
    assert not (repository.folder / "hooks").exists()


FOREIGN = '#!/bin/sh\necho "foreign" >>"$HOOK_LOG"\nexit ${FOREIGN_STATUS:-0}\n'


def test_another_hook_is_not_lost(repository):
    hook = repository.write(".git/hooks/pre-commit", FOREIGN, 0o755)
    repository.run("hook", "install").expect(
        stderr="""\
        error: there is another hook: `ROOT/.git/hooks/pre-commit`
          help: `devtask hook install --force` keeps it and runs it first
        """,
        code=2,
    )
    repository.run("hook", "uninstall").expect(
        stderr="error: `ROOT/.git/hooks/pre-commit` is not a hook of devtask's\n  help: it was left as it is\n", code=2
    )
    assert hook.read_text() == FOREIGN
    installed(repository, "--force")
    commit(repository).succeeded()
    assert [call[-1] for call in calls(repository)] == ["foreign", "-C . format --staged"]
    assert commit(repository, env={"FOREIGN_STATUS": "1"}).code != 0
    assert [call[-1] for call in calls(repository)] == ["foreign"]
    installed(repository, "--force")  # again: what is kept stays
    repository.run("hook", "uninstall").expect(
        stdout="removed ROOT/.git/hooks/pre-commit\nthe hook that was there before is back\n"
    )
    assert hook.read_text() == FOREIGN
    assert hook.stat().st_mode & 0o777 == 0o755


def test_two_other_hooks(repository):
    for name in ["pre-commit", "pre-commit.before-devtask"]:
        repository.write(f".git/hooks/{name}", FOREIGN + name, 0o755)
    repository.run("hook", "install", "--force").expect(stderr=Has("error: there are two other hooks, "), code=2)
    for name in ["pre-commit", "pre-commit.before-devtask"]:
        assert repository.read(f".git/hooks/{name}") == FOREIGN + name


def test_uninstall(repository):
    repository.run("hook", "uninstall").expect(stdout="there is no pre-commit hook\n")
    installed(repository)
    repository.run("hook", "uninstall").expect(stdout="removed ROOT/.git/hooks/pre-commit\n")
    commit(repository).succeeded()
    assert calls(repository) == []


def test_wrong_use(project):
    project.tasks(TASKS)
    project.run("hook", "install").expect(
        stderr=Has("error: `ROOT` is in no work tree of git\n", "  help: `git init` makes a repository\n"), code=2
    )
    project.commit()
    project.run("hook", "install", "formt").expect(stderr=Has("`formt`", "`format`"), code=2)
    assert not project.path(".git/hooks/pre-commit").exists()
    for words in [[], ["on"], ["install", "a", "b"], ["uninstall", "a"]]:
        project.run("hook", *words).expect(
            stderr="""\
            error: `hook` does not know what to do
              help: devtask hook install [TASK], devtask hook uninstall
            """,
            code=2,
        )
    project.run("hook", "install", env={"PATH": ""}).expect(
        stderr="error: cannot find `git`\n  help: install it, or put it into PATH\n", code=2
    )
