#!/usr/bin/env python3
"""devtask, its peers and what the machine needs at least, on one workload, interleaved, as ratios of minima.

    bench/run.py --install-peers build/peers     once: the peers in pinned versions, from PyPI and npm
    bench/run.py --all                           everything (about 20 minutes); writes bench/RESULTS.md
    bench/run.py --only nothing,one              some sections; prints the report
    bench/run.py --report build/bench/raw.json   bench/RESULTS.md from the numbers of an earlier run

Never part of a test: machines are shared and noisy. Say nothing about a change without a run of both in the same
hour."""

import argparse
import json
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable

import facts
import report
from cases import Bench
from measure import Failed
from tools import Devtask, Ninja, find_peers, install_peers
from workload import Shape

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent


# name: what it is, and seconds on the machine of RESULTS.md with ten rounds
SECTIONS = {
    "nothing": ("nothing to do", 75),
    "one": ("one file changed", 80),
    "touched": ("all touched, same content", 60),
    "restored": ("outputs deleted and restored", 35),
    "cold": ("cold, in chains of ten", 140),
    "calls": ("system calls", 80),
    "independent": ("cold, all independent", 45),
    "small": ("10 and 100 tasks", 100),
    "few_files": ("2 files a task", 25),
    "start_up": ("start-up", 2),
    "growth": ("ten times the tasks", 240),
    "big": ("one task with all the files", 40),
    "prefect": ("the real Prefect", 110),
}


class Plan:
    """The sections, a function each, in an order in which the big trees are made once."""

    def __init__(self, bench: Bench, options: argparse.Namespace):
        self.bench, self.options = bench, options
        self.shape = Shape(options.tasks)
        self.independent_shape = Shape(options.tasks, chained=False)
        self.large = Shape(options.large or options.tasks * 10)
        self.of_few_files = Shape(options.tasks, files=2)
        self.small_shapes = [Shape(tasks) for tasks in (10, 100) if tasks < options.tasks]
        self.fewer = max(1, options.rounds // 2)  # rounds of what takes long

    def repeat(self, rounds: int, function, label: str, *shapes: Shape, **options) -> None:
        for number in range(rounds):
            for shape in shapes:
                function(label, number, shape, **options)

    def nothing(self) -> None:
        self.bench.build_peers(self.shape)
        self.bench.settle(self.bench.tree(self.shape), ninja=True)
        self.repeat(self.options.rounds, self.bench.nothing, "nothing", self.shape, peers=True)

    def one(self) -> None:
        self.bench.settle(self.bench.tree(self.shape))
        self.repeat(self.options.rounds, self.bench.one, "one", self.shape, peers=True)

    def touched(self) -> None:
        self.bench.settle(self.bench.tree(self.shape))
        self.repeat(self.options.rounds, self.bench.touched, "touched", self.shape, peers=True)

    def restored(self) -> None:
        self.bench.settle(self.bench.tree(self.shape))
        self.repeat(self.options.rounds, self.bench.restored, "restored", self.shape, peers=True)

    def cold(self) -> None:
        self.repeat(self.options.rounds, self.bench.cold, "cold", self.shape, peers=True)

    def calls(self) -> None:
        self.bench.calls(self.shape)

    def independent(self) -> None:
        self.repeat(self.options.rounds, self.bench.cold, "cold", self.independent_shape)
        self.bench.drop(self.independent_shape)

    def small(self) -> None:
        for shape in self.small_shapes:
            self.bench.build_peers(shape)
            self.bench.settle(self.bench.tree(shape), ninja=True)
            self.repeat(self.fewer, self.bench.nothing, "nothing", shape, peers=True)
            self.repeat(self.fewer, self.bench.one, "one", shape, ninja=False)
            self.repeat(self.fewer, self.bench.touched, "touched", shape)
            self.repeat(self.fewer, self.bench.restored, "restored", shape)
            self.repeat(self.fewer, self.bench.cold, "cold", shape)

    def few_files(self) -> None:
        shape = self.of_few_files
        self.bench.settle(self.bench.tree(shape), ninja=True)
        self.repeat(self.fewer, self.bench.nothing, "nothing", shape)
        self.repeat(self.fewer, self.bench.touched, "touched", shape)
        self.bench.drop(shape)

    def start_up(self) -> None:
        for number in range(self.options.rounds * 5):
            self.bench.start_up(number, Shape(10))

    def growth(self) -> None:
        """The smaller once more in the same rounds, so that both have the same hour."""
        both = (self.shape, self.large)
        trees = [self.bench.tree(shape) for shape in both]
        few = min(3, self.fewer)
        self.repeat(few, self.bench.cold, "growth cold", *both)
        self.bench.settle(*trees, ninja=True)
        self.repeat(self.fewer, self.bench.nothing, "growth nothing", *both)
        self.repeat(self.fewer, self.bench.one, "growth one", *both, ninja=False)
        self.repeat(few, self.bench.restored, "growth restored", *both)
        self.repeat(few, self.bench.touched, "growth touched", *both)

    def big(self) -> None:
        self.bench.one_big_task("big", min(3, self.fewer), self.large)
        self.bench.drop(self.large)

    def prefect(self) -> None:
        self.bench.prefect(self.options.prefect, REPOSITORY / "examples" / "prefect", self.options.rounds)

    def run(self, names: list[str], keep: Callable[[], None]) -> None:
        start, scale = time.monotonic(), (0.3 + 0.07 * self.options.rounds) * self.options.tasks / 1000
        for position, name in enumerate(names):
            what, _ = SECTIONS[name]
            left = sum(SECTIONS[later][1] for later in names[position:]) * scale / 60
            so_far = time.monotonic() - start
            say(f"[{position + 1}/{len(names)}] {what}: {so_far:.0f} s so far, about {left:.0f} min left")
            began = time.monotonic()
            getattr(self, name)()
            self.bench.more.setdefault("seconds", {})[name] = round(time.monotonic() - began)
            keep()
        say(f"measured in {(time.monotonic() - start) / 60:.1f} min")


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def measure(options: argparse.Namespace, names: list[str]) -> dict:
    """Keeps what there is after each section."""
    devtask = Devtask(options.devtask.absolute())
    ninja = Ninja(
        pathlib.Path(options.ninja or shutil.which("ninja") or sys.exit("bench: no ninja in PATH")).absolute()
    )
    if not devtask.program.exists():
        sys.exit(f"bench: {options.devtask} is not built")
    peers, missing = find_peers(options.peers) if options.peers else ([], {"peers": "not asked for"})
    with tempfile.TemporaryDirectory(prefix="devtask-bench-", dir=options.scratch) as folder:
        bench = Bench(pathlib.Path(folder), devtask, ninja, peers, options.rounds)
        bench.trust_seconds = 0 if options.hasty else bench.trust_seconds
        data = {
            "format": 1,
            "tasks": options.tasks,
            "large": options.large or options.tasks * 10,
            "rounds": options.rounds,
            "facts": facts.of_the_machine(bench.scratch),
            "versions": facts.of_the_programs(REPOSITORY, [devtask, ninja, *peers]),
            "peers": {tool.name: tool.by for tool in peers},
        }

        def keep() -> None:
            data.update(missing=missing | bench.failed, samples=bench.samples.data, more=bench.more)
            options.raw.parent.mkdir(parents=True, exist_ok=True)
            options.raw.write_text(json.dumps(data))

        try:
            Plan(bench, options).run(names, keep)
        except Failed as error:
            sys.exit(f"bench: {error}")
        finally:
            say("removing the trees")
            bench.close()
    return data


def names_of(options: argparse.Namespace) -> list[str]:
    """In the order of the table, whatever order was asked for."""
    wanted = set(options.only.split(",")) if options.only else set(SECTIONS)
    if unknown := wanted - set(SECTIONS):
        sys.exit(f"bench: no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return [name for name in SECTIONS if name in wanted and (name != "prefect" or options.prefect)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_argument_group("what to do, one of")
    what.add_argument("--all", action="store_true", help="every section; writes the report to --out")
    what.add_argument("--only", metavar="SECTIONS", help=f"not all: some of {', '.join(SECTIONS)}")
    what.add_argument("--report", type=pathlib.Path, metavar="FILE", help="no measuring: the report of a raw file")
    what.add_argument("--install-peers", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--devtask", type=pathlib.Path, default=REPOSITORY / "build/release/bin/devtask")
    parser.add_argument("--ninja", type=pathlib.Path, help="what the ratios are against; the one in PATH")
    parser.add_argument(
        "--peers", type=pathlib.Path, default=REPOSITORY / "build/peers", help="where they are installed"
    )
    parser.add_argument("--no-peers", dest="peers", action="store_const", const=None)
    parser.add_argument("--prefect", type=pathlib.Path, help="a folder with `checkout`, or what git clones")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--large", type=int, metavar="TASKS", help="of the growth; ten times --tasks")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--raw", type=pathlib.Path, default=REPOSITORY / "build/bench/raw.json")
    parser.add_argument("--out", type=pathlib.Path, help="bench/RESULTS.md with --all and --report, else printed")
    parser.add_argument("--hasty", action="store_true", help="wait for nothing: for a test of this program")
    parser.add_argument("--scratch", type=pathlib.Path, help="where the trees are made (1 GB)")
    options = parser.parse_args()
    if not (options.all or options.only or options.report or options.install_peers):
        parser.error("say what to do: --all, --only, --report or --install-peers")
    return options


def main() -> None:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))  # the trees are removed on the way out
    if options.install_peers:
        return install_peers(options.install_peers.absolute())
    if options.report:
        data = json.loads(options.report.read_text())
    else:
        data = measure(options, names_of(options))
    text = report.write(data)
    if out := options.out or (None if options.only else HERE / "RESULTS.md"):
        out.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
