"""Waiting for something that another process does: a condition and a deadline, never a fixed time."""

import os
import time
from pathlib import Path


def wait_for(condition, what, deadline=30.0):
    """The first true value of `condition()`."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {deadline} s in vain: {what}"
        time.sleep(0.01)


def wait_for_line(path, deadline=30.0):
    """The text of `path` once it ends with a newline: whoever writes it is done with the line."""

    def line():
        try:
            text = Path(path).read_text()
        except FileNotFoundError:
            return None
        return text.strip() if text.endswith("\n") else None

    return wait_for(line, f"a line in {path}", deadline)


def is_alive(pid):
    """A zombie that nobody has waited for yet is dead."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def all_pids():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def pids_with(marker):
    """Processes that have `marker` in their environment: those that a test started, at any distance."""
    found = set()
    for pid in all_pids() - {os.getpid()}:
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in environment and is_alive(pid):
            found.add(pid)
    return found
