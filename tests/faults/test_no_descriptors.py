"""Hardly any file descriptors: a clear error or a right result, no crash, and nothing half done."""

import shutil
import subprocess

from faults.workloads import SMALL_WORKLOAD, References
from support.project import DEVTASK, Project

REQUEST = SMALL_WORKLOAD.request
FEWEST, ENOUGH = 3, 24
HANG = 60


class Tries:
    """A run with each number of descriptors, from nothing and from a full cache, and the run after it."""

    def __init__(self, folder):
        self.project = Project(folder)
        self.references = References(folder / "references", SMALL_WORKLOAD)
        SMALL_WORKLOAD.write(self.project, 0)
        self.hung, self.wrong, self.right = [], [], []
        for cached in (False, True):
            for number in range(FEWEST, ENOUGH + 1):
                self.one(number, cached)

    def one(self, number, cached):
        project = self.project
        SMALL_WORKLOAD.forget_outputs(project)
        shutil.rmtree(project.path(".devtask"), ignore_errors=True)
        if not cached:
            shutil.rmtree(project.cache, ignore_errors=True)
        what = f"{number} descriptors, {'restoring' if cached else 'cold'}"
        try:
            run = project.command("prlimit", f"--nofile={number}", DEVTASK, *REQUEST, timeout=HANG)
            problem = self.problem_of(run)
            if run.code == 0:
                self.right.append(number)
        except subprocess.TimeoutExpired:
            self.hung.append(what)
            project.end_processes()
            problem = ""
        after = project.run(*REQUEST)
        problem = problem or (after.stderr if after.code != 0 else self.references.wrong(project, 0))
        if problem:
            self.wrong.append(f"{what}: {problem}")

    def problem_of(self, run):
        if run.code == 0:
            return self.references.wrong(self.project, 0)
        # 127: the loader could not open a library.
        if run.code not in (1, 2, 127):
            return f"exit status {run.code}: {run.stderr}"
        told = "Too many open files" in run.stderr or "Error 24" in run.stderr
        return "" if told else f"no clear error: {run.stderr}"


def test_every_run_is_right_or_says_why_not_none_hangs_and_the_next_is_right(tmp_path):
    tries = Tries(tmp_path)
    assert not tries.hung and not tries.wrong, "\n".join(tries.hung + tries.wrong)
    assert ENOUGH in tries.right, "no number was enough: this test has seen errors only"
    assert FEWEST not in tries.right
