"""Tasks with `edits = true`: tools that rewrite files in place, and only those that may need it."""

import pytest
from support.units import ran, use_pytest, write_test

TASKS = """
    [tasks.format]
    units = ["src/**/*.txt"]
    inputs = ["format.cfg"]
    edits = true
    run = [["upper", "{{units}}"]]
"""

# Writes each file in capitals; of one that has `bad` in it it says so, and goes on.
UPPER = r"""
status=0
for file; do
    echo "$file" >>"$COUNT_LOG"
    if grep -q bad "$file"; then echo "error: cannot format $file: bad" >&2; status=123; continue; fi
    tr a-z A-Z <"$file" >"$file.new"
    if cmp -s "$file" "$file.new"; then rm "$file.new"; else cat "$file.new" >"$file"; rm "$file.new"; fi
done
exit $status
"""

ONE, TWO, THREE = "src/one.txt", "src/two.txt", "src/a b/three.txt"


@pytest.fixture
def texts(project):
    project.tasks(TASKS)
    project.tool("upper", UPPER)
    project.write("format.cfg", "")
    for path in (ONE, TWO, THREE):
        project.write(path, "text\n")
    return project


@pytest.fixture
def formatted(texts):
    texts.run("format").succeeded()
    assert ran(texts) == sorted([ONE, TWO, THREE])
    assert texts.read(THREE) == "TEXT\n"
    return texts


def test_the_second_run_starts_nothing(formatted):
    formatted.run("format", no_processes=True).expect(stderr="devtask: everything is up to date (1 task)\n")
    formatted.run("--status", "format", no_processes=True).expect(stdout="up to date\n")
    assert ran(formatted) == []


def test_a_tool_that_replaces_an_executable_file_by_another(texts):
    texts.tool("upper", UPPER.replace('cat "$file.new" >"$file"; rm "$file.new"', 'mv "$file.new" "$file"'))
    texts.path(ONE).chmod(0o755)
    texts.run("format").succeeded()
    assert not texts.path(ONE).stat().st_mode & 0o100
    texts.run("format", no_processes=True).succeeded()


def test_only_the_edited_file_is_given_to_the_tool(formatted):
    formatted.write(TWO, "other\n")
    formatted.run("format").succeeded()
    assert ran(formatted) == [TWO]
    assert formatted.read(TWO) == "OTHER\n"
    formatted.run("format", no_processes=True).succeeded()


def test_the_configuration_and_the_tool_count_for_all(formatted):
    formatted.write("format.cfg", "x\n")
    formatted.run("format").succeeded()
    assert len(ran(formatted)) == 3
    formatted.tool("upper", "# other\n" + UPPER)
    formatted.run("format").succeeded()
    assert len(ran(formatted)) == 3


def test_a_selection_is_enough(texts):
    texts.run("format", "src/a b").succeeded()
    assert ran(texts) == [THREE]
    assert texts.read(ONE) == "text\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_that_fails_is_named_and_the_others_keep_their_results(texts, jobs):
    texts.write(TWO, "bad\n")
    result = texts.run("-j", jobs, "format")
    assert result.code == 1
    assert "cannot format src/two.txt: bad" in result.stdout + result.stderr
    assert texts.read(ONE) == "TEXT\n" and texts.read(TWO) == "bad\n"
    ran(texts)
    assert texts.run("-j", jobs, "format").code == 1
    assert ran(texts) == [TWO]
    texts.write(TWO, "good\n")
    texts.run("format").succeeded()
    assert ran(texts) == [TWO]
    texts.run("format", no_processes=True).succeeded()


@pytest.mark.parametrize("count", [2, 9])
def test_a_tool_that_names_no_file_is_asked_until_the_failing_one_is_alone(texts, count):
    texts.tool("upper", "for file; do grep -q bad \"$file\" && { echo sorry >&2; exit 1; }; done\n" + UPPER)
    for i in range(count):
        texts.write(f"src/many/{i}.txt", "text\n")
    texts.write("src/many/1.txt", "bad\n")
    result = texts.run("-j1", "format")
    assert result.code == 1
    assert "sorry" in result.stdout + result.stderr
    for i in range(count):
        assert texts.read(f"src/many/{i}.txt") == ("bad\n" if i == 1 else "TEXT\n")
    ran(texts)
    assert texts.run("-j1", "-n", "format").stdout.startswith(
        "run format: `src/many/1.txt` did not pass last time (1 of "
    )
    texts.write("src/many/1.txt", "good\n")
    texts.run("format").succeeded()
    assert ran(texts) == ["src/many/1.txt"]


def test_a_tool_that_stops_at_the_first_is_not_started_twice_for_each(texts):
    texts.tool("upper", 'echo start >>"$COUNT_LOG"; echo "bad: $1"; exit 1')
    for i in range(37):
        texts.write(f"src/many/{i}.txt", "bad\n")
    result = texts.run("-j1", "format")
    assert result.code == 1 and result.stderr.count("bad: ") == 40, result
    assert len(texts.ran()) < 46


def test_a_file_is_not_blamed_for_another_of_the_same_name(texts):
    """`one.txt` is the end of `src/one.txt` and of `src/deep/one.txt`."""
    texts.write("src/deep/one.txt", "bad\n")
    texts.run("-j1", "format")
    assert texts.read(ONE) == "TEXT\n"
    ran(texts)
    assert texts.run("-j1", "format").code == 1
    assert ran(texts) == ["src/deep/one.txt"]


def test_more_files_than_one_process_takes_have_one_reason(texts):
    texts.tool("upper", 'echo start >>"$COUNT_LOG"')
    for i in range(3000):
        texts.write(f"src/{i:0200}.txt", "")
    result = texts.run("-j1", "format").succeeded()
    assert len(texts.ran()) > 1
    assert result.stderr.count("never ran here") == 1, result.stderr[:2000]


def test_a_tool_that_is_not_there_is_missed_once(texts):
    texts.tasks(TASKS.replace('"upper"', '"no-such-tool"'))
    result = texts.run("-j1", "format")
    assert result.code == 1 and result.stderr.count("command not found") == 1, result


def test_what_a_tool_ends_with_is_not_taken_for_an_exit_status_of_devtask(texts):
    texts.tool("upper", "exit 4")
    assert texts.run("-j1", "format").code == 1


def test_what_failed_is_told_by_name(texts):
    texts.tool("upper", "for file; do grep -q bad \"$file\" && { echo sorry >&2; exit 1; }; done\n" + UPPER)
    texts.write(TWO, "bad\n")
    result = texts.run("-j1", "format")
    assert "--- format failed (exit status 1) ---\nsrc/two.txt:\nsorry\n" in result.stderr, result.stderr


def test_edits_come_before_the_tests_that_read_the_files(texts):
    use_pytest(texts)
    texts.tasks(
        TASKS
        + """
    [tasks.test]
    uses = "pytest"
    units = ["tests/test_*.py"]
    inputs = ["src/**"]
    """
    )
    write_test(texts, "tests/test_a.py", f"assert pathlib.Path({ONE!r}).read_text() == 'TEXT\\n'")
    for words in (["test", "format"], ["format", "test"]):
        texts.write(ONE, "text\n")
        texts.run("-j2", *words).succeeded()
        assert "tests/test_a.py" in texts.ran() or words == ["format", "test"]
        texts.run("test", "format", no_processes=True).succeeded()


def test_two_tools_on_the_same_files(texts):
    """One after the other, in the order in which they are asked for, and it comes to rest."""
    texts.tasks(
        TASKS
        + """
    [tasks.sort]
    units = ["src/**/*.txt"]
    inputs = []
    edits = true
    run = "for file; do sort -o $file $file; done; : {{units}}"
    """.replace("for file; do sort -o $file $file; done; : {{units}}", "sort-all {{units}}")
    )
    texts.tool("sort-all", 'for file; do echo "$file" >>"$COUNT_LOG"; sort -o "$file" "$file"; done')
    texts.write(ONE, "b\na\n")
    texts.run("format", "sort").succeeded()
    assert texts.read(ONE) == "A\nB\n"
    texts.run("format", "sort").succeeded()
    ran(texts)
    texts.run("format", "sort", no_processes=True).succeeded()


def test_clean_forgets_and_removes_nothing(formatted):
    formatted.run("clean", "format").expect(stdout="removed 0 files of 1 task\n")
    assert formatted.read(ONE) == "TEXT\n"
    formatted.run("clean", "format").expect(stdout="removed 0 files of 0 tasks\n")


def test_what_the_tool_left_as_it_was_is_clean_elsewhere(formatted):
    """What it made may be somebody else's: that is known here only."""
    other = formatted.checkout("other")
    for path in ("tasks.toml", "format.cfg", ONE, TWO, THREE):
        other.write(path, formatted.read(path))
    other.run("format").succeeded()
    assert ran(formatted) == sorted([ONE, TWO, THREE])
    third = formatted.checkout("third")
    for path in ("tasks.toml", "format.cfg", ONE, TWO, THREE):
        third.write(path, formatted.read(path))
    third.run("format", no_processes=True).succeeded()
    assert ran(formatted) == []


def test_a_tool_that_removes_its_file_has_failed(texts):
    texts.tool("upper", 'for file; do test "$file" != src/two.txt || rm "$file"; done')
    for words in (["--check"], []):
        result = texts.run("-j1", "format", *words)
        assert result.code == 1, result
        assert "failed: src/two.txt: it was removed\n" in result.stderr, result
