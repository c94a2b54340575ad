"""What took how long, at the end of the run and in the file that DEVTASK_ACCEPTANCE_REPORT names."""

import os
from pathlib import Path

import pytest

TIMINGS = pytest.StashKey()


def pytest_configure(config):
    config.stash[TIMINGS] = []


@pytest.fixture(scope="session")
def timings(pytestconfig):
    """A list of (command, seconds, last line of what devtask said)."""
    return pytestconfig.stash[TIMINGS]


def pytest_terminal_summary(terminalreporter, config):
    timings = config.stash[TIMINGS]
    if not timings:
        return
    lines = [f"{seconds:8.2f} s  {command:40}  {said}" for command, seconds, said in timings]
    lines.append(f"{sum(seconds for _, seconds, _ in timings):8.2f} s  in all")
    terminalreporter.section("timings")
    for line in lines:
        terminalreporter.write_line(line)
    if report := os.environ.get("DEVTASK_ACCEPTANCE_REPORT"):
        Path(report).write_text("\n".join(lines) + "\n")
