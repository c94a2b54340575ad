"""Runs commands and keeps what they cost: samples by case and by who was measured, as they go into the raw file."""

import dataclasses
import os
import pathlib
import signal
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


class Failed(Exception):
    """A command that could not be measured."""


@dataclasses.dataclass(frozen=True)
class Sample:
    wall_ms: float
    user_ms: float
    system_ms: float
    peak_kb: int


class Runner:
    """Starts commands through the launcher, and the floors."""

    def __init__(self, scratch: pathlib.Path):
        self.launcher = scratch / "launcher"
        self.floors = scratch / "floors"
        compile_c("launcher", self.launcher, "-static")
        compile_c("floors", self.floors, "-lcrypto", "-lpthread")

    def run(self, command, cwd, env, timeout=600) -> tuple[Sample, str]:
        """What it cost and what it said. What it says goes to memory, not to a disk."""
        words = [str(word) for word in command]
        said = os.memfd_create("said")
        answer, answer_end = os.pipe()
        try:
            process = subprocess.Popen(
                [self.launcher, str(answer_end), *words],
                cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                pass_fds=[answer_end], start_new_session=True,
            )  # fmt: skip
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise Failed(f"not done after {timeout} s") from None
            os.close(answer_end)
            answer_end = -1
            line = os.read(answer, 200).split()
            text = os.pread(said, 1 << 22, 0).decode(errors="replace")
        finally:
            for fd in (said, answer, answer_end):
                if fd >= 0:
                    os.close(fd)
        if len(line) != 5 or line[4] != b"0":
            status = line[4].decode() if len(line) == 5 else "unknown"
            raise Failed(f"exit status {status}: {' '.join(text.split())[-200:]}")
        return Sample(int(line[0]) / 1e6, int(line[1]) / 1e3, int(line[2]) / 1e3, int(line[3])), text


def compile_c(name: str, binary: pathlib.Path, *options: str) -> None:
    subprocess.run(["cc", "-O2", "-o", binary, HERE / f"{name}.c", *options], check=True)


class Samples:
    """`data` is made of dictionaries and lists only: case → who → rounds → [wall ms, user ms, system ms, peak KB]."""

    def __init__(self, data: dict | None = None):
        self.data = {} if data is None else data

    def add(self, case: str, who: str, sample: Sample) -> None:
        values = [round(sample.wall_ms, 3), round(sample.user_ms, 3), round(sample.system_ms, 3), sample.peak_kb]
        self.data.setdefault(case, {}).setdefault(who, []).append(values)

    def forget(self, case: str, who: str) -> None:
        self.data.get(case, {}).pop(who, None)

    def has(self, case: str, *whos: str) -> bool:
        return all(self.data.get(case, {}).get(who) for who in whos)

    def rounds(self, case: str, who: str) -> int:
        return len(self.data[case][who])

    def walls(self, case: str, who: str) -> list[float]:
        return [values[0] for values in self.data[case][who]]

    def wall(self, case: str, who: str) -> float:
        """The minimum, in ms: what others do on the machine only ever adds."""
        return min(self.walls(case, who))

    def peak_mb(self, case: str, who: str) -> float:
        return min(values[3] for values in self.data[case][who]) / 1024

    def median_ratio(self, case: str, who: str, other: str) -> float:
        """Of the ratios of each round: far from the ratio of the minima, the numbers are noise."""
        return statistics.median(a / b for a, b in zip(self.walls(case, who), self.walls(case, other)))
