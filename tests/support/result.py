"""What a command printed and how it ended, and ways to compare that with what was expected."""

import re
import textwrap
from dataclasses import dataclass

DURATION = re.compile(r"\b(?:\d+ h \d\d min|\d+ min \d\d s|\d+(?:\.\d)? (?:s|ms))\b")


def without_durations(text):
    """`done in 1.2 s` becomes `done in TIME`; what was saved is told only where it is a millisecond or more."""
    return DURATION.sub("TIME", text).replace(", saved TIME)", ")")


class Any:
    """Whatever it is. For texts of others: Ninja, the shell."""

    def same(self, text):
        return True

    def __str__(self):
        return "<anything>"


ANY = Any()


class Has:
    """Contains each of the fragments. For texts that are not all ours."""

    def __init__(self, *fragments):
        self.fragments = fragments

    def same(self, text):
        return all(fragment in text for fragment in self.fragments)

    def __str__(self):
        return "<something with " + " and ".join(repr(fragment) for fragment in self.fragments) + ">"


class Lines:
    """The same lines in any order: of tasks that run side by side."""

    def __init__(self, text):
        self.text = tidy(text)

    def same(self, text):
        return sorted(text.splitlines()) == sorted(self.text.splitlines())

    def __str__(self):
        return "<in any order>\n" + self.text


def tidy(text):
    return textwrap.dedent(text).lstrip("\n") if "\n" in text else text


@dataclass
class Result:
    command: str
    stdout: str
    stderr: str
    code: int

    def expect(self, stdout="", stderr="", code=0):
        """All three, whole. A text may be a string (indented as the test is), ANY, Has(…) or Lines(…)."""
        wanted, found = [f"$ {self.command}", f"exit status {code}"], [f"$ {self.command}", f"exit status {self.code}"]
        for name, expected, text in (("stdout", stdout, self.stdout), ("stderr", stderr, self.stderr)):
            if isinstance(expected, str):
                matches, expected = tidy(expected) == text, tidy(expected)
            else:
                matches = expected.same(text)
            found.append(f"--- {name}\n{text}")
            wanted.append(f"--- {name}\n{text if matches else expected}")
        assert "\n".join(found) == "\n".join(wanted)
        return self

    def succeeded(self):
        """For what a test needs but is not about."""
        assert self.code == 0, f"$ {self.command}\nexit status {self.code}\n{self.stdout}\n{self.stderr}"
        return self
