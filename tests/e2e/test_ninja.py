"""Plain Ninja does the same as devtask: same results, exactly what is stale. With each Ninja version there is."""

import os
import pty
import re
import subprocess

import pytest

from support.project import DEVTASK, ninjas
from support.result import Has
from support.waiting import wait_for

FILE = ".devtask/build.ninja"


@pytest.fixture(params=ninjas(), ids=lambda path: subprocess.check_output([path, "--version"], text=True).strip())
def ninja(request, project):
    project.use_ninja(request.param)
    return request.param


@pytest.fixture
def plain(ninja, sample):
    """The sample project; `plain(TARGET…)` calls Ninja itself."""
    sample.run("ninja", "--", "-t", "targets").succeeded()

    def call(*words, **options):
        return sample.command(ninja, "-f", FILE, *words, **options)

    return call


def test_there_are_two_versions_where_they_are_named():
    named = os.environ.get("DEVTASK_TEST_NINJAS")
    if named:
        assert len(ninjas()) >= 2, named


def test_devtask_runs_with_this_version(ninja, sample):
    sample.run("all").succeeded()
    assert sorted(sample.ran()) == ["check", "docs", "gen", "pack"]
    sample.write("header.txt", "new\n")
    sample.run("all").expect(
        stderr="""\
        pack: header.txt changed
        pack: done in TIME
        check: its dependency pack changed
        check: done in TIME
        devtask: 2 ran, 2 up to date in TIME
        """
    )
    assert sample.ran() == ["pack", "check"]


def test_plain_ninja_builds_a_target_by_name(plain, sample):
    plain("check").succeeded()
    assert sample.ran() == ["gen", "pack", "check"]
    assert sample.read("build/pack/all.txt") == "header\nSRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"
    sample.run("check", no_processes=True).expect(stderr="devtask: everything is up to date (3 tasks)\n")
    assert sample.ran() == []


def test_plain_ninja_has_nothing_to_do_the_second_time(plain, sample):
    plain("all").succeeded()
    sample.ran()
    sample.touch_everything()
    assert "no work to do" in plain("all").succeeded().stdout
    assert sample.ran() == []


def test_plain_ninja_runs_exactly_what_is_stale(plain, sample):
    plain("all").succeeded()
    sample.ran()
    sample.write("header.txt", "new\n")
    sample.make_older("header.txt")
    run = plain("all").succeeded()
    assert sample.ran() == ["pack", "check"]
    # [1/N]: Ninja counted only what was to be done.
    assert re.search(r"\[\d/[23]\]", run.stdout), run.stdout
    sample.run("all", no_processes=True).expect(stderr="devtask: everything is up to date (4 tasks)\n")


def test_plain_ninja_stops_where_the_result_is_the_same(plain, sample):
    plain("all").succeeded()
    sample.ran()
    sample.write("src/a.txt", "A one\n")
    plain("all").succeeded()
    assert sample.ran() == ["gen"]


def test_plain_ninja_and_devtask_take_turns(plain, sample):
    contents = ["one\n", "two\n", "three\n", "four\n"]
    for number, text in enumerate(contents):
        sample.write("src/a.txt", text)
        (plain("check") if number % 2 else sample.run("check")).succeeded()
        assert sample.ran() == ["gen", "pack", "check"], text
    for number, text in enumerate(contents):
        sample.write("src/a.txt", text)
        (sample.run("check") if number % 2 else plain("check")).succeeded()
        assert sample.ran() == [], text  # restored
        assert text.upper() in sample.read("build/pack/all.txt")


def test_plain_ninja_follows_edits_of_tasks_toml(plain, sample):
    plain("all").succeeded()
    sample.ran()
    sample.edit("tasks.toml", "tr a-z A-Z", "tr b-z B-Z")
    plain("gen").succeeded()
    assert sample.ran() == ["gen"]
    new = "\n[tasks.new]\ninputs = []\nrun = 'echo new >>$COUNT_LOG'\n"
    sample.write("tasks.toml", sample.read("tasks.toml") + new)
    plain("new").succeeded()
    assert sample.ran() == ["new"]


def test_plain_ninja_restores_from_the_cache(plain, sample):
    sample.run("all").succeeded()
    sample.remove("build")
    sample.ran()
    plain("all").succeeded()
    assert sample.ran() == []
    assert sample.read("build/gen.txt") == "SRC/A.TXT:A ONE\nSRC/B.TXT:B TWO\n"


def test_plain_ninja_fails_when_a_task_fails(plain, sample):
    sample.edit("tasks.toml", "grep -q A build/pack/all.txt", "echo broken; exit 3")
    for _ in range(2):
        run = plain("check")
        assert run.code == 1
        assert "broken" in run.stdout + run.stderr
    assert sample.ran() == ["gen", "pack", "check", "check"]


def test_an_output_is_a_target(plain, sample):
    plain("build/gen.txt").succeeded()
    assert sample.ran() == ["gen"]


def test_the_file_can_be_read_by_people(plain, sample):
    text = sample.read(FILE)
    assert "grep '' src/*" in text
    assert re.search(r"^build gen: phony ", text, re.M)
    assert "devtask" in text
    sample.run("all").succeeded()
    assert not list(sample.path(".devtask").glob("runs/*"))


def test_the_same_project_gives_the_same_file(plain, sample):
    first = sample.read(FILE)
    sample.run("ninja", "--", "-t", "targets").succeeded()
    assert sample.read(FILE) == first


def test_a_broken_tasks_toml_is_said(plain, sample):
    sample.write("tasks.toml", "[tasks.a]\nrunn = 1\n")
    run = plain("check")
    assert run.code != 0
    assert "unknown key `runn`" in run.stdout + run.stderr
    assert sample.ran() == []


def test_sources_are_there_for_ninjas_tools(ninja, sample):
    sample.run("ninja", "--", "-t", "targets").succeeded()
    inputs = sample.command(ninja, "-f", ".devtask/sources.ninja", "-t", "inputs", "check").succeeded().stdout
    for path in ("src/a.txt", "src/b.txt", "header.txt", "tests/t.txt"):
        assert path in inputs.split()
    assert "docs/d.txt" not in inputs
    query = sample.command(ninja, "-f", ".devtask/sources.ninja", "-t", "query", "src/a.txt").succeeded().stdout
    assert "gen" in query
    graph = sample.command(ninja, "-f", ".devtask/sources.ninja", "-t", "graph", "all").succeeded().stdout
    assert graph.startswith("digraph")


def test_devtask_ninja_passes_words_on(ninja, sample):
    sample.run("ninja", "--", "-t", "targets", "all").expect(stdout=Has("gen: phony"))
    sample.run("ninja", "--", "gen").succeeded()
    assert sample.ran() == ["gen"]
    assert sample.run("ninja", "--", "no-such-target").code != 0


def test_a_pool_limits_how_many_run(ninja, project):
    project.tasks(
        "[pools]\none = 1\n"
        + "".join(
            f"[tasks.{name}]\npool = 'one'\ninputs = []\nrun = 'RAN; mkdir alone; sleep 0.1; rmdir alone'\n"
            for name in "abc"
        )
    )
    project.run("-j4", "a", "b", "c").succeeded()
    assert sorted(project.ran()) == ["a", "b", "c"]


def on_a_terminal(project, *words, typed=b""):
    """Runs devtask with a terminal for its input, output and errors; what it wrote."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [DEVTASK, *words], cwd=project.root, env=project.environment({"TERM": "xterm"}),
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    os.set_blocking(master, False)
    written = b""

    def finished():
        nonlocal written
        try:
            written += os.read(master, 65536)
        except BlockingIOError:
            return process.poll() is not None
        except OSError:
            return process.poll() is not None
        return False

    if typed:
        os.write(master, typed)
    wait_for(finished, f"devtask to end; it wrote {written!r}")
    os.close(master)
    return process.returncode, written.decode()


def test_an_interactive_task_has_the_terminal(ninja, project):
    project.tasks(
        """
        [tasks.ask]
        deps = ["before"]
        interactive = true
        run = "RAN; test -t 0; test -t 1; printf 'name? '; read name; echo hello $name"
        [tasks.before]
        inputs = []
        run = "RAN"
        """
    )
    code, written = on_a_terminal(project, "ask", typed=b"Ada\n")
    assert code == 0, written
    assert "hello Ada" in written
    assert project.ran() == ["before", "ask"]


def test_an_interactive_task_reads_from_a_pipe_too(ninja, project):
    project.tasks("[tasks.ask]\ninteractive = true\nrun = 'RAN; read name; echo hello $name'\n")
    run = project.run("ask", stdin=b"Ada\n").succeeded()
    assert run.stdout == "hello Ada\n"
    run = project.run("ask", stdin=b"Bob\n").succeeded()
    assert run.stdout == "hello Bob\n"
    assert project.ran() == ["ask", "ask"]


def test_without_ninja_it_is_said(sample):
    empty = sample.folder / "no-ninja"
    empty.mkdir()
    for name in ("sh", "grep", "mkdir", "tr", "cat"):
        (empty / name).symlink_to(f"/bin/{name}" if os.path.exists(f"/bin/{name}") else f"/usr/bin/{name}")
    sample.run("gen", env={"PATH": str(empty)}).expect(stderr=Has("error: cannot find `ninja`", "install it"), code=2)
    assert sample.ran() == []
