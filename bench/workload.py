"""The workload of the comparison: N tasks with 20 input files of 2 KB each and one trivial command, in chains of ten
(or all independent), and one target over all. Written for devtask, and for plain Ninja with the same commands."""

import pathlib
import random
import shutil

FILES_PER_TASK = 20
FILE_SIZE = 2048
CHAIN = 10


def make_workload(folder: pathlib.Path, tasks: int, chained: bool = True) -> None:
    """Writes the files, tasks.toml and build.ninja into the empty `folder`."""
    source = random.Random(1)
    toml = ['[project]\nname = "bench"\n']
    ninja = ["rule cat\n  command = $cmd\n"]
    outputs = []
    for number in range(tasks):
        src = folder / f"t{number}" / "src"
        src.mkdir(parents=True)
        names = []
        for index in range(FILES_PER_TASK):
            (src / f"f{index}.txt").write_bytes(source.randbytes(FILE_SIZE // 2).hex().encode())
            names.append(f"t{number}/src/f{index}.txt")
        output = f"t{number}/out.txt"
        command = f"cat t{number}/src/* > {output}"
        follows = chained and number % CHAIN != 0
        deps = f'deps = ["t{number - 1}"]\n' if follows else ""
        toml.append(
            f'[tasks.t{number}]\n{deps}run = "{command}"\ninputs = ["t{number}/src/*"]\noutputs = ["{output}"]\n'
        )
        before = [f"t{number - 1}/out.txt"] if follows else []
        ninja.append(f"build {output}: cat {' '.join(names + before)}\n  cmd = {command}\n")
        outputs.append(output)
    names = ", ".join(f'"t{number}"' for number in range(tasks))
    toml.append(f"[tasks.all]\ndeps = [{names}]\n")
    ninja.append(f"build all: phony {' '.join(outputs)}\ndefault all\n")
    (folder / "tasks.toml").write_text("\n".join(toml))
    (folder / "build.ninja").write_text("".join(ninja))


def touch_all(folder: pathlib.Path, tasks: int) -> None:
    for number in range(tasks):
        for path in (folder / f"t{number}" / "src").iterdir():
            path.touch()


def change_one(folder: pathlib.Path, task: int, round_number: int) -> None:
    path = folder / f"t{task}" / "src" / "f0.txt"
    path.write_bytes(random.Random(round_number + 2).randbytes(FILE_SIZE // 2).hex().encode())


def delete_outputs(folder: pathlib.Path, tasks: int) -> None:
    for number in range(tasks):
        (folder / f"t{number}" / "out.txt").unlink(missing_ok=True)


def delete_state(folder: pathlib.Path) -> None:
    shutil.rmtree(folder / ".devtask", ignore_errors=True)
    for name in (".ninja_log", ".ninja_deps"):
        (folder / name).unlink(missing_ok=True)
