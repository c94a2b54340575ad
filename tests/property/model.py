"""A random project: tasks that depend on each other, what each reads and makes, and its tasks.toml. Pure.

Every task has a folder of sources of its own and does something simple with it (commands.py), so that what it must make
can be computed. A project is never changed: a step that changes tasks.toml makes another one.
"""

import fnmatch
import functools
import re
from dataclasses import dataclass, field

TOOL = "tools/bin/gadget"
SHARED = "src/shared"
LINKED = "linked"  # what links lead to: the file `one` in there, or the folder
MEMBER = "mem"
NAMES = ("a.txt", "b.txt", "c.skip", "keep.skip", "other.md", "cache.pyc", "sub/a.txt", "sub/e.skip", "drafts/f.txt")
CONTENTS = ("a1", "a2", "a3", "b1", "b2", "a-longer", "a1~")
KINDS = ["literal"] * 4 + ["folder"] * 4 + ["glob"] * 2 + ["local"] * 2
KINDS += ["no-inputs", "no-cache", "group", "edits", "creates"]
OWNED_KINDS = ("literal", "folder", "glob")  # cached: cleared, stored, restored
PATTERNS = {
    "literal": ["F/a.txt", "F/b.txt"],
    "one level": ["F/*.txt"],
    "any level": ["F/**/*.txt"],
    "folder": ["F/"],
    "not skip": ["F/**", "!F/**/*.skip"],
    "not drafts": ["F/**", "!F/drafts/**"],
    "back again": ["F/**", "!F/**/*.skip", "F/keep.skip"],
    "class": ["F/[ab].txt", "F/{sub,drafts}/*.txt"],
}
IGNORED = ("*~", "*.pyc")


@dataclass(frozen=True)
class File:
    """A file or a link. Of its mode only the execute bit counts."""

    text: str = ""
    executable: bool = False
    target: str = None  # of a link


@dataclass(frozen=True)
class Task:
    name: str  # as the root calls it: "t3", "mem:t4"
    kind: str  # literal, folder, glob, local, no-inputs, no-cache, group, edits, creates
    deps: tuple = ()  # "t1", "t2@x", "t2@{{v}}"
    patterns: str = "one level"
    shared: str = ""  # another folder that it reads, too
    reads_all: tuple = ()  # dependencies of which it reads the whole output folder, as declared inputs
    matrix: tuple = ()
    cut: bool = False  # its output hides all but the first character of its inputs
    version: int = 1
    constant: str = ""  # of `env`
    takes_env: bool = False
    tool: bool = False
    argument: bool = False
    partly: bool = False  # writes something before it fails
    slow: bool = False  # has something in its output folder for a while
    in_sources: bool = False  # its output lies among its inputs
    included: bool = False  # in a file of `include`

    @property
    def local_name(self):
        return self.name.rpartition(":")[2]

    @property
    def base(self):
        return self.name.rpartition(":")[0]

    @property
    def is_group(self):
        return self.kind == "group"

    @property
    def always_runs(self):
        return self.kind in ("no-inputs", "no-cache")

    @property
    def folder(self):
        return self.place("src/" + self.local_name)

    def place(self, path):
        return f"{self.base}/{path}" if self.base else path

    def variable(self):
        return "VAR_" + self.local_name.upper()


@dataclass(frozen=True)
class Instance:
    """A task with a value of its matrix chosen and its argument given."""

    task: Task
    row: str = ""
    words: tuple = ()

    @property
    def label(self):
        return self.slot + "".join(f" {word}" for word in self.words)

    @property
    def slot(self):
        """What instances that write the same outputs have in common."""
        return self.task.name + (f"@{self.row}" if self.row else "")

    @property
    def local_name(self):
        return self.task.local_name + (f"@{self.row}" if self.row else "")

    @property
    def word(self):
        return self.words[0] if self.words else "usual"

    # ---- what it reads

    @functools.cached_property
    def input_patterns(self):
        task = self.task
        if task.is_group or task.kind == "no-inputs":
            return []
        if task.kind in ("edits", "creates"):
            return [f"{task.folder}/*.txt"]
        patterns = [f"{task.folder}/{self.row}.txt"] if self.row else []
        patterns += [] if self.row else [each.replace("F/", task.folder + "/") for each in PATTERNS[task.patterns]]
        return patterns + ([f"{task.shared}/*.txt"] if task.shared else [])

    # ---- what it makes

    @functools.cached_property
    def main(self):
        task, name = self.task, self.local_name.replace("@", "-")
        if task.in_sources:
            return f"{task.folder}/made.txt"
        return task.place({"folder": f"out/{name}/main", "glob": f"out/{name}-main.o", "local": f"loc/{name}/main"}.get(
            task.kind, f"out/{name}"))

    @functools.cached_property
    def output_pattern(self):
        name = self.local_name.replace("@", "-")
        if self.task.kind in ("group", "edits", "creates"):
            return ""
        return {"folder": self.task.place(f"out/{name}/"), "glob": self.task.place(f"out/{name}-*.o"),
                "local": self.task.place(f"loc/{name}/")}.get(self.task.kind, self.main)

    def extra(self, base):
        """The output that stands for one source, of a kind that has such."""
        pattern = self.output_pattern if self.task.kind == "glob" else self.output_pattern + "*"
        return pattern.replace("*", f"x-{base}")

    def owns(self, path):
        return bool(self.output_pattern) and matches(path, [self.output_pattern])

    @property
    def witness(self):
        return self.main.replace("/main", "/witness")

    @property
    def created_pattern(self):
        return self.task.place(f"notes/{self.task.local_name}-*.txt")


# ---- patterns


@functools.lru_cache(maxsize=None)
def expression(pattern):
    if pattern.endswith("/"):
        pattern += "**"
    text = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\[[^]]*\]|\{[^}]*\})", pattern):
        if part == "**/":
            text += "(?:[^/]+/)*"
        elif part == "**":
            text += ".+"
        elif part == "*":
            text += "[^/]*"
        elif part.startswith("["):
            text += part
        elif part.startswith("{"):
            text += "(?:" + "|".join(re.escape(each) for each in part[1:-1].split(",")) + ")"
        else:
            text += re.escape(part)
    return re.compile(text)


def matches(path, patterns):
    """The last pattern that matches decides."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            found = found and not expression(pattern[1:]).fullmatch(path)
        else:
            found = found or bool(expression(pattern).fullmatch(path))
    return found


def is_ignored(path):
    return any(fnmatch.fnmatch(path, pattern) for pattern in IGNORED)


# ---- the project


@dataclass
class Project:
    tasks: dict = field(default_factory=dict)  # by name, dependencies first

    def copy(self):
        return Project(dict(self.tasks))

    def instances(self, name):
        """What a name of a dependency or a request stands for."""
        name, _, row = name.partition("@")
        task = self.tasks[name]
        rows = [row] if row else task.matrix or [""]
        return [instance_of(task, each) for each in rows]

    def dependencies(self, instance):
        found = []
        for name in instance.task.deps:
            found += [each for each in self.instances(name.replace("{{v}}", instance.row)) if each not in found]
        return found

    def below(self, instance):
        """All that it depends on, at any distance."""
        found, open_ = [], self.dependencies(instance)
        while open_:
            each = open_.pop()
            if each not in found:
                found.append(each)
                open_ += self.dependencies(each)
        return found

    def through_groups(self, instance):
        found = []
        for dep in self.dependencies(instance):
            for each in self.through_groups(dep) if dep.task.is_group else [dep]:
                if each not in found:
                    found.append(each)
        return found

    def all_instances(self):
        return [each for name in self.tasks for each in self.instances(name)]

    def dependents(self, name):
        return [each for each in self.tasks.values() if any(dep.partition("@")[0] == name for dep in each.deps)]

    def has_members(self):
        return any(task.base for task in self.tasks.values())


@functools.lru_cache(maxsize=None)
def instance_of(task, row="", words=()):
    return Instance(task, row, words)


def random_project(rng):
    project = Project()
    count = rng.randint(5, 9)
    for index in range(count):
        add_random_task(rng, project, f"t{index}")
    return project


def add_random_task(rng, project, name):
    kind = rng.choice(KINDS)
    known = [task for task in project.tasks.values() if task.kind != "creates"]
    if kind == "group" and not known:
        kind = "literal"
    in_member = rng.random() < 0.2
    matrix = ("x", "y") if kind in ("literal", "folder", "glob") and rng.random() < 0.2 else ()
    chosen = rng.sample(known, min(len(known), rng.choice([0, 1, 1, 2, 2, 3])))
    if kind == "group" and not chosen:
        chosen = [rng.choice(known)]
    deps = tuple(pick(rng, dep, matrix) for dep in chosen)
    readable = [dep.partition("@")[0] for dep in deps if project.tasks[dep.partition("@")[0]].kind == "folder"
                and not project.tasks[dep.partition("@")[0]].matrix]
    reads_files = kind in OWNED_KINDS and not in_member
    editors = [task.folder for task in project.tasks.values() if task.kind == "edits"]
    task = Task(
        name=f"{MEMBER}:{name}" if in_member else name,
        kind=kind,
        deps=deps,
        patterns=rng.choice(sorted(PATTERNS)),
        shared=rng.choice([SHARED, *editors]) if reads_files and rng.random() < 0.35 else "",
        reads_all=tuple(each for each in readable if reads_files and rng.random() < 0.7),
        matrix=matrix,
        cut=rng.random() < 0.3,
        constant=rng.choice(["", "", "one"]),
        takes_env=kind != "group" and rng.random() < 0.25,
        tool=kind in OWNED_KINDS and not in_member and rng.random() < 0.25,
        argument=kind == "literal" and not matrix and rng.random() < 0.3,
        partly=rng.random() < 0.5,
        slow=kind == "folder" and rng.random() < 0.3,
        in_sources=kind == "literal" and not matrix and rng.random() < 0.2,
        included=not in_member and rng.random() < 0.25,
    )
    project.tasks[task.name] = task
    return task


def pick(rng, dep, matrix):
    if dep.matrix and rng.random() < 0.6:
        return f"{dep.name}@" + ("{{v}}" if matrix and rng.random() < 0.7 else rng.choice(dep.matrix))
    return dep.name
