"""Two and twenty devtasks at once, in one checkout and in two that share a cache; the cache is cleaned and checked too.

What can be counted on: in one checkout an action is executed once, as the others wait for its lock. Two checkouts
have locks of their own and share results only once these are stored: at the same moment each may execute an action,
but never twice.
"""

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from faults.workloads import WORKLOADS, References
from support.cache import make_unused
from support.project import DEVTASK
from support.waiting import wait_for

CHAIN = WORKLOADS["chain"]
MANY = WORKLOADS["many"]
NAMES = CHAIN.request[1:]
NOBODY_IS_LATER_THAN = 90
CARE = (["cache", "gc"], ["cache", "verify"])
LOOKS = (["--status", "all"], ["-n", "all"], ["why", "all"], ["list", "--json"])


@pytest.fixture
def two(project):
    """Two checkouts with one cache, and for each of them a count of what ran."""
    other = project.checkout("other")
    other.log = project.folder / "ran-other"
    other.env["COUNT_LOG"] = str(other.log)
    other.log.touch()
    return project, other


def run_all(runs, beside=()):
    """Waits for `runs`; until they have ended, the commands of `beside` (project, words) run again and again."""
    running, cared = list(runs), []
    active = [(project, words, project.start(*words)) for project, words in beside]

    def step():
        for index, (project, words, process) in enumerate(active):
            if process.process.poll() is not None:
                cared.append(process.wait())
                active[index] = (project, words, project.start(*words))
        return all(run.process.poll() is not None for run in running)

    wait_for(step, "every run to end", NOBODY_IS_LATER_THAN)
    cared += [process.wait(NOBODY_IS_LATER_THAN) for _, _, process in active]
    return [run.wait() for run in running], cared


def assert_all_succeeded(results):
    for result in results:
        assert result.code == 0, f"{result.command}: {result.code}\n{result.stdout}{result.stderr}"
        assert "error: " not in result.stderr, result.stderr


def assert_settled(projects, workload, variant, references):
    for project in projects:
        project.log.write_text("")
        project.run(*workload.request).succeeded()
        assert references.wrong(project, variant) == ""
        again = project.run(*workload.request, no_processes=True).succeeded()
        assert "everything is up to date" in again.stderr
    verified = projects[0].run("cache", "verify").succeeded()
    assert "all good" in verified.stdout, verified.stdout
    projects[0].wait_until_no_process_is_left()


@pytest.mark.parametrize("count", [2, 20])
def test_in_one_checkout_each_action_is_executed_once(project, tmp_path, count):
    references = References(tmp_path / "references", CHAIN)
    for variant in range(2):
        CHAIN.write(project, variant)
        runs = [project.start(*(CHAIN.request if number % 2 == 0 else ["all"])) for number in range(count)]
        results, cared = run_all(runs, [(project, words) for words in CARE])
        assert_all_succeeded(results + cared)
        assert not [result.stderr for result in results if "warning: " in result.stderr]
        assert sorted(project.ran()) == sorted(NAMES)
        assert_settled([project], CHAIN, variant, references)
        assert project.ran() == []


def test_looking_at_the_same_time_disturbs_nobody(project, tmp_path):
    CHAIN.write(project, 0)
    runs = [project.start(*CHAIN.request) for _ in range(4)]
    results, looked = run_all(runs, [(project, words) for words in LOOKS])
    assert_all_succeeded(results)
    for result in looked:
        assert result.code in (0, 1) and "error: " not in result.stderr, result.stderr
    assert sorted(project.ran()) == sorted(NAMES)
    assert_settled([project], CHAIN, 0, References(tmp_path / "references", CHAIN))


@pytest.mark.parametrize("count", [2, 20])
def test_in_two_checkouts_each_action_is_executed_once_in_each_at_most(two, tmp_path, count):
    references = References(tmp_path / "references", CHAIN)
    for project in two:
        CHAIN.write(project, 0)
    runs = [two[number % 2].start(*CHAIN.request) for number in range(count)]
    results, cared = run_all(runs, [(two[0], words) for words in CARE])
    assert_all_succeeded(results + cared)
    counts = [Counter(project.ran()) for project in two]
    assert max(max(count.values(), default=0) for count in counts) == 1, (counts, [each.stderr for each in results])
    assert set(counts[0] + counts[1]) == set(NAMES), counts
    assert_settled(two, CHAIN, 0, references)
    # What is stored is shared: nothing runs in a third.
    third = two[0].checkout("third")
    CHAIN.write(third, 0)
    third.run(*CHAIN.request, no_processes=True).succeeded()
    assert third.ran() == []


@pytest.mark.parametrize("workload", [CHAIN, MANY], ids=["chain", "many"])
def test_a_collection_that_removes_what_others_are_restoring(two, tmp_path, workload):
    """Every result is old enough to go; whoever finds its result gone makes it again."""
    references = References(tmp_path / "references", workload)
    for project in two:
        workload.write(project, 0)
    two[0].run(*workload.request).succeeded()
    make_unused(two[0], hours=48)
    for project in two:
        workload.forget_outputs(project)
        shutil.rmtree(project.path(".devtask"), ignore_errors=True)
        project.ran()
    empty = ["cache", "gc", "--max-size", "0"]
    runs = [two[number % 2].start(*workload.request) for number in range(20)]
    results, cared = run_all(runs, [(two[0], empty), (two[1], empty), (two[0], ["cache", "verify"])])
    assert_all_succeeded(results + cared)
    for project in two:
        counts = Counter(project.ran())
        assert not counts or max(counts.values()) == 1, counts
    assert_settled(two, workload, 0, references)


def test_the_cache_emptied_under_running_tasks(two, tmp_path):
    """`cache clean` at any time costs work, not results."""
    references = References(tmp_path / "references", CHAIN)
    for project in two:
        CHAIN.write(project, 0)
    runs = [two[number % 2].start(*CHAIN.request) for number in range(6)]
    results, cared = run_all(runs, [(two[0], ["cache", "clean"])])
    assert_all_succeeded(results + cared)
    assert_settled(two, CHAIN, 0, references)


def delayed(project, call, microseconds, *filters):
    """devtask whose system call takes so long; its output is of no interest."""
    what = ["-e", f"trace={call}", "-e", f"inject={call}:delay_enter={microseconds}"]
    command = ["strace", "-f", "-o", "/dev/null", *filters, *what, DEVTASK, "slow"]
    with (project.folder / f"err-{call}").open("wb") as err:
        return subprocess.Popen(
            command, cwd=project.root, env=project.environment({}), stdout=err, stderr=err, start_new_session=True
        )


@pytest.mark.skipif(not shutil.which("strace"), reason="strace makes the moment long enough")
def test_who_waits_ends_nothing_of_a_living_run(project):
    """The first has the lock and has not yet written its number there: the one before is dead, which proves nothing."""
    project.tasks(
        """
        [tasks.slow]
        inputs = ["in.txt"]
        outputs = ["out.txt"]
        run = "RAN; until test -e go; do sleep 0.02; done; cat in.txt >out.txt"
        """
    )
    project.write("in.txt", "one\n")
    project.write("go", "")
    project.run("slow").succeeded()
    project.remove("go")
    dead = subprocess.Popen(["true"])
    dead.wait()
    project.write(".devtask/locks/slow", f"{dead.pid} 1\n")  # as who was killed leaves it
    project.write("in.txt", "two\n")
    first = delayed(project, "ftruncate", 5_000_000)
    wait_for(lambda: len(locks_held(project)) == 1, "the first to have the lock")
    second = delayed(project, "getdents64", 2_500_000, "-P", "/proc")
    told = project.folder / "err-getdents64"
    wait_for(lambda: first.poll() is not None or b"waiting for another devtask" in told.read_bytes(), "the second")
    project.write("go", "")
    assert (first.wait(60), second.wait(60)) == (0, 0)
    assert project.ran() == ["slow", "slow"]


def locks_held(project):
    """Lines of /proc/locks for the task's lock."""
    inode = project.path(".devtask/locks/slow").stat().st_ino
    return [line for line in Path("/proc/locks").read_text().splitlines() if line.split()[5].endswith(f":{inode}")]
