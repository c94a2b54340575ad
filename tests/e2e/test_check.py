"""`--check`: the files that a formatter would change are named, and nothing is changed."""

import shutil
import subprocess
import sys

import pytest
from support.project import snapshot
from support.python_formatters import PINS, PYTHON_TASKS, online
from support.waiting import wait_for

# Makes everything upper-case; cannot do it where it finds BAD. Says what it was given.
UPPER = """\
#!/bin/sh
for file; do echo "$file" >>"$COUNT_LOG"; done
for file; do
    if grep -q BAD "$file"; then echo "$file: cannot be parsed" >&2; exit 123; fi
done
for file; do
    tr a-z A-Z <"$file" >"$file.new"
    cmp -s "$file" "$file.new" || cat "$file.new" >"$file"
    rm "$file.new"
done
"""

TASKS = """
    [tasks.format]
    inputs = ["upper"]
    units = ["src/**"]
    edits = true
    run = [["./upper", "{{units}}"]]
"""


@pytest.fixture
def files(project):
    project.write("upper", UPPER, 0o755)
    project.write("src/a", "a\n")
    project.write("src/b", "B\n")
    project.write("src/deep/c d", "c\n")
    project.tasks(TASKS)
    return project


def outside(project):
    """What may not change: everything but `.devtask`."""
    tree = snapshot(project.root)
    return {path: entry for path, entry in tree.items() if path.split("/")[0] != ".devtask" and path != "."}


def test_names_what_would_change_and_changes_nothing(files):
    before = outside(files)
    done = files.run("-j1", "format", "--check")
    assert done.code == 1, done
    assert done.stdout == "would change: src/a\nwould change: src/deep/c d\n", done
    assert done.stderr.endswith("format --check: 2 files would change, 1 clean\n"), done
    assert outside(files) == before
    assert files.ran() == ["src/a", "src/b", "src/deep/c d"]


def test_what_is_clean_is_remembered_and_what_would_change_is_told_again(files):
    files.run("-j1", "format", "--check")
    files.ran()
    again = files.run("-j1", "format", "--check")
    assert again.code == 1 and again.stdout == "would change: src/a\nwould change: src/deep/c d\n", again
    assert again.stderr.endswith("format --check: 2 files would change, 1 clean (1 known before)\n"), again
    assert files.ran() == ["src/a", "src/deep/c d"]
    files.run("format").succeeded()
    files.ran()
    clean = files.run("format", "--check", no_processes=True)
    assert clean.code == 0 and clean.stdout == "", clean
    assert clean.stderr.endswith("format --check: 0 files would change, 3 clean (3 known before)\n"), clean
    files.edit("src/a", "A", "x")
    assert files.run("format", "--check", "--status").code == 1
    assert files.run("format", "--check").stdout == "would change: src/a\n"
    assert files.ran() == ["src/a"]


def test_what_a_check_found_clean_need_not_be_formatted(files):
    files.run("format", "--check")
    files.ran()
    files.run("-j1", "format").succeeded()
    assert files.ran() == ["src/a", "src/deep/c d"]


def test_another_checkout_knows_what_is_clean(files):
    files.run("format").succeeded()
    files.run("-f", "format", "--check").succeeded()
    files.ran()
    other = files.checkout("other")
    for path in ("upper", "src/a", "src/b", "src/deep/c d", "tasks.toml"):
        other.path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(files.path(path), other.path(path))
    clean = other.run("format", "--check", no_processes=True)
    assert clean.code == 0 and files.ran() == [], clean


def test_differences_with_v(files):
    done = files.run("-v", "format", "--check", "src/a")
    assert done.code == 1, done
    assert done.stdout == "would change: src/a\n--- a/src/a\n+++ b/src/a\n@@ -1,1 +1,1 @@\n-a\n+A\n", done


def test_paths_and_shards(files):
    assert files.run("format", "--check", "src/deep").stdout == "would change: src/deep/c d\n"
    parts = [files.run("-f", "--shard", f"{n}/3", "format", "--check").stdout for n in (1, 2, 3)]
    assert sorted("".join(parts).splitlines()) == ["would change: src/a", "would change: src/deep/c d"]
    missing = files.run("format", "--check", "src/x")
    assert missing.code == 4, missing


def test_a_file_that_the_tool_fails_on(files):
    files.write("src/bad", "BAD\n")
    done = files.run("-j1", "format", "--check")
    assert done.code == 1, done
    assert done.stdout == "would change: src/a\nwould change: src/deep/c d\n", done
    assert "src/bad: cannot be parsed\n" in done.stderr, done
    assert "rerun: devtask format --check src/bad\n" in done.stderr, done
    assert done.stderr.endswith(
        "failed: src/bad\nformat --check: 2 files would change, 1 failed, 1 clean\n"
    ), done
    files.ran()
    files.run("-j1", "format", "--check")
    assert "src/b" not in files.ran()  # the others keep their results


def test_messages_name_files_where_they_are(files):
    files.write("upper", '#!/bin/sh\necho "no: $PWD/$1"; exit 3\n', 0o755)
    done = files.run("format", "--check", "src/a")
    assert "no: ROOT/src/a\n" in done.stderr and "scratch" not in done.stdout + done.stderr, done


def test_a_tool_that_removes_the_file(files):
    files.write("upper", '#!/bin/sh\nrm "$1"\n', 0o755)
    done = files.run("format", "--check", "src/a")
    assert done.code == 1 and "failed: src/a: it was removed\n" in done.stderr, done
    assert files.read("src/a") == "a\n"


def test_steps_outside_of_the_files_folders_and_with_the_root(files):
    """Neither `..` nor `{{root}}` leads out of the copies."""
    files.write("tools/config", "")
    files.tasks(TASKS.replace('run = [["./upper"', 'dir = "tools"\n    run = [["../upper"'))
    before = outside(files)
    assert files.run("format", "--check").stdout == "would change: src/a\nwould change: src/deep/c d\n"
    files.tasks(TASKS.replace('run = [["./upper", "{{units}}"]]', "run = \"cd '{{root}}'; ./upper {{units}}\""))
    before = outside(files)
    assert files.run("format", "--check").stdout == "would change: src/a\nwould change: src/deep/c d\n"
    assert outside(files) == before


CHECK = """
    check = "./upper-check {{units}}"
"""
UPPER_CHECK = """\
#!/bin/sh
for file; do echo "check $file" >>"$COUNT_LOG"; done
for file; do
    if grep -q BAD "$file"; then echo "$file: cannot be parsed" >&2; exit 123; fi
done
for file; do
    if grep -q '[a-z]' "$file"; then echo "$file is not right"; wrong=1; fi
done
exit ${wrong:-0}
"""


def test_check_steps_are_used_if_there_are_any(files):
    files.write("upper-check", UPPER_CHECK, 0o755)
    files.write("src/bad", "BAD\n")
    files.tasks(TASKS + CHECK)
    before = outside(files)
    done = files.run("-j1", "format", "--check")
    assert done.code == 1 and outside(files) == before, done
    lines = done.stdout.splitlines()
    assert lines[-2:] == ["would change: src/a", "would change: src/deep/c d"], done
    assert "failed: src/bad\n" in done.stderr and "src/bad: cannot be parsed\n" in done.stderr, done
    assert all(line.startswith("check ") for line in files.ran())
    files.remove("src/bad")
    files.run("-j1", "format").succeeded()
    assert files.ran() == ["src/a", "src/deep/c d"]  # the check had found src/b clean
    files.run("format", "--check", no_processes=True).succeeded()
    files.tasks(TASKS + CHECK.replace("upper-check", "upper-check -x"))
    assert files.run("format", "--check", "--status").code == 1  # other steps, other results


def test_a_dependency_is_brought_up_to_date_first(files):
    files.tasks(
        '[tasks.tool]\ninputs = ["upper"]\noutputs = ["bin/"]\nrun = "RAN; mkdir -p bin; cp upper bin/upper"\n'
        + '[tasks.format]\ndeps = ["tool"]\nunits = ["src/**"]\nedits = true\nrun = [["bin/upper", "{{units}}"]]\n'
    )
    done = files.run("format", "--check", "src/a")
    assert done.stdout == "would change: src/a\n" and files.ran() == ["tool", "src/a"], done


def test_several_tasks_and_groups(files):
    files.tasks(
        TASKS
        + """
    [tasks.again]
    extends = "format"
    units = ["src/a"]
    [tasks.test]
    run = "RAN"
    [tasks.all]
    deps = ["format", "test"]
    [tasks.none]
    deps = ["test"]
    """
    )
    done = files.run("-k", "-j1", "all", "--check")
    assert done.code == 1 and done.stdout == "would change: src/a\nwould change: src/deep/c d\n", done
    assert "test" in files.ran()  # what is in the group and rewrites nothing runs as ever
    refused = files.run("none", "--check")
    assert refused.code == 2 and "`none` cannot do `--check`: nothing in this group has `edits = true`" in refused.stderr
    refused = files.run("format", "test", "--check")
    assert refused.code == 2 and "`test` cannot do `--check`: it has no `edits = true`" in refused.stderr, refused
    assert files.ran() == []


def test_a_file_that_would_change_is_no_reason_not_to_run_the_other_checks(files):
    files.tasks(TASKS + TASKS.replace("tasks.format", "tasks.again"))
    done = files.run("-j1", "format", "again", "--check")
    assert done.code == 1 and "not run" not in done.stderr, done
    assert done.stdout.count("would change: src/a\n") == 2, done


def test_an_editor_without_units_cannot_check_even_as_a_dependency(files):
    files.tasks(TASKS.replace("edits = true", 'edits = true\n    deps = ["old"]') + '[tasks.old]\ninputs = ["src/**"]\nedits = ["src/**"]\nrun = "RAN"\n')
    refused = files.run("format", "--check")
    assert refused.code == 2 and files.ran() == [], refused
    assert "`old` cannot do `--check`: it has `edits`, but no `units`" in refused.stderr


def test_ctrl_c_leaves_nothing_behind(files):
    files.write("upper", '#!/bin/sh\necho "$1" >>"$COUNT_LOG"; exec sleep 60\n', 0o755)
    before = outside(files)
    running = files.start("format", "--check", "src/a")
    wait_for(lambda: files.log.read_text(), "the tool to start")
    running.interrupt()
    assert running.wait().code == 130
    assert outside(files) == before
    assert list(files.path(".devtask/scratch").iterdir()) == []


def test_nothing_is_sealed_by_a_check(files):
    for path in ("src/a", "src/deep/c d"):
        files.remove(path)
    files.run("format", "--check").succeeded()
    files.run("format", "--check").succeeded()
    files.write("src/a", "a\n")
    assert files.run("format", "--check").code == 1
    assert files.read("src/a") == "a\n"
    files.run("format").succeeded()
    assert files.read("src/a") == "A\n"


def test_by_environment_variable(files):
    done = files.run("format", "src/a", env={"DEVTASK_CHECK": "1"})
    assert done.code == 1 and done.stdout == "would change: src/a\n", done


def test_black_and_isort(project):
    """Real ones, at the versions that .pre-commit-config.yaml pins: what they would do is what they do."""
    project.write(".pre-commit-config.yaml", PINS)
    project.write("src/pkg/__init__.py", "")
    project.write("src/pkg/a.py", "import pkg.b\nimport os\nimport yaml\nx = { 'a':os.sep }\n")
    project.write("src/pkg/b.py", "import os\n\nx = {}\n")
    project.write("src/pkg/bad.py", "def (:\n")
    project.tasks(PYTHON_TASKS)
    before = outside(project)
    done = project.run("-v", "format", "--check", env=online(), timeout=300)
    assert done.code == 1 and outside(project) == before, done
    assert "would change: src/pkg/a.py\n" in done.stdout and "+x = {\"a\": os.sep}\n" in done.stdout, done
    assert "cannot format src/pkg/bad.py" in done.stderr and "failed: src/pkg/bad.py\n" in done.stderr, done
    assert done.stderr.endswith("1 file would change, 1 failed, 2 clean\n"), done
    project.remove("src/pkg/bad.py")
    diff = done.stdout.split("would change: src/pkg/a.py\n")[1]
    project.run("format", env=online()).succeeded()
    formatted = project.read("src/pkg/a.py")
    project.write("src/pkg/a.py", "import pkg.b\nimport os\nimport yaml\nx = { 'a':os.sep }\n")
    subprocess.run(["patch", "-p1"], input=diff.encode(), cwd=project.root, check=True, stdout=sys.stderr)
    assert project.read("src/pkg/a.py") == formatted
    project.run("format", "--check", env=online(), no_processes=True).succeeded()


def test_a_tool_that_leaves_alone_what_git_ignores(project):
    """As isort does with `skip_gitignore`: the copies lie in a folder that is ignored."""
    project.tool(
        "tidy",
        """
        for file in "$@"; do
            top=$(git -C "$(dirname "$file")" rev-parse --show-toplevel 2>/dev/null) &&
                git -C "$top" check-ignore -q "$PWD/$file" || echo tidy >"$file"
        done
        """,
    )
    project.write("a.txt", "not\n")
    project.tasks("[tasks.format]\nunits = ['*.txt']\nedits = true\nrun = [['tidy', '{{units}}']]\ninputs = []\n")
    project.commit()
    checked = project.run("--check", "format")
    assert (checked.code, checked.stdout) == (1, "would change: a.txt\n"), checked
    assert project.read("a.txt") == "not\n"


def test_a_link_that_leads_nowhere_keeps_no_other_from_being_looked_at(files):
    files.path("src/lost").symlink_to("nowhere")
    result = files.run("-j1", "--check", "format")
    assert result.code == 1
    for said in ("src/lost: it is a link that leads to no file\n", "2 files would change, 1 failed, 1 clean"):
        assert said in result.stderr, result.stderr
    result = files.run("-j1", "format")
    assert result.code == 1 and "src/lost: it is a link that leads to no file\n" in result.stderr, result.stderr
    assert files.read("src/a") == "A\n"
    files.ran()
    assert files.run("-j1", "format").code == 1
    assert files.ran() == []
    files.remove("src/lost")
    files.run("format").succeeded()
