"""The cases: what is brought into which condition, and who is measured in it, in turn.

In each round all contestants go one after the other in the same condition, every other round in the opposite order, so
that what disturbs the machine for a while disturbs all of them. A case begins with everything at rest: up to date, and
older than the two seconds within which devtask does not trust a file's time."""

import os
import pathlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable

from measure import Failed, Runner, Samples
from tools import Devtask, Ninja, Tool
from workload import Shape, Tree, delete

TRUST_SECONDS = 2.1
SLOW_SECONDS = 180  # what takes longer is not measured
ABSOLUTE = re.compile(r"(?<![\w./])(/[\w.@+-]+)+/")  # the folder of a path; nobody's business
JOBS = 2  # of the spawn floor, like the machines that the floors were first taken on


class Bench:
    def __init__(self, scratch: pathlib.Path, devtask: Devtask, ninja: Ninja, peers: list[Tool], rounds: int):
        self.scratch = scratch
        self.runner = Runner(scratch)
        self.devtask, self.ninja, self.peers = devtask, ninja, peers
        self.rounds = rounds
        self.peer_rounds = min(3, rounds)
        self.samples = Samples()
        self.more: dict = {}  # what is not a sample
        self.failed: dict[str, str] = {}
        self.trees: dict[tuple[str, Shape], Tree] = {}
        self.built: set[tuple[str, Shape]] = set()
        self.trust_seconds = TRUST_SECONDS

    # ---- trees

    def tree(self, shape: Shape, tool: Tool | None = None) -> Tree:
        """The tool's own; without one, that of devtask and the floors, which Ninja knows as well."""
        key = (tool.name if tool else "devtask", shape)
        if key not in self.trees:
            tree = self.trees[key] = Tree(self.scratch / f"{key[0]}-{shape}".replace(" ", "-"), shape)
            for known in (tool,) if tool else (self.devtask, self.ninja):
                known.describe(tree)
        return self.trees[key]

    def drop(self, shape: Shape) -> None:
        for key in [key for key in self.trees if key[1] == shape]:
            for tool in self.peers:
                if tool.name == key[0]:
                    tool.stop(self.trees[key])
            delete(self.trees.pop(key).folder.parent)
            self.built.discard(key)

    def close(self) -> None:
        for shape in {key[1] for key in self.trees}:
            self.drop(shape)

    # ---- running

    def run(self, case: str | None, tool: Tool, tree: Tree) -> str:
        """Measures, if there is a case."""
        timeout = 3600 if tool in (self.devtask, self.ninja) else SLOW_SECONDS
        try:
            sample, said = self.runner.run(tool.words(), tree.folder, tool.environment(tree), timeout)
        except Failed as error:
            raise Failed(f"{tool.name} failed: {error}") from None
        tree.changed()
        if case:
            self.samples.add(case, tool.name, sample)
        return said

    def idle(self, case: str | None, tool: Tool, tree: Tree) -> None:
        """With nothing to do, which is checked."""
        changed_at = tree.changed_at
        said = self.run(case, tool, tree)
        tree.changed_at = changed_at
        if not tool.idles(said, tree.shape):
            raise Failed(f"{tool.name} failed: nothing was to do, but it says: {said[-300:]}")

    def right(self, tool: Tool, tree: Tree, *tasks: int) -> None:
        """A tool that is fast because it does not do its work is not measured."""
        for task in tasks:
            if not tree.is_built(task):
                raise Failed(f"{tool.name} failed: {tree.shape.output(task)} is not what its inputs make")

    def floor(self, case: str, kind: str, tree: Tree) -> None:
        more = {"statx": tree.shape.files, "hash": tree.shape.files, "spawn": JOBS}.get(kind)
        if kind == "copy":
            more = self.scratch / "copies"
            delete(more)
            more.mkdir()
        command = [self.runner.floors, kind, tree.folder, tree.shape.tasks, more]
        sample, _ = self.runner.run(command, tree.folder, self.devtask.environment(tree))
        self.samples.add(case, kind, sample)

    def in_turn(self, number: int, steps: list[Callable[[], None]]) -> None:
        for step in steps if number % 2 == 0 else reversed(steps):
            step()

    def peer_steps(self, case: str, number: int, shape: Shape, action, peers=None) -> list[Callable[[], None]]:
        """`action(tool, tree)` for each peer; one that fails is not measured any more."""

        def step(tool: Tool) -> None:
            if tool.name in self.failed:
                return
            try:
                tree = self.tree(shape, tool)
                if (tool.name, shape) not in self.built:
                    self.run(None, tool, tree)
                    self.right(tool, tree, 0, shape.tasks - 1)
                    self.idle(None, tool, tree)
                    self.built.add((tool.name, shape))
                action(tool, tree)
            except (Failed, OSError, subprocess.SubprocessError) as error:
                why = " ".join(str(error).removeprefix(f"{tool.name} failed: ").split())
                self.failed[tool.name] = f"failed, {case}: {ABSOLUTE.sub('…/', why)[:300]}"
                self.samples.forget(case, tool.name)

        if number >= self.peer_rounds:
            return []
        return [lambda tool=tool: step(tool) for tool in (self.peers if peers is None else peers)]

    def build_peers(self, shape: Shape) -> None:
        """Otherwise the first case does it in its first round."""
        for step in self.peer_steps("setting up", 0, shape, lambda tool, tree: None):
            step()

    def rest(self, *trees: Tree) -> None:
        """Lets the changes grow old, then lets devtask see that they have."""
        changed_at = max(tree.changed_at for tree in trees)
        time.sleep(max(0.0, changed_at + self.trust_seconds - time.monotonic()))
        for tree in trees:
            self.idle(None, self.devtask, tree)

    def settle(self, *trees: Tree, ninja: bool = False) -> None:
        """Whatever came before: up to date, for Ninja too if it is asked for, and at rest."""
        for tree in trees:
            self.run(None, self.devtask, tree)
            if ninja:
                self.run(None, self.ninja, tree)
        for _ in range(2):
            self.rest(*trees)

    # ---- rounds of the cases; `label` is the name under which they are kept

    def nothing(self, label: str, number: int, shape: Shape, peers: bool = False) -> None:
        tree, case = self.tree(shape), f"{label}/{shape}"
        steps = [
            lambda: self.floor(case, "statx", tree),
            lambda: self.idle(case, self.ninja, tree),
            lambda: self.idle(case, self.devtask, tree),
        ]
        others = self.peer_steps(case, number, shape, lambda tool, own: self.idle(case, tool, own)) if peers else []
        self.in_turn(number, steps + others)

    def change_and_run(self, case: str | None, tool: Tool, tree: Tree, task: int) -> None:
        tree.change(task)
        self.run(case, tool, tree)
        self.right(tool, tree, task)

    def one(self, label: str, number: int, shape: Shape, ninja: bool = True, peers: bool = False) -> None:
        """The last of a chain, then looking again at once, then another change at once; and the head of the chain."""
        tree, last, head = self.tree(shape), shape.last(), shape.head()

        def whole(tool: Tool, own: Tree) -> None:
            self.change_and_run(f"{label}/{shape}", tool, own, last)
            if tool is self.devtask or tool is self.ninja:
                self.idle(f"{label}, at once nothing/{shape}", tool, own)
                self.change_and_run(f"{label}, at once again/{shape}", tool, own, last)

        def first(tool: Tool, own: Tree) -> None:
            self.change_and_run(f"{label}, head/{shape}", tool, own, head)

        for action in (whole, first):
            self.rest(tree)
            steps = [lambda action=action: action(self.devtask, tree)]
            if ninja:
                own = self.tree(shape, self.ninja)
                if ("ninja", shape) not in self.built:
                    self.run(None, self.ninja, own)
                    self.built.add(("ninja", shape))
                steps.append(lambda action=action: action(self.ninja, own))
            self.in_turn(number, steps + (self.peer_steps(f"{label}/{shape}", number, shape, action) if peers else []))

    def touched(self, label: str, number: int, shape: Shape, peers: bool = False) -> None:
        tree, case = self.tree(shape), f"{label}/{shape}"

        def run(tool: Tool, own: Tree) -> None:
            own.touch_all()
            if tool.by_content:
                self.idle(case, tool, own)
            else:
                self.run(case, tool, own)  # everything again

        self.rest(tree)
        others = self.peer_steps(case, number, shape, run) if peers else []
        if peers and number < self.peer_rounds and ("ninja", shape) in self.built:
            others.append(lambda: run(self.ninja, self.tree(shape, self.ninja)))
        self.in_turn(number, [lambda: self.floor(case, "hash", tree), lambda: run(self.devtask, tree), *others])

    def restored(self, label: str, number: int, shape: Shape, peers: bool = False) -> None:
        tree, case = self.tree(shape), f"{label}/{shape}"

        def run(tool: Tool, own: Tree) -> None:
            own.delete_outputs()
            said = self.run(case, tool, own)
            if not tool.brought_back(said, shape):
                raise Failed(f"{tool.name} failed: all outputs were to be restored, but it says: {said[-300:]}")
            self.right(tool, own, *range(0, shape.tasks, max(1, shape.tasks // 20)))

        self.rest(tree)
        others = [tool for tool in self.peers if tool.restores]
        others = self.peer_steps(case, number, shape, run, others) if peers else []
        self.in_turn(number, [lambda: self.floor(case, "copy", tree), lambda: run(self.devtask, tree), *others])

    def cold(self, label: str, number: int, shape: Shape, peers: bool = False) -> None:
        tree, case = self.tree(shape), f"{label}/{shape}"

        def run(tool: Tool, own: Tree) -> None:
            tool.forget(own)
            self.run(case, tool, own)
            self.right(tool, own, *range(0, shape.tasks, max(1, shape.tasks // 20)))

        def spawn() -> None:
            tree.delete_outputs()
            self.floor(case, "spawn", tree)

        others = self.peer_steps(case, number, shape, run) if peers else []
        steps = [lambda: run(self.devtask, tree), lambda: run(self.ninja, tree), spawn]
        self.in_turn(number, steps + others)

    # ---- others

    def start_up(self, number: int, shape: Shape) -> None:
        """No task is looked at: the programs alone, and a list of ten tasks."""
        tree = self.tree(shape)

        def start(who: str, *words) -> None:
            sample, _ = self.runner.run(words, tree.folder, self.devtask.environment(tree))
            self.samples.add("start-up", who, sample)

        self.in_turn(
            number,
            [
                lambda: start("devtask --version", self.devtask.program, "--version"),
                lambda: start("ninja --version", self.ninja.program, "--version"),
                lambda: start("devtask list", self.devtask.program, "list"),
            ],
        )

    def count_calls(self, who: str, tool: Tool, tree: Tree, before: Callable[[], None] | None = None) -> None:
        """System calls and started programs of a run with nothing to do; none, if it takes too long under strace."""
        counts = []
        for options in (["-c", "-U", "calls,name"], ["--seccomp-bpf", "-e", "trace=execve", "-z"]):
            if before:
                before()
            log = self.scratch / "strace"
            command = [shutil.which("strace"), "-f", "-qq", "-o", log, *options, "--", *tool.words()]
            try:
                self.runner.run(command, tree.folder, tool.environment(tree), SLOW_SECONDS)
            except Failed:
                return
            text = log.read_text(errors="replace")
            if "-c" in options:
                counts.append(int(re.search(r"^\s*(\d+)\s+total$", text, re.MULTILINE).group(1)))
            else:
                counts.append(len(re.findall(r"execve\(", text)))
        self.more.setdefault("calls", {})[who] = {"calls": counts[0], "programs": counts[1]}

    def calls(self, shape: Shape) -> None:
        if not shutil.which("strace"):
            self.more["calls"] = {}
            return
        tree = self.tree(shape)
        self.settle(tree, ninja=True)
        self.count_calls("ninja", self.ninja, tree)
        self.count_calls("devtask", self.devtask, tree)
        self.count_calls(
            "devtask, right after a change",
            self.devtask,
            tree,
            lambda: self.change_and_run(None, self.devtask, tree, shape.last()),
        )
        for step in self.peer_steps("system calls", 0, shape, lambda tool, own: self.count_calls(tool.name, tool, own)):
            step()

    def one_big_task(self, label: str, rounds: int, shape: Shape) -> None:
        """All the files of the workload as the inputs of a single task."""
        tree = self.tree(shape)
        command = "ls -f t*/src | wc -l > count.txt"
        tree.write(
            "tasks.toml",
            f'[project]\nname = "bench"\n[tasks.all]\nrun = "{command}"\n'
            'inputs = ["t*/src/*"]\noutputs = ["count.txt"]\n',
        )

        def run(case: str) -> None:
            self.run(f"{label} {case}", self.devtask, tree)

        for number in range(rounds):
            self.devtask.forget(tree)
            tree.delete("count.txt")
            words = ["/bin/sh", "-c", command]
            sample, _ = self.runner.run(words, tree.folder, self.devtask.environment(tree))
            self.samples.add(f"{label} cold", "command", sample)
            tree.delete("count.txt")
            run("cold")
            self.rest(tree)
            self.floor(f"{label} nothing", "statx", tree)
            self.idle(f"{label} nothing", self.devtask, tree)
            tree.change(shape.head() + number)
            run("one")
            self.rest(tree)
            tree.touch_all()
            self.floor(f"{label} touched", "hash", tree)
            self.idle(f"{label} touched", self.devtask, tree)

    def prefect(self, source: pathlib.Path, examples: pathlib.Path, rounds: int) -> None:
        """`build-ui` of the real Prefect with nothing to do, against what its guide has one do every time."""
        folder = self.scratch / "prefect"
        if os.access(source / "checkout", os.X_OK):
            command = [source.absolute() / "checkout", folder]
        else:
            command = [
                "git",
                "-c",
                "advice.detachedHead=false",
                "clone",
                "--quiet",
                "--branch",
                "2.8.6",
                source,
                folder,
            ]
        subprocess.run(command, check=True)
        shutil.copyfile(examples / "tasks.toml", folder / "tasks.toml")
        shutil.copytree(examples / "tasks", folder / "tasks")
        env = dict(os.environ) | {"XDG_CACHE_HOME": str(self.scratch / "prefect-cache")}
        build = [self.devtask.program, "build-ui"]
        self.runner.run(build, folder, env, 3600)
        time.sleep(self.trust_seconds)
        self.runner.run(build, folder, env)

        for _ in range(rounds):
            self.samples.add("prefect", "devtask", self.runner.run(build, folder, env)[0])
        served = "../src/prefect/server/ui"
        guide = f"npm ci && PREFECT_UI_SERVE_BASE=/ npm run build && rm -rf {served} && cp -r dist {served}"
        measured, _ = self.runner.run(["/bin/sh", "-ec", guide], folder / "ui", env, 3600)
        self.samples.add("prefect", "guide", measured)
        delete(folder)
