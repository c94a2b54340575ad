"""A project whose task `test` runs pytest, file by file. Each test writes down that it ran: project.ran() has the
names of the files whose tests ran."""

import os
import sys
from pathlib import Path

TASKS = """
    [tasks.test]
    uses = "pytest"
    units = ["tests/**/test_*.py"]
    inputs = ["src/**"]
"""


def use_pytest(project):
    """The one that runs this: `python3` of the project is its interpreter."""
    project.env["PATH"] = f"{project.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    # Bytecode files and pytest's own cache are written beside the tests; they are never inputs.
    project.env["PYTHONDONTWRITEBYTECODE"] = "1"


def write_test(project, path, body="pass", head=""):
    """One test, `test_one`, with that body."""
    lines = "\n    ".join(body.splitlines())
    project.write(
        path,
        f"import os, pathlib, pytest, signal, time\n{head}\n"
        "def test_one():\n"
        f"    with open(os.environ['COUNT_LOG'], 'a') as log:\n        log.write({path!r} + '\\n')\n"
        f"    {lines}\n",
    )


def ran(project):
    return sorted(project.ran())


def counted(result):
    """The line that counts: `tests: 3 passed, …`."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("tests: ") or ": tests: " in line]
    assert len(lines) == 1, result.stderr
    return lines[0]
