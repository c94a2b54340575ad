"""The workload of the comparison: N tasks with 20 input files of 2 KB each and one trivial command, in chains of ten
(or all independent), and one target over all. A tree has the files; the tools write their own descriptions into it."""

import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import random
import shutil
import time

FILE_SIZE = 2048
CHAIN = 10
DELETERS = 16  # threads


@dataclasses.dataclass(frozen=True)
class Shape:
    tasks: int
    files: int = 20  # of each task
    chained: bool = True

    def sources(self, task: int) -> list[str]:
        return [f"t{task}/src/f{index}.txt" for index in range(self.files)]

    def output(self, task: int) -> str:
        return f"t{task}/out.txt"

    def command(self, task: int) -> str:
        return f"cat t{task}/src/* > t{task}/out.txt"

    def before(self, task: int) -> int | None:
        """The task that this one depends on."""
        return task - 1 if self.chained and task % CHAIN != 0 else None

    def head(self) -> int:
        """The first task of a chain in the middle."""
        return self.tasks // 2 // CHAIN * CHAIN

    def last(self) -> int:
        """The last task of that chain."""
        return min(self.head() + CHAIN, self.tasks) - 1

    def __str__(self) -> str:
        more = "" if self.files == 20 else f" x {self.files}"
        return f"{self.tasks}{more}{'' if self.chained else ' independent'}"


class Tree:
    """One copy of the workload, with a home folder beside it in which a tool keeps its caches."""

    changes = 0  # so that no content comes twice

    def __init__(self, folder: pathlib.Path, shape: Shape):
        self.shape = shape
        self.folder = folder / "work"
        self.home = folder / "home"
        self.folder.mkdir(parents=True)
        self.home.mkdir()
        self.changed()
        source = random.Random(1)
        for task in range(shape.tasks):
            os.makedirs(self.folder / f"t{task}" / "src")
            for path in shape.sources(task):
                self.write(path, random_text(source))

    def changed(self) -> None:
        self.changed_at = time.monotonic()

    def write(self, path: str, text: str) -> None:
        with open(self.folder / path, "w") as file:
            file.write(text)

    def touch_all(self) -> None:
        for task in range(self.shape.tasks):
            for path in self.shape.sources(task):
                os.utime(self.folder / path)
        self.changed()

    def change(self, task: int) -> None:
        Tree.changes += 1
        self.write(self.shape.sources(task)[0], random_text(random.Random(Tree.changes + 1)))
        self.changed()

    def delete_outputs(self) -> None:
        unlink_all(self.folder / self.shape.output(task) for task in range(self.shape.tasks))

    def delete(self, *paths: str) -> None:
        for pattern in paths:
            for path in self.folder.glob(pattern):
                delete(path)

    def empty_home(self) -> None:
        for path in self.home.iterdir():
            delete(path)

    def is_built(self, task: int) -> bool:
        """The output is what the command makes of the sources as they are."""
        content = b"".join((self.folder / path).read_bytes() for path in sorted(self.shape.sources(task)))
        path = self.folder / self.shape.output(task)
        return path.exists() and path.read_bytes() == content


def random_text(source: random.Random) -> str:
    return source.randbytes(FILE_SIZE // 2).hex()


def delete(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        unlink_all(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def unlink_all(paths) -> None:
    """Many at once: a disk that is told of each freed block needs milliseconds for each."""

    def unlink(some: list) -> None:
        for path in some:
            with contextlib.suppress(OSError):
                os.unlink(path)

    all_paths = list(paths)
    each = len(all_paths) // DELETERS + 1
    with concurrent.futures.ThreadPoolExecutor(DELETERS) as threads:
        for _ in threads.map(unlink, [all_paths[i : i + each] for i in range(0, len(all_paths), each)]):
            pass
