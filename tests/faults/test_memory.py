"""Memory stays flat, however much a task writes and however large its files are. What is measured is the most that
devtask, or a process that it started, ever had in memory, by the kernel's count; the tasks here need little."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import DEVTASK
from support.waiting import wait_for

MEGABYTE = 1 << 20
LINE = "a line of what a task has to say, over and over\n"
# Much less than was tried by hand (2 GB, 5 GB), and several times what devtask takes whatever the size.
LOUD = 64 * MEGABYTE
BIG = 128 * MEGABYTE
LIMIT = 32 * MEGABYTE

# Prints the most memory that its only child ever had, in bytes, behind the child's own output. It is small itself: what
# a process had before it became another program counts, too.
MEASURE = """
import os, resource, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
with open(os.environ["MEASURED"], "w") as file:
    file.write(str(used.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def runs_flat(project, *words, output=os.devnull, code=0, limit=LIMIT, **env):
    """Runs devtask with its output in a file; what it says itself, and the most memory that it had."""
    result, errors = project.folder / "measured", project.folder / "errors"
    with open(output, "wb") as out, errors.open("wb") as err:
        done = subprocess.run(
            [sys.executable, "-S", "-E", "-c", MEASURE, DEVTASK, *words],
            cwd=project.root,
            env=project.environment({"MEASURED": str(result), **env}),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            timeout=600,
        )
    said = errors.read_text()
    assert done.returncode == code, said[-2000:]
    memory = int(result.read_text())
    assert memory < limit, f"{memory / MEGABYTE:.0f} MB"
    return said, memory


def test_the_measure_measures(project):
    """A child of 200 MB is seen, and a small one is not taken for its parent."""
    result = project.folder / "measured"
    sizes = []
    for size in (0, 200 * MEGABYTE):
        child = project.folder / "child"
        child.write_text(f"#!{sys.executable} -SE\nx = b'x' * {size}\n")
        child.chmod(0o755)
        command = [sys.executable, "-S", "-E", "-c", MEASURE, child]
        subprocess.run(command, env=project.env | {"MEASURED": str(result)}, check=True)
        sizes.append(int(result.read_text()))
    assert sizes[0] < 40 * MEGABYTE
    assert 200 * MEGABYTE < sizes[1] < 260 * MEGABYTE


# ---- a task that writes much


@pytest.fixture
def loud(project):
    """`ok` and `bad` write LOUD bytes of numbered lines, then their name."""
    task = "[tasks.{0}]\ninputs = ['in']\nrun = 'RAN; yes \"{1}\" | head -c {2}; echo; echo {0}; {3}'\n"
    project.tasks(task.format("ok", LINE[:-1], LOUD, "true") + task.format("bad", LINE[:-1], LOUD, "false"))
    project.write("in", "in\n")
    return project


def expected_end(name):
    return f"\n{name}\n"


def is_whole(path, name):
    """All that the task wrote and nothing else."""
    end = expected_end(name).encode()
    with open(path, "rb") as file:
        assert os.fstat(file.fileno()).st_size == LOUD + len(end)
        assert file.read(len(LINE) * 3) == LINE.encode() * 3
        file.seek(LOUD)
        assert file.read() == end
    return True


def test_a_log_goes_through_and_comes_back(loud):
    """As it comes; then from the cache, and from this checkout's last success."""
    printed = loud.folder / "printed"
    for words in (["ok"], ["--output-logs", "full", "ok"]):
        runs_flat(loud, *words, output=printed)
        assert is_whole(printed, "ok")
    loud.remove(".devtask")
    runs_flat(loud, "--output-logs", "full", "ok", output=printed)
    assert is_whole(printed, "ok")
    assert loud.ran() == ["ok"]
    assert not list(loud.path(".devtask").glob("logs/*"))


def test_of_a_failure_the_end_is_repeated_and_the_file_is_named(loud):
    said, _ = runs_flat(loud, "--output-logs", "errors-only", "bad", code=1)
    log = loud.path(".devtask/logs/bad")
    assert is_whole(log, "bad")
    assert len(said) < MEGABYTE
    assert f"(63.9 MB before this are left out, all of it is in {log})\n{LINE}" in said
    assert "\nbad\nrerun: devtask bad\n" in said
    loud.edit("tasks.toml", "echo bad; false", "echo good")
    loud.run("--output-logs", "none", "bad").succeeded()
    assert not log.exists()
    assert loud.ran() == ["bad", "bad"]


def test_one_group_for_a_log_on_github_is_several(loud):
    printed = loud.folder / "printed"
    runs_flat(loud, "ok", output=printed, GITHUB_ACTIONS="true")
    said = printed.read_bytes()
    assert said.count(b"::group::ok\n") == said.count(b"::endgroup::\n") > 32
    assert said.replace(b"::group::ok\n", b"").replace(b"::endgroup::\n", b"").count(LINE.encode()) == LOUD // len(LINE)


def test_a_log_on_a_terminal(loud):
    master, slave = pty.openpty()
    result = loud.folder / "measured"
    process = subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", MEASURE, DEVTASK, "--output-logs", "none", "ok"],
        cwd=loud.root,
        env=loud.environment({"MEASURED": str(result), "TERM": "xterm"}),
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    os.set_blocking(master, False)

    def ended():
        try:
            os.read(master, 65536)
        except BlockingIOError:
            return process.poll() is not None
        except OSError:
            return process.poll() is not None
        return False

    wait_for(ended, "devtask to end", 120)
    os.close(master)
    assert process.returncode == 0
    assert int(result.read_text()) < LIMIT


def test_a_line_without_end(project):
    project.tasks(f"[tasks.a]\ninputs = []\nrun = \"RAN; head -c {LOUD} /dev/zero | tr '\\\\0' x\"\n")
    printed = project.folder / "printed"
    runs_flat(project, "a", output=printed)
    assert len(printed.read_bytes().replace(b"\n", b"")) == LOUD


def test_secrets_are_masked_in_a_long_log(project):
    """Also where one lies across the place where memory ends and the file begins, wherever that is."""
    project.tasks(
        """
        [tasks.a]
        inputs = ["in"]
        env-pass = ["MY_TOKEN"]
        run = 'RAN; i=0; while test $i -lt 60000; do echo "$i it is $MY_TOKEN, see"; i=$((i+1)); done; cat in; exit 3'
        """,
        project='secrets = ["*_TOKEN"]\n',
    )
    project.write("in", "end\n")
    env = {"MY_TOKEN": "hunter2-hunter2"}
    run = project.run("a", env=env)
    assert run.code == 1
    log = project.read(".devtask/logs/a")
    assert log == "".join(f"{i} it is ***, see\n" for i in range(60000)) + "end\n"
    assert "hunter2" not in run.stdout + run.stderr
    for path in [*project.path(".devtask").rglob("*"), *project.cache.rglob("*")]:
        assert not path.is_file() or b"hunter2" not in path.read_bytes(), path


def test_a_killed_run_leaves_no_log_for_good(project):
    project.tasks(
        "[tasks.a]\ninputs = ['in']\n"
        "run = 'RAN; yes | head -c 5000000; echo $$ >began; test -e go || exec sleep 1000'\n"
    )
    project.write("in", "in\n")
    running = project.start("a")
    wait_for(lambda: project.path("began").exists(), "the task to begin")
    wait_for(
        lambda: sum(path.stat().st_size for path in project.path(".devtask").glob("logs/.*")) == 5_000_000, "the log"
    )
    running.send(9)
    running.wait()
    project.wait_until_no_process_is_left()
    project.write("go", "")
    project.run("--output-logs", "none", "a").succeeded()
    assert list(project.path(".devtask/logs").iterdir()) == []
    assert project.ran() == ["a", "a"]


# ---- large files


def test_a_large_output_and_input(project):
    """Made, stored, looked at, restored, read by the next task; all of it holes, so that no disk is filled."""
    project.tasks(
        f"""
        [tasks.big]
        inputs = ["in"]
        outputs = ["big.bin"]
        run = "RAN; truncate -s {BIG} big.bin; cat in >>big.bin"
        [tasks.read]
        deps = ["big"]
        inputs = []
        run = "RAN; tail -c 3 big.bin >end"
        """
    )
    project.write("in", "in\n")
    for ran in (["big", "read"], []):
        runs_flat(project, "read")
        assert project.ran() == ran
    project.remove("big.bin")
    runs_flat(project, "read")
    assert project.ran() == []
    assert project.path("big.bin").stat().st_size == BIG + 3


# ---- many files


def test_many_inputs_take_memory_by_the_hundred_bytes(project):
    """What a file costs is told by the difference of two sizes: no more than 3 KB in any run."""
    costs = {}
    for count in (500, 5500):
        many = project.checkout(f"with {count}")
        many.tasks("[tasks.many]\ninputs = ['src/**']\noutputs = ['out']\nrun = 'RAN; cat src/0/* | sort -u >out'\n")
        for number in range(count):
            if number % 100 == 0:
                many.path(f"src/{number // 100}").mkdir(parents=True)
            Path(many.root, f"src/{number // 100}/file{number}.txt").write_text(f"{number}\n")
        for name, ran in (("cold", ["many"]), ("nothing", []), ("one change", ["many"])):
            if name == "one change":
                many.write("src/1/file100.txt", "changed\n")
            _, memory = runs_flat(many, "many", limit=4 * LIMIT)
            assert many.ran() == ran
            costs.setdefault(name, []).append(memory)
    for name, (few, more) in costs.items():
        assert (more - few) / 5000 < 3000, f"{name}: {(more - few) / 5000:.0f} bytes a file"
