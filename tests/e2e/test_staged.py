"""`--staged`: formatters work on what is staged in git; what is not staged is neither touched nor lost."""

import os
import signal

import pytest
from support.project import snapshot
from support.python_formatters import PINS, PYTHON_TASKS, online
from support.waiting import wait_for

# Makes a letter at the start of a line upper-case; cannot do it where it finds BAD.
UPPER = """\
#!/bin/sh
for file; do echo "$file" >>"$COUNT_LOG"; done
for file; do
    if grep -q BAD "$file"; then echo "$file: cannot be parsed" >&2; exit 123; fi
done
for file; do sed -i 's/^./\\U&/' "$file"; done
"""
TASKS = """
    [tasks.format]
    inputs = ["upper"]
    units = ["src/**"]
    edits = true
    run = [["./upper", "{{units}}"]]
"""
LINES = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
UPPER_LINES = "One\nTwo\nThree\nFour\nFive\nSix\nSeven\n"


@pytest.fixture
def repository(project):
    project.write("upper", UPPER, 0o755)
    project.write("src/old", "Old\n")
    project.write("other", "other\n")
    project.tasks(TASKS)
    project.write(".gitignore", ".devtask/\n")
    project.commit()
    return project


def staged(project, path):
    return project.git("show", f":{path}")


def status(project):
    return project.git("status", "--porcelain=v1").splitlines()


def test_what_is_staged_is_formatted_in_the_index_and_in_the_work_tree(repository):
    repository.write("src/a", LINES)
    repository.write("src/not staged", "x\n")
    repository.write("other", "changed\n")
    repository.git("add", "src/a", "other")
    done = repository.run("format", "--staged").succeeded()
    assert done.stdout == "staged: src/a\n", done
    assert staged(repository, "src/a") == repository.read("src/a") == UPPER_LINES
    assert repository.read("src/not staged") == "x\n" and staged(repository, "other") == "changed\n"
    assert status(repository) == ["M  other", "A  src/a", "?? \"src/not staged\""]
    assert repository.ran() == ["src/a"]
    assert not repository.path(".devtask/staged").exists()


def test_a_task_that_is_called_staged(repository):
    repository.tasks(TASKS.replace("tasks.format", "tasks.staged"))
    repository.write("src/a", "a\n")
    repository.git("add", "src/a")
    assert repository.run("staged", "--staged").succeeded().stdout == "staged: src/a\n"


def test_what_is_clean_does_not_run_again(repository):
    repository.write("src/a", LINES)
    repository.git("add", "-A")
    repository.run("format", "--staged").succeeded()
    assert repository.ran() == ["src/a"]
    assert repository.run("format", "--staged").succeeded().stdout == ""
    repository.run("format", "src/a").succeeded()
    assert repository.ran() == []


def test_nothing_staged(repository):
    repository.write("src/a", "a\n")
    done = repository.run("format", "--staged").succeeded()
    assert "nothing is staged that these tasks rewrite\n" in done.stderr and done.stdout == "", done
    repository.write("other", "changed\n")
    repository.git("add", "other")
    assert "nothing is staged that these tasks rewrite\n" in repository.run("format", "--staged").succeeded().stderr
    assert repository.ran() == []


def test_unstaged_changes_of_a_staged_file_stay_unstaged(repository):
    repository.write("src/a", LINES)
    repository.git("add", "src/a")
    repository.write("src/a", LINES.replace("four", "four and more"))
    conflict = repository.run("format", "--staged").succeeded()
    assert staged(repository, "src/a") == UPPER_LINES
    # Both changed that line: the work tree is left as it is.
    assert repository.read("src/a") == LINES.replace("four", "four and more")
    assert "warning: `src/a` has changes in the same place that are not staged" in conflict.stderr, conflict

    repository.write("src/b", LINES.replace("two\nthree\nfour\nfive\nsix\n", "Two\nThree\nFour\nFive\nSix\n"))
    repository.git("add", "src/b")
    mine = repository.read("src/b").replace("Four", "Four and more")
    repository.write("src/b", mine)
    merged = repository.run("format", "--staged").succeeded()
    assert merged.stdout == "staged: src/b (without what was not staged)\n", merged
    assert staged(repository, "src/b") == UPPER_LINES
    assert repository.read("src/b") == UPPER_LINES.replace("Four", "Four and more")
    changed = [line for line in repository.git("diff", "src/b").splitlines() if line[0] in "+-" and line[1] not in "+-"]
    assert changed == ["-Four", "+Four and more"]


def test_a_staged_file_that_is_gone_or_something_else_in_the_work_tree(repository):
    for name in ("gone", "folder", "link"):
        repository.write(f"src/{name}", "x\n")
    repository.git("add", "-A")
    repository.remove("src/gone", "src/folder", "src/link")
    repository.path("src/folder").mkdir()
    repository.path("src/link").symlink_to("old")
    repository.run("format", "--staged").succeeded()
    assert [staged(repository, f"src/{name}") for name in ("gone", "folder", "link")] == ["X\n"] * 3
    assert not repository.path("src/gone").exists() and repository.path("src/folder").is_dir()
    assert repository.path("src/link").is_symlink() and repository.read("src/old") == "Old\n"


def test_a_tool_that_fails_changes_nothing(repository):
    repository.write("src/a", "a\n")
    repository.write("src/bad", "BAD\n")
    repository.git("add", "-A")
    before = repository.git("ls-files", "-s")
    done = repository.run("-j1", "format", "--staged")
    assert done.code == 1 and "src/bad: cannot be parsed\n" in done.stderr, done
    assert "failed: src/bad\n" in done.stderr and done.stdout.find("staged:") < 0, done
    assert repository.git("ls-files", "-s") == before and repository.read("src/a") == "a\n"


def test_check_of_what_is_staged(repository):
    repository.write("src/a", "a\n")
    repository.write("src/b", "B\n")
    repository.git("add", "-A")
    repository.write("src/b", "not staged\n")
    repository.git("status")
    before = {p: e for p, e in snapshot(repository.root).items() if p.split("/")[0] != ".devtask" and p != "."}
    done = repository.run("format", "--staged", "--check")
    assert done.code == 1 and done.stdout == "would change: src/a\n", done
    after = {p: e for p, e in snapshot(repository.root).items() if p.split("/")[0] != ".devtask" and p != "."}
    assert after == before


def test_several_tasks_one_after_the_other(repository):
    repository.write("append", '#!/bin/sh\nfor f; do grep -q "^Last" "$f" || echo last >>"$f"; done\n', 0o755)
    repository.tasks(
        '[tasks.append]\ninputs = ["append"]\nunits = ["src/**"]\nedits = true\nrun = [["./append", "{{units}}"]]\n'
        + TASKS
        + '[tasks.all]\ndeps = ["append", "format"]\n'
    )
    repository.commit()
    repository.write("src/a", "a\n")
    repository.git("add", "-A")
    repository.run("append", "format", "--staged").succeeded()
    assert staged(repository, "src/a") == repository.read("src/a") == "A\nLast\n"
    repository.write("src/b", "b\n")
    repository.git("add", "-A")
    repository.run("all", "--staged").succeeded()
    assert staged(repository, "src/b") == "B\nLast\n"


def test_the_first_commit(project):
    project.write("upper", UPPER, 0o755)
    project.write("src/a", "a\n")
    project.tasks(TASKS)
    project.git("init", "-q")
    project.git("add", "-A")
    project.run("format", "--staged").succeeded()
    assert staged(project, "src/a") == "A\n"


def test_no_repository(project):
    project.tasks(TASKS)
    done = project.run("format", "--staged", env={"GIT_CEILING_DIRECTORIES": str(project.folder)})
    assert done.code == 2 and "error: `ROOT` is in no work tree of git\n" in done.stderr, done


def test_deleted_intended_linked_and_moved_files(repository):
    repository.write("src/gone", "gone\n")
    repository.write("src/moved", LINES)
    repository.commit()
    repository.git("rm", "-q", "src/gone")
    repository.git("mv", "src/moved", "src/new name")
    repository.write("src/intended", "x\n")
    repository.git("add", "-N", "src/intended")
    repository.path("src/link").symlink_to("../other")
    repository.git("add", "src/link")
    repository.run("format", "--staged").succeeded()
    assert repository.ran() == ["src/new name"]
    assert staged(repository, "src/new name") == UPPER_LINES and repository.read("other") == "other\n"
    assert " A src/intended" in status(repository) and repository.read("src/intended") == "x\n"


def test_what_stays_out_of_the_work_tree_is_left_as_it_is(repository):
    repository.write("src/a", "a\n")
    repository.write("src/sparse", "sparse\n")
    repository.git("add", "-A")
    repository.git("update-index", "--skip-worktree", "src/sparse")
    repository.remove("src/sparse")
    repository.run("format", "--staged").succeeded()
    assert repository.ran() == ["src/a"]
    assert staged(repository, "src/a") == "A\n" and staged(repository, "src/sparse") == "sparse\n"
    assert status(repository) == ["A  src/a", "A  src/sparse"]
    assert repository.git("ls-files", "-t", "src/sparse") == "S src/sparse\n"


def test_names_and_modes(repository):
    names = ["a b", "new\nline", "tab\t", "ä", "-dash", "\udcff", '"quoted"']
    for name in names:
        repository.write(f"src/{name}", "x\n", 0o755 if name == "a b" else 0o644)
    repository.git("add", "-A")
    repository.run("format", "--staged").succeeded()
    for name in names:
        assert repository.read(f"src/{name}") == "X\n", name
    assert repository.git("diff", "--name-only") == ""
    modes = {line.split("\t")[1]: line.split()[0] for line in repository.git("ls-files", "-s", "src").splitlines()}
    assert modes["src/a b"] == "100755" and modes["src/-dash"] == "100644"
    assert os.access(repository.path("src/a b"), os.X_OK)


def test_line_ends_that_git_converts(repository):
    repository.write(".gitattributes", "*.txt text eol=crlf\n")
    repository.write("upper", "#!/bin/sh\nfor f; do sed -i 's/^a\\r$/A\\r/' \"$f\"; done\n", 0o755)
    repository.commit()
    repository.write("src/a.txt", "a\r\nb\r\n")
    repository.git("add", "-A")
    repository.run("format", "--staged").succeeded()
    assert staged(repository, "src/a.txt") == "A\nb\n"
    assert repository.path("src/a.txt").read_bytes() == b"A\r\nb\r\n"
    assert repository.git("diff", "--name-only") == ""


def test_in_a_folder_below_and_from_a_member(repository):
    below = repository.checkout("project/deep/er")
    below.write("upper", UPPER, 0o755)
    below.tasks(TASKS)
    below.write("src/a", "a\n")
    repository.write("src/a", "a\n")
    repository.git("add", "-A")
    below.run("format", "--staged").succeeded()
    assert staged(repository, "deep/er/src/a") == "A\n" == below.read("src/a")
    assert staged(repository, "src/a") == "a\n"


def hooked(repository):
    repository.run("hook", "install").succeeded()
    repository.git("add", "-A")
    return repository


def committed(repository, path, cwd=None):
    return repository.git("show", f"HEAD:{path}", cwd=cwd)


def test_the_hook_formats_what_is_committed(repository):
    hooked(repository)
    repository.write("src/a", "a\n")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "x")
    assert committed(repository, "src/a") == "A\n" == repository.read("src/a") and status(repository) == []


def test_the_hook_and_commit_all(repository):
    hooked(repository)
    repository.write("src/old", "older\n")
    repository.git("commit", "-q", "-a", "-m", "x")
    assert committed(repository, "src/old") == "Older\n" == repository.read("src/old") and status(repository) == []


def test_the_hook_and_a_commit_of_some_files(repository):
    hooked(repository)
    repository.write("src/old", "older\n")
    repository.write("src/staged", "staged\n")
    repository.git("add", "src/staged")
    repository.git("commit", "-q", "-m", "x", "src/old")
    assert committed(repository, "src/old") == "Older\n" == repository.read("src/old")
    assert status(repository) == ["A  src/staged"]
    assert staged(repository, "src/staged") == "staged\n"


def test_the_hook_in_another_work_tree_and_from_a_folder_below(repository):
    hooked(repository)
    tree = repository.folder / "tree"
    repository.git("worktree", "add", "-q", str(tree))
    (tree / "src/a").write_text("a\n")
    repository.git("add", "-A", cwd=tree)
    repository.git("commit", "-q", "-m", "x", cwd=tree / "src")
    assert committed(repository, "src/a", cwd=tree) == "A\n" == (tree / "src/a").read_text()
    assert repository.git("status", "--porcelain", cwd=tree) == ""


def test_the_hook_of_a_repository_with_the_project_below(repository):
    below = repository.checkout("project/deep")
    below.write("upper", UPPER, 0o755)
    below.tasks(TASKS)
    below.run("hook", "install").succeeded()
    below.write("src/a", "a\n")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "x")
    assert committed(repository, "deep/src/a") == "A\n" == below.read("src/a")


def test_a_commit_that_cannot_be_formatted_is_none(repository):
    hooked(repository)
    repository.write("src/bad", "BAD\n")
    repository.git("add", "-A")
    head = repository.git("rev-parse", "HEAD")
    done = repository.command("git", "commit", "-q", "-m", "x")
    assert done.code != 0 and "src/bad: cannot be parsed" in done.stderr, done
    assert repository.git("rev-parse", "HEAD") == head


def test_what_changes_while_the_tool_runs_is_left_alone(repository):
    repository.write("upper", UPPER + '[ -e "$COUNT_LOG.go" ] || sleep 60\n', 0o755)
    repository.commit()
    repository.write("src/a", LINES)
    repository.write("src/b", LINES)
    repository.git("add", "-A")
    repository.write("upper", UPPER + 'until [ -e "$COUNT_LOG.go" ]; do sleep 0.01; done\n', 0o755)
    running = repository.start("-j1", "format", "--staged")
    wait_for(lambda: "src/b" in repository.log.read_text(), "the tool to start")
    repository.write("src/a", LINES.replace("one", "mine"))
    repository.log.with_name(repository.log.name + ".go").touch()
    done = running.wait()
    assert done.code == 0 and repository.read("src/a") == LINES.replace("one", "mine"), done
    assert staged(repository, "src/a") == UPPER_LINES == repository.read("src/b")


def test_what_is_staged_anew_while_the_tool_runs_stops_it(repository):
    repository.write("upper", UPPER + 'until [ -e "$COUNT_LOG.go" ]; do sleep 0.01; done\n', 0o755)
    repository.write("src/a", LINES)
    repository.git("add", "src/a")
    running = repository.start("-j1", "format", "--staged")
    wait_for(lambda: "src/a" in repository.log.read_text(), "the tool to start")
    repository.write("src/a", "new\n")
    repository.git("add", "src/a")
    repository.log.with_name(repository.log.name + ".go").touch()
    done = running.wait()
    assert done.code == 1 and "error: `src/a` is not staged any more as it was: nothing was changed\n" in done.stderr
    assert staged(repository, "src/a") == repository.read("src/a") == "new\n"


def test_a_killed_run_loses_nothing_and_is_in_nobody_s_way(repository):
    repository.write("upper", UPPER + 'until [ -e "$COUNT_LOG.go" ]; do sleep 0.01; done\n', 0o755)
    repository.write("src/a", LINES)
    repository.git("add", "src/a")
    running = repository.start("-j1", "format", "--staged")
    wait_for(lambda: "src/a" in repository.log.read_text(), "the tool to start")
    running.send(signal.SIGKILL)
    running.process.wait()
    assert staged(repository, "src/a") == repository.read("src/a") == LINES
    repository.log.with_name(repository.log.name + ".go").touch()
    repository.run("format", "--staged").succeeded()
    assert staged(repository, "src/a") == repository.read("src/a") == UPPER_LINES


def test_wrong_use(repository):
    repository.tasks(TASKS + '[tasks.lint]\nrun = "RAN"\n')
    done = repository.run("lint", "--staged")
    assert done.code == 2 and "`lint` cannot do `--staged`: it has no `edits = true`" in done.stderr, done
    done = repository.run("watch", "format", "--staged")
    assert done.code == 2 and "it goes with neither --check nor --staged" in done.stderr, done
    assert repository.ran() == []


def test_black_and_isort_in_the_hook(repository):
    """Real ones, as .pre-commit-config.yaml pins them: a commit is formatted, what is not staged stays."""
    repository.env |= online()
    repository.write(".pre-commit-config.yaml", PINS)
    repository.tasks(PYTHON_TASKS)
    hooked(repository)
    repository.commit()
    repository.write("pkg/__init__.py", "")
    text = "import pkg.b\nimport os\n\n\ndef first( ):\n    return os.sep\n\n\ndef second():\n    return pkg.b\n"
    repository.write("pkg/a.py", text)
    repository.git("add", "-A")
    repository.write("pkg/a.py", text + "\n\ndef third( ): pass\n")
    done = repository.command("git", "commit", "-q", "-m", "x", timeout=300)
    assert done.code == 0, done
    formatted = text.replace("import pkg.b\nimport os\n", "import os\n\nimport pkg.b\n").replace("first( )", "first()")
    assert committed(repository, "pkg/a.py") == formatted
    assert repository.read("pkg/a.py") == formatted + "\n\ndef third( ): pass\n"
    assert status(repository) == [" M pkg/a.py"]


# As black does: what it found right is known by path, size and time.
REMEMBERING = r"""
for file; do
    known="$PWD $(stat -c '%n %s %Y' "$file")"
    grep -qxF "$known" "$HOME/memory" && continue
    sed -i 's/^./\U&/' "$file"
    echo "$PWD $(stat -c '%n %s %Y' "$file")" >>"$HOME/memory"
done
"""


def test_a_tool_that_remembers_files_by_size_and_time_is_not_misled(repository):
    # It leaves alone what is right, and with it the time that the copy was given.
    repository.tool("upper", REMEMBERING.replace("sed -i", "grep -q '^[a-z]' \"$file\" && sed -i"))
    repository.home.joinpath("memory").touch()
    repository.tasks(TASKS.replace('"./upper"', '"upper"').replace('inputs = ["upper"]', "inputs = []"))
    repository.write("src/a", "Abc\n")
    repository.git("add", "-A")
    repository.run("format", "--staged").succeeded()
    repository.write("src/a", "xyz\n")
    repository.git("add", "-A")
    repository.run("format", "--staged").succeeded()
    assert staged(repository, "src/a") == "Xyz\n"
