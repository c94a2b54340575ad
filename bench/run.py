#!/usr/bin/env python3
"""devtask, Ninja and the floors on one workload, interleaved, as ratios of minima.

usage: bench/run.py [--tasks 1000] [--rounds 10] [--cases nothing,one,touched,restored,cold] [--devtask PATH]
Never part of a test: machines are shared and noisy. The cold case runs fewer rounds."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import workload

HERE = pathlib.Path(__file__).resolve().parent
CASES = ["nothing", "one", "touched", "restored", "cold"]


def build_floors(folder: pathlib.Path) -> pathlib.Path:
    binary = folder / "floors"
    subprocess.run(["cc", "-O2", "-o", binary, HERE / "floors.c", "-lcrypto", "-lpthread"], check=True)
    return binary


class Bench:
    def __init__(self, options: argparse.Namespace, scratch: pathlib.Path):
        self.options = options
        self.scratch = scratch
        self.folder = scratch / "work"
        self.folder.mkdir()
        workload.make_workload(self.folder, options.tasks, not options.independent)
        self.floors = build_floors(scratch)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(scratch), "XDG_CACHE_HOME": str(scratch / "cache")}
        self.times: dict[tuple[str, str], list[float]] = {}
        self.memory: dict[str, int] = {}

    def time(self, case: str, who: str, command: list[str]) -> None:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = (time.perf_counter() - start) * 1000
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{who} failed in case {case}: {command}")
        self.times.setdefault((case, who), []).append(took)
        if case == "nothing":
            self.memory[who] = max(self.memory.get(who, 0), usage.ru_maxrss)

    def devtask(self, case: str) -> None:
        self.time(case, "devtask", [self.options.devtask, "all"])

    def ninja(self, case: str) -> None:
        self.time(case, "ninja", ["ninja", "all"])

    def floor(self, case: str, kind: str) -> None:
        command = [str(self.floors), kind, str(self.folder), str(self.options.tasks)]
        if kind == "copy":
            to = self.scratch / "copies"
            shutil.rmtree(to, ignore_errors=True)
            to.mkdir()
            command.append(str(to))
        self.time(case, kind, command)

    def settle(self) -> None:
        """Everything up to date for both, and old enough for memo and seal to trust it."""
        for _ in range(2):
            self.devtask("settle")
            self.ninja("settle")
            time.sleep(2.1)
        self.devtask("settle")

    def round(self, case: str, number: int) -> None:
        tasks = self.options.tasks
        if case == "nothing":
            self.ninja(case)
            self.devtask(case)
            self.floor(case, "statx")
        elif case == "one":
            workload.change_one(self.folder, tasks // 2 + 9, number)
            self.devtask(case)
            self.ninja(case)
        elif case == "touched":
            workload.touch_all(self.folder, tasks)
            self.floor(case, "hash")
            self.devtask(case)
        elif case == "restored":
            self.floor(case, "copy")
            workload.delete_outputs(self.folder, tasks)
            self.devtask(case)
        elif case == "cold":
            for who in (self.devtask, self.ninja):
                workload.delete_outputs(self.folder, tasks)
                workload.delete_state(self.folder)
                shutil.rmtree(self.scratch / "cache", ignore_errors=True)
                who(case)

    def run(self) -> None:
        for case in self.options.cases.split(","):
            self.settle()
            for number in range(self.options.rounds if case != "cold" else max(2, self.options.rounds // 4)):
                self.round(case, number)

    def table(self) -> str:
        peers = {"nothing": ["ninja", "statx"], "one": ["ninja"], "touched": ["hash"], "restored": ["copy"], "cold": ["ninja"]}
        lines = ["| case | devtask, ms | against | ms | ratio |", "|---|---|---|---|---|"]
        for case in self.options.cases.split(","):
            own = min(self.times[case, "devtask"])
            for peer in peers[case]:
                other = min(self.times[case, peer])
                lines.append(f"| {case} | {own:.1f} | {peer} | {other:.1f} | {own / other:.2f} |")
        if self.memory:
            own, other = self.memory["devtask"], self.memory["ninja"]
            lines.append(f"| memory, nothing | {own / 1024:.1f} MB | ninja | {other / 1024:.1f} MB | {own / other:.2f} |")
        return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--independent", action="store_true", help="no chains")
    parser.add_argument("--devtask", default=str(HERE.parent / "build" / "release" / "bin" / "devtask"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="devtask-bench-") as scratch:
        bench = Bench(options, pathlib.Path(scratch))
        bench.run()
        print(f"{options.tasks} tasks x {workload.FILES_PER_TASK} files, minima of {options.rounds} rounds\n")
        print(bench.table())


if __name__ == "__main__":
    main()
