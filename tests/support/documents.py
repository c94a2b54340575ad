"""Reads the parts of a Markdown document that claim something: files to write, commands to run, what they print.

    <!-- file: tasks.toml -->
    ```toml
    …                              the file is written into the scratch project
    ```

    ```console
    $ devtask build                a command of the shell, run in the scratch project
    build: never ran here          what it prints, as on a terminal
    …                              any lines
    $ false                        a command that may fail says so:
    [exit status 1]
    ```

Durations are compared as TIME. Blocks with another language are not run: ```sh is for what only a person should do.
"""

import re
from dataclasses import dataclass, field

from support.result import without_durations

FILE = re.compile(r"<!-- file: (\S+) -->")
ELLIPSIS = ("…", "...")


@dataclass
class File:
    path: str
    text: str


@dataclass
class Command:
    line: int
    text: str
    output: list = field(default_factory=list)
    code: int = 0


def parts_of(text):
    """File and Command objects in the order in which they stand."""
    parts, lines, at, name = [], text.splitlines(), 0, None
    while at < len(lines):
        line = lines[at]
        if match := FILE.fullmatch(line.strip()):
            name = match[1]
        elif line.startswith("```"):
            end = lines.index("```", at + 1)
            block = lines[at + 1 : end]
            if name is not None:
                parts.append(File(name, "\n".join(block) + "\n"))
            elif line[3:].split()[:1] == ["console"]:
                parts += commands_of(block, at + 2)
            name, at = None, end
        elif line.strip():
            name = None
        at += 1
    return parts


def commands_of(block, first_line):
    commands = []
    for number, line in enumerate(block, first_line):
        if line.startswith("$ "):
            commands.append(Command(number, line[2:]))
        elif commands and commands[-1].text.endswith("\\"):
            commands[-1].text += "\n" + line
        elif match := re.fullmatch(r"\[exit status (\d+)\]", line):
            commands[-1].code = int(match[1])
        elif line.strip():
            commands[-1].output.append(line.rstrip())
    return commands


def says_the_same(expected, found):
    """Whether lines of output are as expected, with `…` for any lines."""
    expected = [without_durations(line) for line in expected]
    pattern = "".join("(?:.*\n)*" if line.strip() in ELLIPSIS else re.escape(line) + "\n" for line in expected)
    text = "".join(line.rstrip() + "\n" for line in found.splitlines() if line.strip())
    return re.fullmatch(pattern, text) is not None
