"""Clocks and file systems that this machine does not have.

`other_clock(folder, skew=…, tick=…)` gives the environment in which devtask (not its tasks) sees its clock `skew`
seconds ahead of the file system's, and the times of files as multiples of `tick` seconds: FAT has 2. A clock that was
set looks like that to whoever comes after it.

`one_second_file_system(folder)` is a real one: ext2 with inodes of 128 bytes has no room for parts of a second.
"""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("other_clock.c")


def preloadable(source, folder):
    """A library of that C file, in the folder."""
    library = folder / source.with_suffix(".so").name
    if not library.exists():
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def other_clock(folder, skew=0, tick=0):
    return {
        "LD_PRELOAD": str(preloadable(SOURCE, folder)),
        "OTHER_CLOCK_SKEW": str(int(skew)),
        "OTHER_CLOCK_TICK": str(tick),
        "OTHER_CLOCK_USED": str(used_file(folder)),
    }


def used_file(folder):
    return folder / "other_clock.used"


@contextlib.contextmanager
def one_second_file_system(folder):
    """Mounted at `folder`; skips the test where nobody may mount."""
    image = folder.with_name(folder.name + ".img")
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(32 << 20)
    made = subprocess.run(["mkfs.ext2", "-q", "-I", "128", image], capture_output=True, text=True)
    mounted = made.returncode == 0 and subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True)
    if not mounted or mounted.returncode != 0:
        pytest.skip("no loop mounts here")
    try:
        (folder / "probe").touch()
        assert os.stat(folder / "probe").st_mtime_ns % 1_000_000_000 == 0
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
