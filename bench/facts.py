"""What a reader must know of the machine, without its name or any of its paths."""

import datetime
import hashlib
import os
import pathlib
import platform
import re
import subprocess

from tools import Tool


def of_the_machine(scratch: pathlib.Path) -> dict[str, str]:
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "processor": cpu.group(1) if cpu else platform.machine(),
        "memory": f"{memory:.0f} GB",
        "file system": file_system(scratch),
        "kernel": platform.release().split("-")[0],
        "load before": f"{os.getloadavg()[0]:.1f}",
        "day": datetime.date.today().isoformat(),
    }


def file_system(path: pathlib.Path) -> str:
    best = ("", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if path.resolve().is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]


def of_the_programs(repository: pathlib.Path, tools: list[Tool]) -> dict[str, str]:
    versions = {tool.name: tool.version() for tool in tools}
    program = tools[0].program.read_bytes()
    versions["devtask"] += f", binary {hashlib.sha256(program).hexdigest()[:12]}"
    inside = tools[0].program.resolve().is_relative_to(repository)
    if inside and (commit := commit_of(repository)):
        versions["devtask"] += f", commit {commit}"
    return versions


def commit_of(repository: pathlib.Path) -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", repository, *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--short=10", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src", "CMakeLists.txt", "cmake")
    return commit + (" with changes" if commit and changed else "")
