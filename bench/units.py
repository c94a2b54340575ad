#!/usr/bin/env python3
"""Tests and formatters file by file, and migrations, beside the tools themselves.

    bench/units.py --all --prefect FOLDER     everything; writes bench/UNITS.md. FOLDER has `checkout DIR`
    bench/units.py --all                      without the real Prefect
    bench/units.py --only cold,many           some sections; prints

Installs pytest, pytest-xdist and pre-commit in pinned versions into --tools, once, and for Prefect what it needs into a
checkout of its own, each time. In each round all contestants run one after the other; the ratios are those of the
medians. Never part of a test."""

import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import facts
from cases import Bench
from measure import Failed
from migration_cases import MigrationCases
from report import milliseconds, page, table
from tools import Devtask, Ninja
from workload import Shape

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent
PINS = ["pytest==8.3.5", "pytest-xdist==3.6.1", "pre-commit==3.8.0"]
SECTIONS = {  # and what each needs
    "many": set(),
    "cold": {"tools"},
    "prefect": {"prefect"},
    "formatters": {"prefect", "tools"},
    "migrations": {"prefect"},
}
INTRODUCTION = """
Made by `bench/units.py --all`; do not edit. Medians of {rounds} interleaved rounds or more, times of the whole process,
all on the same files with the same interpreter and warm caches. Machines differ: trust the ratios only, and only of
one run.
"""


def report(cases: MigrationCases, about: dict[str, str]) -> str:
    lines = []
    for row in cases.rows:
        own, other = cases.median(row.case, row.own), cases.median(row.case, row.other)
        times = [milliseconds(own), f"`{row.other}`", milliseconds(other)]
        met = "yes" if own <= other * row.limit else "**no**"
        lines.append([row.what, *times, fraction(own / other), f"≤ {fraction(row.limit)}", met])
    parts = [
        "# Tests and formatters file by file, and migrations",
        INTRODUCTION.format(rounds=cases.rounds),
        table(["", ""], about.items()),
        "## What must be",
        table(["case", "devtask", "against", "", "ratio", "must be", "met"], lines),
        *cases.notes,
    ]
    return page(parts) + "\n"


def fraction(value: float) -> str:
    return f"1/{1 / value:,.0f}" if value < 0.1 else f"{value:.2f}"


def install(folder: pathlib.Path) -> None:
    pins = folder / "pins"
    if pins.exists() and pins.read_text() == "\n".join(PINS):
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *PINS], check=True)
    pins.write_text("\n".join(PINS))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every section; writes the report to --out")
    parser.add_argument("--only", metavar="SECTIONS", help=f"some of {', '.join(SECTIONS)}")
    parser.add_argument(
        "--tools", type=pathlib.Path, default=REPOSITORY / "build/bench-tools", help="where they are installed"
    )
    parser.add_argument("--devtask", type=pathlib.Path, default=REPOSITORY / "build/release/bin/devtask")
    parser.add_argument("--prefect", type=pathlib.Path, help="a folder with `checkout`")
    parser.add_argument("--tasks", type=int, default=1000, help="of Ninja in `many`, with 20 units each")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=pathlib.Path, help="bench/UNITS.md with --all, else printed")
    parser.add_argument("--hasty", action="store_true", help="wait for nothing: for a test of this program")
    parser.add_argument("--scratch", type=pathlib.Path, help="where the files are made (1 GB)")
    options = parser.parse_args()
    if not (options.all or options.only):
        parser.error("say what to do: --all or --only")
    return options


def names_of(options: argparse.Namespace) -> list[str]:
    wanted = set(options.only.split(",")) if options.only else set(SECTIONS)
    if unknown := wanted - set(SECTIONS):
        sys.exit(f"bench: no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if options.only and not options.prefect and any("prefect" in SECTIONS[name] for name in wanted):
        sys.exit("bench: no --prefect")
    return [name for name, needs in SECTIONS.items() if name in wanted and (options.prefect or "prefect" not in needs)]


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def main() -> None:
    options = arguments()
    names = names_of(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # the files are removed on the way out
    devtask, ninja = Devtask(options.devtask.absolute()), Ninja(
        pathlib.Path(shutil.which("ninja") or sys.exit("bench: no ninja"))
    )
    tools = options.tools.absolute()
    if any("tools" in SECTIONS[name] for name in names):
        install(tools)
    with tempfile.TemporaryDirectory(prefix="devtask-units-", dir=options.scratch) as folder:
        scratch = pathlib.Path(folder)
        about = facts.of_the_machine(scratch) | facts.of_the_programs(REPOSITORY, [devtask, ninja])
        about |= dict(pin.split("==") for pin in PINS)
        bench = Bench(scratch, devtask, ninja, [], options.rounds)
        bench.trust_seconds = 0 if options.hasty else bench.trust_seconds
        examples, many = REPOSITORY / "examples/prefect", Shape(options.tasks)
        cases = MigrationCases(scratch, bench, tools, many, options.rounds, options.prefect, examples)
        failure = None
        for name in names:
            say(name)
            start = time.monotonic()
            try:
                getattr(cases, name)()
            except (Failed, subprocess.CalledProcessError) as error:
                failure = f"bench: {name}: {error}"
                break
            say(f"{name}: {time.monotonic() - start:.0f} s")
        text = report(cases, about)
        say("removing the files")
        bench.close()
    out = options.out or (HERE / "UNITS.md" if options.all else None)
    if out and not failure:
        out.write_text(text)
    else:
        print(text)
    sys.exit(failure)


if __name__ == "__main__":
    main()
