"""kill -9 of devtask, Ninja, a shim or a task's process at a random moment: the next run is right.

    DEVTASK_TEST_ROUNDS=2000    so many kills in all, spread over the workloads; 64 by default
    DEVTASK_TEST_SEED=123       the same moments again, as far as the machine allows: a failure names its seed

A moment is drawn as a share of the time that a run takes which nobody kills. A Ninja, shim or task that is to be
killed is the next one that exists from that moment on.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from faults.workloads import WORKLOADS, References, leftovers

ROUNDS = int(os.environ.get("DEVTASK_TEST_ROUNDS", "64"))
SEED = int(os.environ.get("DEVTASK_TEST_SEED") or random.SystemRandom().randrange(10**9))
VARIANTS = 6
HANG = 60


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def victims(project, running, kind):
    """With plain Ninja there are several devtasks, and none of them lives as long as the run."""
    named = {pid: name_of(pid) for pid in project.processes()}
    if kind == "task":
        return sorted(pid for pid, name in named.items() if name and not name.startswith(("devtask", "ninja")))
    return sorted(pid for pid, name in named.items() if name == kind)


class Rounds:
    """A checkout that is killed in, and another one that shares its cache."""

    def __init__(self, project, workload, seed):
        self.project, self.workload = project, workload
        self.other = project.checkout("other")
        self.references = References(project.folder / "references", workload)
        self.random = random.Random(seed)
        self.cached = set()  # variants whose results the cache has
        self.hits = dict.fromkeys(workload.victims, 0)
        self.durations = self.measure()
        self.story = ""

    def measure(self):
        durations = {}
        for what in ("run", "restore"):
            for project in (self.project, self.other):
                self.workload.forget_outputs(project)
                shutil.rmtree(project.path(".devtask"), ignore_errors=True)
            self.workload.write(self.project, 0)
            start = time.monotonic()
            self.project.run(*self.workload.request)
            durations[what] = time.monotonic() - start
        return durations

    def prepare(self, must_run):
        """A state to start from; returns the variant, and the time that a run from there takes."""
        variant = self.random.randrange(VARIANTS)
        if self.random.random() < 0.5:
            self.workload.forget_outputs(self.project)
            if self.random.random() < 0.5:
                shutil.rmtree(self.project.path(".devtask"), ignore_errors=True)
        if must_run or self.random.random() < 0.3:
            shutil.rmtree(self.project.cache, ignore_errors=True)
            self.cached.clear()
        self.workload.write(self.project, variant)
        return variant, self.durations["restore" if variant in self.cached else "run"]

    def kill(self, running, kind):
        """Kills one of that kind; False if the run ended before there was one."""
        while running.process.poll() is None:
            found = victims(self.project, running, kind)
            if found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.random.choice(found), signal.SIGKILL)
                    self.hits[kind] += 1
                    return True
        return False

    def start_and_kill(self, number, kind):
        """Again and earlier until the run does not end before."""
        share = self.random.uniform(0, 1.1)
        while True:
            variant, duration = self.prepare(must_run=kind != "devtask" or self.workload.plain)
            delay = share * duration
            self.story = (
                f"seed {SEED}, round {number}: {kind} killed {delay * 1000:.1f} ms after the start of a run of variant "
                f"{variant} that takes {duration * 1000:.1f} ms"
            )
            running = self.project.start(*self.workload.harmed)
            time.sleep(delay)
            if self.kill(running, kind):
                return running, variant
            if not self.workload.plain:
                self.check_run(running.wait(HANG), variant)
            share *= 0.7

    def round(self, number):
        kind = self.workload.victims[number % len(self.workload.victims)]
        running, variant = self.start_and_kill(number, kind)
        if self.random.random() < 0.25:
            self.story += ", the next run beside it"
            following = self.project.start(*self.workload.request)
            self.killed_run_ends(running, kind)
            self.check_run(following.wait(HANG), variant)
        else:
            self.killed_run_ends(running, kind)
            self.check_run(self.project.run(*self.workload.request, timeout=HANG), variant)
        self.check_state(self.project, variant)
        self.check_another_checkout(variant)
        self.cached.add(variant)

    def killed_run_ends(self, running, kind):
        run = running.wait(HANG)
        if run.code != -signal.SIGKILL:
            assert run.code in ((0, 1, 2) if self.workload.plain else (0, 1)), f"{run.code}: {run.stderr}"
            assert run.code == 0 or run.stdout + run.stderr

    def check_run(self, run, variant):
        assert run.code == self.workload.code(variant), run.stderr
        assert "error: " not in run.stderr and "warning: " not in run.stderr, run.stderr

    def check_state(self, project, variant):
        wrong = self.references.wrong(project, variant)
        assert not wrong, wrong
        again = project.run(*self.workload.request, timeout=HANG, no_processes=self.workload.code(variant) == 0)
        assert again.code == self.workload.code(variant), again.stderr
        if again.code == 0:
            assert "everything is up to date" in again.stderr, again.stderr
        project.wait_until_no_process_is_left()

    def check_another_checkout(self, variant):
        """Nothing that the cache has is half done."""
        self.workload.forget_outputs(self.other)
        shutil.rmtree(self.other.path(".devtask"), ignore_errors=True)
        self.workload.write(self.other, variant)
        self.check_run(self.other.run(*self.workload.request, timeout=HANG), variant)
        wrong = self.references.wrong(self.other, variant)
        assert not wrong, wrong
        verified = self.project.run("cache", "verify")
        assert verified.code == 0 and "all good" in verified.stdout, verified.stdout + verified.stderr

    def check_nothing_is_left(self):
        """What a killed run leaves goes with the next run that starts Ninja; in the cache, with time."""
        self.workload.write(self.project, VARIANTS)  # never seen before
        self.check_run(self.project.run(*self.workload.request, timeout=HANG), VARIANTS)
        for path in self.project.cache.rglob(".devtask-*"):
            os.utime(path, (0, 0))
        self.project.run("cache", "gc").succeeded()
        assert leftovers(self.project) == []


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_run_after_a_kill_is_right(project, name):
    rounds = Rounds(project, WORKLOADS[name], f"{SEED} {name}")
    each = -(-ROUNDS // len(WORKLOADS))
    offset = list(WORKLOADS).index(name)
    try:
        for number in range(offset, offset + each):
            rounds.round(number)
        rounds.story = f"seed {SEED}, after {each} rounds"
        rounds.check_nothing_is_left()
    except (AssertionError, subprocess.TimeoutExpired) as problem:
        raise AssertionError(f"{rounds.story}\n{problem}") from problem
    print(f"{name}: killed {rounds.hits}")
    assert sum(rounds.hits.values()) == each
