"""Projects to do harm to, with what they must look like in the end.

A workload has a few variants of its input files. What its outputs are is not written down but found out: by a run
of the variant in a clean folder with a cache of its own (`Reference`).

The scripts write slowly and in pieces, so that a kill finds them half-way, and stop at the first command that fails.
"""

import hashlib
import os
import random
import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.project import Project

SLOWLY = """\
set -e
for i in 1 2 3; do cat "$@"; sleep 0.004; done
"""

CHAIN = """
[tasks.one]
inputs = ["in/a.txt"]
outputs = ["out/one.txt"]
run = "RAN; sh slowly.sh in/a.txt >out/one.txt"

[tasks.two]
deps = ["one"]
inputs = ["in/b.txt"]
outputs = ["out/two.txt"]
run = "RAN; sh slowly.sh out/one.txt in/b.txt >out/two.txt"

[tasks.three]
deps = ["two"]
inputs = []
outputs = ["out/three.txt"]
run = "RAN; sh slowly.sh out/two.txt >out/three.txt"

[tasks.side]
inputs = ["in/b.txt"]
outputs = ["out/side.txt"]
run = "RAN; sh slowly.sh in/b.txt >out/side.txt"

[tasks.all]
deps = ["three", "side"]
inputs = []
outputs = ["out/all.txt"]
run = "RAN; sh slowly.sh out/three.txt out/side.txt >out/all.txt"
"""

# The names differ between variants: what the last result made and this one does not has to go.
FOLDER = """
[tasks.folder]
inputs = ["in/**"]
outputs = ["out/folder/", "!out/folder/hand.txt"]
run = '''
RAN
mkdir -p out/folder/deep/er out/folder/empty
while read name; do
  echo "$name" >out/folder/$name
  sh slowly.sh in/a.txt >out/folder/deep/er/$name
done <in/names.txt
ln -s deep out/folder/link
chmod 755 out/folder/same
'''

[tasks.all]
deps = ["folder"]
inputs = ["in/b.txt"]
outputs = ["out/list.txt"]
run = "RAN; ls out/folder/* >out/list.txt; sh slowly.sh in/b.txt >>out/list.txt"
"""

LOCAL = """
[tasks.venv]
inputs = ["in/a.txt"]
outputs = ["venv/"]
cache = "local"
witness = "venv/ok"
run = "RAN; mkdir -p venv; sh slowly.sh in/a.txt >venv/library; cp in/a.txt venv/ok"

[tasks.all]
deps = ["venv"]
inputs = ["in/b.txt"]
outputs = ["out/used.txt"]
run = "RAN; sh slowly.sh venv/library in/b.txt >out/used.txt"
"""

# Many small files, and one that is too large to be handled in memory.
MANY = """
[tasks.many]
inputs = ["in/a.txt"]
outputs = ["out/many/"]
run = '''
RAN
read value <in/a.txt
for folder in 0 1 2 3 4 5; do
  mkdir -p out/many/$folder
  for file in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do
    echo "$value $folder $file" >out/many/$folder/$file
  done
done
'''

[tasks.all]
deps = ["many"]
inputs = ["in/a.txt", "in/large.bin"]
outputs = ["out/large.bin", "out/text.txt"]
run = "RAN; cat in/a.txt in/large.bin >out/large.bin; cat out/many/*/* in/a.txt >out/text.txt"
"""

# In one variant of three, the task `bad` fails after it has written half of its outputs.
FAILING = """
[tasks.good]
inputs = ["in/a.txt"]
outputs = ["out/good.txt"]
run = "RAN; sh slowly.sh in/a.txt >out/good.txt"

[tasks.bad]
deps = ["good"]
inputs = ["in/b.txt", "in/fail.txt"]
outputs = ["out/bad/"]
run = '''
RAN
mkdir -p out/bad
sh slowly.sh in/b.txt out/good.txt >out/bad/first.txt
read code <in/fail.txt
[ "$code" = 0 ] || exit "$code"
cp out/bad/first.txt out/bad/second.txt
'''

[tasks.all]
deps = ["bad"]
inputs = []
outputs = ["out/after.txt"]
run = "RAN; cat out/bad/* >out/after.txt"
"""

# What a task starts and would leave behind if it were killed: in its process group, and out of it.
BACKGROUND = """
[tasks.all]
inputs = ["in/a.txt"]
outputs = ["out/all.txt"]
run = '''
RAN
sleep 600 &
child=$!
sh slowly.sh in/a.txt >out/all.txt
kill $child
'''
"""

ESCAPED = """
[tasks.all]
inputs = ["in/a.txt"]
outputs = ["out/all.txt"]
run = '''
RAN
(setsid sleep 600 & echo $! >out/child)
sh slowly.sh in/a.txt >out/all.txt
read child <out/child
kill $child
rm out/child
'''
"""

# One of each kind, and able to run over its own outputs, as it has to once the state is lost: then these could be
# anybody's. (Links and empty files are then left out of the result: test_what_is_empty_is_part_of_a_result.)
# Which files a cache and a state folder consist of is looked up, not written down.
RICH = """
[tasks.text]
inputs = ["in/*.txt"]
outputs = ["out/text.txt"]
run = "RAN; echo joined; for i in 1 2 3 4 5 6 7 8 9; do cat in/a.txt in/b.txt in/a.txt in/b.txt; done >out/text.txt"

[tasks.folder]
deps = ["text"]
inputs = []
outputs = ["made/"]
run = '''
RAN
mkdir -p made/deep made/empty
for name in 1 2 3 4 5; do cp out/text.txt made/deep/$name; echo "$name" >>made/deep/$name; done
cp out/text.txt made/program
chmod 755 made/program
'''

[tasks.large]
inputs = ["in/large.*"]
outputs = ["out/large.bin", "out/large.txt"]
run = "RAN; for name in bin txt; do cat in/large.$name in/large.$name >out/large.$name; done"

[tasks.venv]
inputs = ["in/a.txt"]
outputs = ["venv/"]
cache = "local"
witness = "venv/ok"
run = "RAN; mkdir -p venv; cp in/a.txt venv/library; cp in/a.txt venv/ok"

[tasks.cross]
deps = ["venv"]
matrix = { axis = ["x", "y"] }
inputs = ["in/b.txt"]
outputs = ["out/{{axis}}.txt"]
run = "RAN; cat venv/library in/b.txt >out/{{axis}}.txt"
"""


def letters(variant):
    # Of one size, so that only content tells them apart.
    return {"in/a.txt": f"a {variant}\n" * 40, "in/b.txt": f"b {variant}\n" * 40}


def names(variant):
    different = [f"{kind}-{variant}" for kind in ("x", "y", "z")]
    return letters(variant) | {"in/names.txt": "".join(f"{name}\n" for name in different + ["same"])}


def noise(variant, size):
    """As bytes, which cannot be compressed, and as text, which can."""
    bytes = random.Random(variant).randbytes(size)
    return letters(variant) | {"in/large.bin": bytes, "in/large.txt": bytes[: size // 2].hex()}


def large(variant):
    return noise(variant, 700_000)


def small(variant):
    return noise(variant, 9_000)


def fails(variant):
    return 1 if variant % 3 == 1 else 0


def failing(variant):
    return letters(variant) | {"in/fail.txt": "3\n" if fails(variant) else "0\n"}


@dataclass(frozen=True)
class Workload:
    tasks: str
    files: Callable = letters
    foreign: tuple = ()  # files that a person has put beside the outputs
    outputs: tuple = ("out",)
    code: Callable = lambda variant: 0
    victims: tuple = ("devtask", "ninja", "devtask-shim", "task")
    plain: bool = False  # what is killed is a plain Ninja on the project's graph, and what it starts
    unreached: tuple = ()  # what was made before stays where a task before it fails

    @property
    def request(self):
        """Every task by name: what is only a dependency of a restored task is not put in place."""
        return ["-k", *re.findall(r"^\[tasks\.(.+)\]$", self.tasks, re.MULTILINE)]

    @property
    def harmed(self):
        """The words of the run that is killed."""
        return ["ninja", "--", *self.request[1:]] if self.plain else self.request

    def write(self, project, variant):
        """The project's own files; what is there already and the same is left alone."""
        if not project.path("tasks.toml").exists():
            project.tasks(self.tasks)
            project.write("slowly.sh", SLOWLY)
            for path in self.foreign:
                project.write(path, "made by hand\n")
        for path, text in self.files(variant).items():
            project.write(path, text)

    def forget_outputs(self, project):
        for name in self.outputs:
            shutil.rmtree(project.path(name), ignore_errors=True)
        for path in self.foreign:
            project.write(path, "made by hand\n")


WORKLOADS = {
    # The file keeps the folder: test_shared_folder.py is about its loss.
    "chain": Workload(CHAIN, foreign=("out/keep.txt",)),
    "plain": Workload(CHAIN, foreign=("out/keep.txt",), plain=True),
    "folder": Workload(FOLDER, names, foreign=("out/folder/hand.txt",)),
    "local": Workload(LOCAL, outputs=("out", "venv")),
    "many": Workload(MANY, large),
    "failing": Workload(FAILING, failing, code=fails, unreached=("out/after.txt",)),
    "background": Workload(BACKGROUND),
    # A task that fails may leave a process of a session of its own: that is its own business, it may be a server.
    "escaped": Workload(ESCAPED, victims=("devtask", "ninja", "devtask-shim")),
}
SMALL_WORKLOAD = Workload(RICH, small, foreign=("out/keep.txt",), outputs=("out", "made", "venv"))
RICH_WORKLOAD = Workload(RICH, large, foreign=("out/keep.txt",), outputs=("out", "made", "venv"))


class References:
    """What a variant comes out as in a clean folder; each is made once."""

    def __init__(self, folder, workload):
        self.folder, self.workload, self.known = Path(folder), workload, {}

    def of(self, variant):
        if variant not in self.known:
            project = Project(self.folder / f"reference-{variant}")
            self.workload.write(project, variant)
            run = project.run(*self.workload.request)
            assert run.code == self.workload.code(variant), run.stderr
            self.known[variant] = visible(project.root)
        return self.known[variant]

    def wrong(self, project, variant):
        """What is not as it must be, readable; empty if there is nothing."""
        found, wanted = visible(project.root), self.of(variant)
        if self.workload.code(variant) != 0:
            found = {path: what for path, what in found.items() if path not in self.workload.unreached}
        return difference(found, wanted)


def visible(root):
    """Path to what is there of everything but `.devtask`: kind, whether it may be executed, and content."""
    found = {}
    for folder, folders, files in os.walk(root):
        if folder == str(root) and ".devtask" in folders:
            folders.remove(".devtask")
        for name in folders + files:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                content = "link to " + os.readlink(path)
            elif stat.S_ISDIR(mode):
                content = "folder"
            else:
                digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
                content = f"{'program' if mode & 0o100 else 'file'} of {os.path.getsize(path)} bytes, {digest[:16]}"
            found[os.path.relpath(path, root)] = content
    return found


def difference(found, wanted):
    """Readable; empty if there is none."""
    lines = [f"missing: {path} ({wanted[path]})" for path in sorted(wanted.keys() - found.keys())]
    lines += [f"should not be there: {path} ({found[path]})" for path in sorted(found.keys() - wanted.keys())]
    for path in sorted(found.keys() & wanted.keys()):
        if found[path] != wanted[path]:
            lines.append(f"{path} is {found[path]} and should be {wanted[path]}")
    return "\n".join(lines)


def leftovers(project):
    """Temporary files: in the project, its state, the folder for temporary files and the cache."""
    found = []
    for top in (project.root, project.folder / "tmp", project.cache):
        for folder, folders, files in os.walk(top):
            found += [os.path.join(folder, name) for name in files + folders if name.startswith(".devtask-")]
    runs = project.path(".devtask/runs")
    if runs.is_dir():
        found += [str(runs / name) for name in os.listdir(runs)]
    found += [str(path) for path in (project.folder / "tmp").iterdir()]
    return sorted(set(found))
