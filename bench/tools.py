"""The contestants: how each is told the workload in its own terms, how it is started, what it leaves behind.

Each has content hashing on where it knows how, its local cache only, telemetry off, and otherwise its defaults. Each
works in a tree of its own, so that none sees what another wrote."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from workload import Shape, Tree

PYPI = ["ninja==1.13.2", "go-task-bin==3.54.0", "doit==0.37.0"]
NPM = ["turbo@2.11.11", "vite-plus@0.3.3"]


class Tool:
    name = ""
    command: list = []  # what brings everything up to date
    state: list[str] = []  # what it leaves in the tree, as globs; the rest is in its home
    idle = ""  # a regular expression: what it says when nothing is to do
    by_content = True  # sees that a touched file is the same
    restores = True  # brings outputs back without running commands
    back = ""  # a regular expression: what it says when all outputs were brought back
    by = ""  # how it was set up, for the report
    env: dict[str, str] = {}

    def __init__(self, program: pathlib.Path):
        self.program = program

    def describe(self, tree: Tree) -> None:
        """Writes the tool's own files."""

    def words(self) -> list:
        return [self.program, *self.command]

    def environment(self, tree: Tree) -> dict[str, str]:
        # The same PATH for all; what a package manager's tool needs is in front of it.
        own = {"PATH": os.environ["PATH"], "HOME": str(tree.home), "XDG_CACHE_HOME": str(tree.home / "cache")}
        return own | {name: value.format(home=tree.home, path=own["PATH"]) for name, value in self.env.items()}

    def forget(self, tree: Tree) -> None:
        """As in a fresh clone, without a cache; what another tool knows of the same tree stays."""
        tree.delete_outputs()
        tree.delete(*self.state)
        if self.restores:
            tree.empty_home()

    def stop(self, tree: Tree) -> None:
        """Ends what keeps running."""

    def idles(self, text: str, shape: Shape) -> bool:
        return re.search(self.idle.format(n=shape.tasks), text) is not None

    def brought_back(self, text: str, shape: Shape) -> bool:
        return re.search(self.back.format(n=shape.tasks), text) is not None

    def version(self) -> str:
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, timeout=60)
        found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        return found.group() if found else "unknown"


class Devtask(Tool):
    name = "devtask"
    command = ["all"]
    state = [".devtask"]
    idle = "everything is up to date"
    back = r"{n} restored"

    def describe(self, tree):
        shape = tree.shape
        parts = ['[project]\nname = "bench"\n']
        for task in range(shape.tasks):
            before = shape.before(task)
            deps = "" if before is None else f'deps = ["t{before}"]\n'
            parts.append(
                f'[tasks.t{task}]\n{deps}run = "{shape.command(task)}"\n'
                f'inputs = ["t{task}/src/*"]\noutputs = ["{shape.output(task)}"]\n'
            )
        names = ", ".join(f'"t{task}"' for task in range(shape.tasks))
        tree.write("tasks.toml", "\n".join([*parts, f"[tasks.all]\ndeps = [{names}]\n"]))


class Ninja(Tool):
    name = "ninja"
    command = ["all"]
    state = [".ninja_log", ".ninja_deps"]
    idle = "no work to do"
    by_content = restores = False
    by = "timestamps only, no cache"

    def describe(self, tree):
        shape = tree.shape
        parts = ["rule cat\n  command = $cmd\n"]
        for task in range(shape.tasks):
            before = shape.before(task)
            inputs = shape.sources(task) + ([] if before is None else [shape.output(before)])
            parts.append(f"build {shape.output(task)}: cat {' '.join(inputs)}\n  cmd = {shape.command(task)}\n")
        outputs = " ".join(shape.output(task) for task in range(shape.tasks))
        tree.write("build.ninja", "".join([*parts, f"build all: phony {outputs}\ndefault all\n"]))


class NewerNinja(Ninja):
    name = "ninja of PyPI"
    by = "timestamps only, no cache"


class Make(Tool):
    name = "make"
    command = ["-rR", "-j2", "all"]  # its built-in rules would look for RCS files of each source
    idle = "Nothing to be done|is up to date"
    by_content = restores = False
    by = "`-rR -j2`, without its built-in rules; timestamps only, no cache"

    def describe(self, tree):
        shape = tree.shape
        outputs = " ".join(shape.output(task) for task in range(shape.tasks))
        parts = [f"all: {outputs}\n.PHONY: all\n"]
        for task in range(shape.tasks):
            before = shape.before(task)
            inputs = shape.sources(task) + ([] if before is None else [shape.output(before)])
            parts.append(f"{shape.output(task)}: {' '.join(inputs)}\n\t{shape.command(task)}\n")
        tree.write("Makefile", "".join(parts))


class Doit(Tool):
    name = "doit"
    command = ["-n", "2"]
    state = [".doit.db*", "__pycache__"]
    restores = False
    by = "`-n 2`; content where the time differs, no cache"

    def describe(self, tree):
        shape = tree.shape
        tasks = [
            {
                "name": str(task),
                "actions": [shape.command(task)],
                "file_dep": shape.sources(task),
                "targets": [shape.output(task)],
                "task_dep": [] if shape.before(task) is None else [f"t:{shape.before(task)}"],
            }
            for task in range(shape.tasks)
        ]
        tree.write("tasks.json", json.dumps(tasks))
        tree.write("dodo.py", "import json\n\n\ndef task_t():\n    yield from json.load(open('tasks.json'))\n")

    def idles(self, text, shape):
        return len(re.findall(r"^-- t:", text, re.MULTILINE)) == shape.tasks


class GoTask(Tool):
    name = "go-task"
    command = ["all"]
    state = [".task"]
    restores = False
    by = "`method: checksum`, `run: once`; no cache of outputs"

    def describe(self, tree):
        shape = tree.shape
        names = ", ".join(f"t{task}" for task in range(shape.tasks))
        parts = [f"version: '3'\nmethod: checksum\nrun: once\ntasks:\n  all:\n    deps: [{names}]\n"]
        for task in range(shape.tasks):
            before = "" if shape.before(task) is None else f"    deps: [t{shape.before(task)}]\n"
            parts.append(
                f"  t{task}:\n{before}    sources: [t{task}/src/*]\n    generates: [{shape.output(task)}]\n"
                f"    cmds: ['{shape.command(task)}']\n"
            )
        tree.write("Taskfile.yml", "".join(parts))

    def idles(self, text, shape):
        return not re.search(r"\] cat ", text) and "up to date" in text


class Turbo(Tool):
    name = "turbo"
    command = ["run", "build"]
    state = [".turbo", "t*/.turbo", "node_modules"]
    idle = back = r"{n} cached, {n} total"
    by = "a package for each task, in git; `npm run` replaced by a script that starts the command, which flatters it"
    env = {"TURBO_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "PATH": "{home}/../bin:{path}"}

    def describe(self, tree):
        shape = tree.shape
        for task in range(shape.tasks):
            package = {"name": f"t{task}", "version": "1.0.0", "scripts": {"build": "cat src/* > out.txt"}}
            if shape.before(task) is not None:
                package["dependencies"] = {f"t{shape.before(task)}": "*"}
            tree.write(f"t{task}/package.json", json.dumps(package))
        root = {"name": "bench", "private": True, "packageManager": "npm@10.0.0", "workspaces": ["t*"]}
        tree.write("package.json", json.dumps(root))
        build = {"dependsOn": ["^build"], "inputs": ["src/**"], "outputs": ["out.txt"]}
        tree.write("turbo.json", json.dumps({"tasks": {"build": build}}))
        tree.write(".gitignore", "node_modules\n.turbo\nout.txt\n")
        programs = tree.home.parent / "bin"
        programs.mkdir()
        (programs / "npm").write_text("#!/bin/sh\nexec sh -c 'cat src/* > out.txt'\n")
        (programs / "npm").chmod(0o755)
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            names = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
            subprocess.run(["git", *names, *words], cwd=tree.folder, env=self.environment(tree), check=True)

    def stop(self, tree):
        subprocess.run(
            [self.program, "daemon", "stop"],
            cwd=tree.folder,
            env=self.environment(tree),
            capture_output=True,
            timeout=30,
        )


class VitePlus(Tool):
    name = "vite-plus"
    command = ["run", "all"]
    state = ["node_modules/.vite"]
    idle = back = r"cache hit \(100%\)"
    by = "`vp run` with `input` and `output` for each task"
    env = {"DO_NOT_TRACK": "1"}

    def describe(self, tree):
        shape = tree.shape
        tasks = {"all": {"command": "true", "dependsOn": [f"t{task}" for task in range(shape.tasks)]}}
        for task in range(shape.tasks):
            before = shape.before(task)
            tasks[f"t{task}"] = {
                "command": shape.command(task),
                "input": [f"t{task}/src/**"],
                "output": [shape.output(task)],
                "dependsOn": [] if before is None else [f"t{before}"],
            }
        tree.write("package.json", json.dumps({"name": "bench", "private": True}))
        tree.write("vite.config.ts", f"export default {json.dumps({'run': {'tasks': tasks}})}\n")
        (tree.folder / "node_modules").mkdir()


PEERS = {  # where the installation puts it; None: it comes with the system
    NewerNinja: "py/bin/ninja",
    Make: None,
    Doit: "py/bin/doit",
    Turbo: "npm/node_modules/@turbo/*/bin/turbo",
    GoTask: "py/bin/task",
    VitePlus: "npm/node_modules/.bin/vp",
}
COMMANDS = {NewerNinja: None, Make: "make", Doit: "doit", Turbo: "turbo", GoTask: "task", VitePlus: "vp"}


def find_peers(folder: pathlib.Path | None) -> tuple[list[Tool], dict[str, str]]:
    """Those that are here, and why the others are not measured."""
    found, missing = [], {}
    for kind, place in PEERS.items():
        programs = sorted(folder.glob(place)) if folder and place else []
        command = COMMANDS[kind] and shutil.which(COMMANDS[kind])
        if programs:
            found.append(kind(programs[0].absolute()))
        elif command:
            found.append(kind(pathlib.Path(command)))
        else:
            missing[kind.name] = "not installed"
    return found, missing


def install_peers(folder: pathlib.Path) -> None:
    """The pinned versions, from PyPI and npm."""
    subprocess.run(["python3", "-m", "venv", folder / "py"], check=True)
    subprocess.run([folder / "py/bin/pip", "install", "--quiet", "--disable-pip-version-check", *PYPI], check=True)
    npm = folder / "npm"
    npm.mkdir(exist_ok=True)
    (npm / "package.json").write_text('{"private": true}\n')
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *NPM], cwd=npm, check=True)
