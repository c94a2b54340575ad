#!/usr/bin/env python3
"""Tests and formatters file by file, beside the tools themselves: what issue-sized work costs through devtask.

    bench/units.py --tools build/bench-tools --all            everything that needs no Prefect; writes bench/UNITS.md
    bench/units.py --tools … --prefect FOLDER --all           and the real Prefect (FOLDER has `checkout DIR`)
    bench/units.py --only cold,many                           some sections; prints

The tools (pytest, pytest-xdist, black, isort, autoflake8, pre-commit, pinned) are installed into --tools once. In each
round all contestants run one after the other; the figures are minima, the ratios those of the minima. Never part of a
test."""

import argparse
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import facts
from measure import Runner, Samples
from tools import Devtask, Ninja
from workload import Shape, Tree, delete

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent
PINS = ["pytest==8.3.5", "pytest-xdist==3.6.1", "black==23.1.0", "isort==5.12.0", "autoflake8==0.4.0", "pre-commit==3.8.0",
        "click==8.1.8"]  # fmt: skip
TRUST_SECONDS = 2.2
TEST_FILES = 24
AUTOFLAKE8 = ["--in-place", "--exit-zero-even-if-changed", "--exclude",
              "*/utilities/compat.py,*/utilities/slugify.py,**__init__.py"]  # fmt: skip

# A test that works, and takes as long on any number of processes.
TEST = """\
import hashlib
import pytest

@pytest.mark.parametrize("part", range(4))
def test_work(part):
    text = b"x" * 1024
    for _ in range({rounds}):
        text = hashlib.pbkdf2_hmac("sha256", text, b"salt", 1)
    assert text
"""

# Says of each file that it passed, without running anything: what is measured is devtask.
REPORTER = """\
import os, sys
from xml.sax.saxutils import quoteattr
with open(os.path.join(os.environ["DEVTASK_REPORT"], "all.xml"), "w") as out:
    out.write("<testsuites>")
    for path in sys.argv[1:]:
        out.write(f'<testsuite name={quoteattr(path)}><testcase name="all" file={quoteattr(path)}/></testsuite>')
    out.write("</testsuites>")
"""


class Units:
    def __init__(self, scratch, options):
        self.scratch = scratch
        self.options = options
        self.runner = Runner(scratch)
        self.samples = Samples()
        self.bin = options.tools / "bin"
        self.devtask = options.devtask.absolute()
        self.home = scratch / "home"
        self.home.mkdir()
        self.rows: list[tuple[str, str, str, str, float]] = []  # title, case, who, other, limit

    # ---- running

    @property
    def environment(self):
        path = f"{self.bin}:{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "npm_config_"))}
        return kept | {"PATH": path, "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache"), "LC_ALL": "C.UTF-8"}

    def run(self, case, who, command, folder, ok=(0,)):
        words = [str(word) for word in command]
        words[0] = shutil.which(words[0], path=self.environment["PATH"]) or words[0]
        if ok != (0,):
            words = ["/bin/sh", "-c", f'"$@"; s=$?; case $s in {"|".join(map(str, ok))}) exit 0;; esac; exit $s', "sh", *words]
        sample, said = self.runner.run(words, folder, self.environment, 3600)
        if case:
            self.samples.add(case, who, sample)
        return said

    def row(self, title, case, who, other, limit):
        self.rows.append((title, case, who, other, limit))

    def forget(self, folder):
        delete(folder / ".devtask")
        delete(self.home / "cache")

    # ---- sections

    def cold(self):
        """A folder of tests that take some ten times the start-up."""
        folder = self.scratch / "cold"
        tests = folder / "tests"
        tests.mkdir(parents=True)
        rounds = self.options.work
        for number in range(TEST_FILES):
            (tests / f"test_{number}.py").write_text(TEST.format(rounds=rounds))
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -q\n")
        (folder / "tasks.toml").write_text(
            '[tasks.test]\nuses = "pytest"\nunits = ["tests/test_*.py"]\ntools = { pytest = {} }\n'
        )
        contestants = [
            ("pytest", ["pytest", "tests"]),
            ("pytest -n 2", ["pytest", "-n", "2", "tests"]),
            ("devtask -j1", [self.devtask, "-j1", "test", "tests"]),
            ("devtask -j2", [self.devtask, "-j2", "test", "tests"]),
        ]
        for number in range(self.options.rounds):
            for who, command in contestants if number % 2 == 0 else reversed(contestants):
                self.forget(folder)
                self.run("cold", who, command, folder)
        for _ in range(self.options.rounds):
            self.run("start-up", "pytest", ["pytest", "--collect-only", "tests"], folder)
        self.row(f"{TEST_FILES} test files, cold, -j2", "cold", "devtask -j2", "pytest", 0.65)
        self.row("the same, -j1", "cold", "devtask -j1", "pytest", 1.05)
        self.row("the same, -j2 against pytest-xdist", "cold", "devtask -j2", "pytest -n 2", 1.0)

    def many(self):
        """20,000 units in one task, beside Ninja and the floor on the same files."""
        shape = Shape(1000)
        tree = Tree(self.scratch / "many", shape)
        ninja = Ninja(pathlib.Path(shutil.which("ninja")))
        ninja.describe(tree)
        tree.write("tasks.toml", '[tasks.look]\nunits = ["t*/src/*"]\nrun = [["true", "{{units}}"]]\n')
        self.run(None, "", ["ninja", "all"], tree.folder)
        self.run(None, "", [self.devtask, "look"], tree.folder)
        time.sleep(TRUST_SECONDS)
        self.run(None, "", [self.devtask, "look"], tree.folder)
        floors = self.runner.floors
        for number in range(self.options.rounds):
            contestants = [
                ("devtask", [self.devtask, "look"]),
                ("ninja", ["ninja", "all"]),
                ("statx", [floors, "statx", tree.folder, "1000", "20"]),
            ]
            for who, command in contestants if number % 2 == 0 else reversed(contestants):
                said = self.run("many", who, command, tree.folder)
                assert who != "devtask" or "everything is up to date" in said, said
        for _ in range(self.options.rounds):  # not from the seal
            tree.change(500)
            self.run("many, one changed", "devtask", [self.devtask, "look"], tree.folder)
        self.row("20,000 units, nothing to do, against Ninja", "many", "devtask", "ninja", 0.5)
        self.row("the same against statx", "many", "devtask", "statx", 1.4)
        delete(tree.folder.parent)

    def formatters(self):
        """The tools on a copy of devtask's own Python files, or on Prefect's."""
        folder = self.scratch / "format"
        if self.options.prefect:
            subprocess.run([self.options.prefect / "checkout", folder], check=True)
        else:
            folder.mkdir()
            for path in (REPOSITORY / "tests").rglob("*.py"):
                copy = folder / path.relative_to(REPOSITORY)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
            subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
        hooks = "".join(
            f"    - {{id: {name}, name: {name}, language: system, types: [python], entry: {entry!r}}}\n"
            for name, entry in (
                ("autoflake8", " ".join(["autoflake8", *AUTOFLAKE8])), ("isort", "isort --filter-files"), ("black", "black --preview")
            )
        )  # fmt: skip
        (folder / ".pre-commit-config.yaml").write_text(f"repos:\n- repo: local\n  hooks:\n{hooks}")
        excluded = ", ".join(f'"{word}"' for word in AUTOFLAKE8)
        (folder / "tasks.toml").write_text(
            f"""
[tasks.format]
units = ["**/*.py"]
edits = true
run = [
    ["autoflake8", {excluded}, "{{{{units}}}}"],
    ["isort", "--quiet", "--filter-files", "{{{{units}}}}"],
    ["black", "--quiet", "--preview", "{{{{units}}}}"],
]
inputs = ["*.cfg", "*.toml"]
"""
        )
        for _ in range(2):
            self.run(None, "", ["pre-commit", "run", "--all-files"], folder, ok=(0, 1))
        self.run(None, "", [self.devtask, "format"], folder)
        time.sleep(TRUST_SECONDS)
        self.run(None, "", [self.devtask, "format"], folder)
        victim = max((path for path in folder.rglob("*.py") if ".devtask" not in path.parts and "versioneer" not in path.name),
                     key=lambda path: path.stat().st_size if path.stat().st_size < 30000 else 0)  # fmt: skip
        name = victim.relative_to(folder)
        for number in range(self.options.rounds):
            said = self.run("format", "devtask", [self.devtask, "format"], folder)
            assert "everything is up to date" in said, said
            if number < 3:
                self.run("format", "pre-commit", ["pre-commit", "run", "--all-files"], folder)
        by_hand = " && ".join([
            f"autoflake8 {' '.join(repr(word) if '*' in word else word for word in AUTOFLAKE8)} '{name}'",
            f"isort --quiet --filter-files '{name}'", f"black --quiet --preview '{name}'",
        ])  # fmt: skip
        whole = victim.read_text()
        for number in range(2 * self.options.rounds):
            # By turns, and both with a content that black does not know yet.
            victim.write_text(f"{whole}\nNUMBER = {{ 'a':{number * 2} }}\n")
            self.run("format one", "by hand", ["sh", "-c", by_hand], folder)
            victim.write_text(f"{whole}\nNUMBER = {{ 'a':{number * 2 + 1} }}\n")
            self.run("format one", "devtask", [self.devtask, "format"], folder)
        self.row("format, nothing to do, against pre-commit run --all-files", "format", "devtask", "pre-commit", 0.01)
        self.row("format, one file changed, against the three tools on it", "format one", "devtask", "by hand", 1.15)

    def prefect(self):
        """No-op over all test files of the real Prefect, which another runner says have passed."""
        if not self.options.prefect:
            return
        folder = self.scratch / "prefect"
        subprocess.run([self.options.prefect / "checkout", folder], check=True)
        (folder / "reporter.py").write_text(REPORTER)
        (folder / "tasks.toml").write_text(
            """
[tasks.test]
units = ["tests/**/test_*.py"]
unit-inputs = ["conftest.py", "setup.cfg"]
inputs = ["src/**", "!src/prefect/server/ui/**", "tests/**"]
env = { DEVTASK_REPORT = "{{report}}" }
run = [["python3", "reporter.py", "{{units}}"]]
"""
        )
        self.run(None, "", [self.devtask, "test"], folder)
        time.sleep(TRUST_SECONDS)
        self.run(None, "", [self.devtask, "test"], folder)
        inputs = [path for top in ("src", "tests") for path in (folder / top).rglob("*") if path.is_file()]
        inputs = [path for path in inputs if "server/ui/" not in str(path)]
        listed = self.scratch / "inputs"
        listed.write_text("".join(f"{path}\n" for path in inputs))
        program = self.scratch / "stat-all"
        subprocess.run(["cc", "-O2", "-static", "-x", "c", "-", "-o", program], input=STAT_ALL, text=True, check=True)
        for number in range(self.options.rounds * 3):
            said = self.run("prefect", "devtask", [self.devtask, "test"], folder)
            assert "0 of 178 files ran" in said or "everything is up to date" in said, said
            self.run("prefect", "statx", [program, listed], folder)
        if self.options.flows:
            self.samples.data.setdefault("prefect", {})["pytest tests/test_flows.py"] = [[self.options.flows * 1000, 0, 0, 0]]
            self.row("178 test files of Prefect, nothing to do, against `pytest tests/test_flows.py`", "prefect", "devtask",
                     "pytest tests/test_flows.py", 0.001)  # fmt: skip
        self.row(f"the same against statx of its {len(inputs):,} inputs", "prefect", "devtask", "statx", 3)


STAT_ALL = """
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
int main(int argc, char** argv) {
  static char line[4096];
  FILE* list = fopen(argv[1], "r");
  struct stat found;
  int missing = 0;
  while (list && fgets(line, sizeof line, list)) {
    line[strcspn(line, "\\n")] = 0;
    missing += lstat(line, &found) != 0;
  }
  return missing != 0;
}
"""

SECTIONS = ["cold", "many", "formatters", "prefect"]


def report(units, versions):
    lines = [
        "# Tests and formatters, file by file",
        "",
        "Made by `bench/units.py --all`; do not edit. Minima of interleaved rounds on one machine; trust the ratios only.",
        "",
        "".join(f"{name}: {value}. " for name, value in facts.of_the_machine(units.scratch).items()).strip(),
        "".join(f"{name}: {value}. " for name, value in versions.items()).strip(),
        "",
        "| what | devtask ms | against | ms | ratio | must be | |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, case, who, other, limit in units.rows:
        mine, theirs = units.samples.wall(case, who), units.samples.wall(case, other)
        ratio = mine / theirs
        shown = f"1/{theirs / mine:,.0f}" if ratio < 0.1 else f"{ratio:.2f}"
        wanted = f"1/{1 / limit:,.0f}" if limit < 0.1 else f"{limit}"
        met = "yes" if ratio <= limit else "**no**"
        lines.append(f"| {title} | {mine:,.1f} | {other} | {theirs:,.1f} | {shown} | {wanted} | {met} |")
    for case, whos in units.samples.data.items():
        rest = [who for who in whos if not any(row[1] == case and who in row[2:4] for row in units.rows)]
        lines += [f"\nBesides: {case}, {who}: {units.samples.wall(case, who):,.1f} ms." for who in rest]
    return "\n".join(lines) + "\n"


def install(folder):
    if (folder / "pins").exists() and (folder / "pins").read_text() == "\n".join(PINS):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *PINS], check=True)
    (folder / "pins").write_text("\n".join(PINS))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every section; writes the report to bench/UNITS.md")
    parser.add_argument("--only", help=f"some of {', '.join(SECTIONS)}")
    parser.add_argument("--tools", type=pathlib.Path, default=REPOSITORY / "build/bench-tools")
    parser.add_argument("--devtask", type=pathlib.Path, default=REPOSITORY / "build/release/bin/devtask")
    parser.add_argument("--prefect", type=pathlib.Path, help="a folder with `checkout`")
    parser.add_argument("--flows", type=float, metavar="SECONDS", help="that `pytest tests/test_flows.py` takes in Prefect")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=int, default=60000, help="how much each test does")
    options = parser.parse_args()
    if not (options.all or options.only):
        parser.error("say what to do: --all or --only")
    options.tools = options.tools.absolute()
    install(options.tools)
    names = options.only.split(",") if options.only else SECTIONS
    with contextlib.ExitStack() as stack:
        scratch = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="devtask-units-")))
        units = Units(scratch, options)
        for name in names:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            getattr(units, name)()
        text = report(units, facts.of_the_programs(REPOSITORY, [Devtask(options.devtask.absolute())]))
    if options.all:
        (HERE / "UNITS.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
