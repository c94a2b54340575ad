"""Somebody saves a file while a formatter rewrites it in place: what was saved is not taken for formatted."""

import pytest
from support.waiting import wait_for

# Upper-case. Waits before or after it has written, for a test to write.
UPPER = """\
#!/bin/sh
for file; do
    echo "$file" >>"$COUNT_LOG"
    tr a-z A-Z <"$file" >"$file.new"
    cmp -s "$file" "$file.new" || mv "$file.new" "$file"
    rm -f "$file.new"
done
echo written >>"$COUNT_LOG"
until [ -e "$COUNT_LOG.go" ]; do sleep 0.01; done
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
    project.write("src/b", "b\n")
    project.tasks(TASKS)
    project.go = project.log.with_name(project.log.name + ".go")
    return project


def format_and(files, change):
    running = files.start("-j1", "format")
    wait_for(lambda: "written" in files.log.read_text(), "the tool to have written")
    change()
    files.go.touch()
    done = running.wait()
    files.ran()
    return done


def test_a_save_after_the_tool_wrote_is_named_and_formatted_the_next_time(files):
    done = format_and(files, lambda: files.write("src/a", "mine\n"))
    assert done.code == 0, done
    assert (
        "warning: `src/a` was written by others too while `format` ran: it is looked at again the next time\n"
        in done.stderr
    ), done
    assert files.read("src/a") == "mine\n"
    assert "written by others" not in files.run("format").succeeded().stderr
    assert files.ran() == ["src/a", "written"] and files.read("src/a") == "MINE\n"
    files.run("format", no_processes=True).succeeded()


def test_nobody_else_is_nobody(files):
    done = format_and(files, lambda: files.write("src/new", "x\n"))
    assert done.code == 0 and "written by others" not in done.stderr, done


def test_the_same_content_again_is_not_worth_a_word_if_it_was_right(files):
    files.write("src/a", "A\n")

    def twice():
        files.write("src/a", "x\n")
        files.write("src/a", "A\n")

    done = format_and(files, twice)
    assert "written by others" not in done.stderr, done
    assert files.read("src/a") == "A\n"


def test_each_program_may_write_once(files):
    files.go.touch()
    files.tasks(TASKS.replace('run = [["./upper", "{{units}}"]]', 'run = "./upper {{units}}; sed -i s/A/B/ {{units}}"'))
    done = files.run("format").succeeded()
    assert files.read("src/a") == "B\n" and "written by others" not in done.stderr, done


def test_a_program_that_opens_a_file_and_then_replaces_it_writes_it_once(files):
    files.go.touch()
    files.tool("replace", 'exec 3<>"$1"; sed s/x/y/ <&3 >"$1.new" && exec 3>&- && mv "$1.new" "$1"')
    files.tasks(TASKS.replace('run = [["./upper", "{{units}}"]]', 'run = [["replace", "{{units}}"]]'))
    files.remove("src/b")
    files.write("src/a", "x\n")
    done = files.run("format").succeeded()
    assert files.read("src/a") == "y\n" and "written by others" not in done.stderr, done


def test_where_nobody_knows_who_wrote_the_next_run_looks_again(files):
    """Of what is written into memory the system says nothing."""
    files.tool(
        "into-memory",
        """exec python3 -c '
import mmap, os, sys
open(os.environ["COUNT_LOG"], "a").write(sys.argv[1] + "\\n")
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
    if view[:1] != b"Y": view[:1] = b"Y"
' "$1" """,
    )
    files.tasks(TASKS.replace('run = [["./upper", "{{units}}"]]', 'run = [["into-memory", "{{units}}"]]'))
    files.remove("src/b")
    files.write("src/a", "x\n")
    for times in range(2):
        done = files.run("format").succeeded()
        assert files.read("src/a") == "Y\n" and files.ran() == ["src/a"]
        assert "written by others" not in done.stderr, done
    files.run("format", no_processes=True).succeeded()
