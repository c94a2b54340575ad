"""A disk that is full at any write: a clear error or a warning, and once there is room again everything is right.

Each test leaves a file system (tmpfs, of pages of 4 KiB) so many pages more, until a run needs no more; CI takes
some of these sizes at random, DEVTASK_TEST_SIZES=all every one. The limit on the size of a file (RLIMIT_FSIZE) needs
no mount, and makes single writes fail and not all that follow.
"""

import os
import random
import shutil
import subprocess

import pytest

from faults.workloads import SMALL_WORKLOAD, References, leftovers
from support.project import DEVTASK, Project

SEED = int(os.environ.get("DEVTASK_TEST_SEED") or random.SystemRandom().randrange(10**9))
SIZES = os.environ.get("DEVTASK_TEST_SIZES", "8")
REQUEST = SMALL_WORKLOAD.request
PAGE = 4096
ROOM = 4 << 20


class Disk:
    """A file system of its own at `place`."""

    def __init__(self, place):
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=700", "faults", place], capture_output=True, text=True
        )
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")

    def free_pages(self):
        return os.statvfs(self.place).f_bfree

    def leave(self, pages):
        """A file takes all the rest."""
        with (self.place / ".filler").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, self.free_pages() - pages) * PAGE)
        assert self.free_pages() == pages

    def make_room(self):
        (self.place / ".filler").unlink()

    def unmount(self):
        subprocess.run(["umount", "-l", self.place], check=True)


class Tried:
    def __init__(self, folder, place):
        self.project = Project(folder)
        self.place = self.project.root if place == "project" else self.project.path(place)
        self.place = self.project.cache if place == "cache" else self.place
        self.references = References(folder / "references", SMALL_WORKLOAD)
        self.other = self.project.checkout("other")
        SMALL_WORKLOAD.write(self.other, 0)

    def pages_needed(self):
        disk = Disk(self.place)
        try:
            SMALL_WORKLOAD.write(self.project, 0)
            before = disk.free_pages()
            self.project.run(*REQUEST).succeeded()
            return before - disk.free_pages()
        finally:
            disk.unmount()
            self.forget()

    def forget(self):
        SMALL_WORKLOAD.forget_outputs(self.project)
        shutil.rmtree(self.project.path(".devtask"), ignore_errors=True)
        shutil.rmtree(self.project.cache, ignore_errors=True)

    def one(self, pages, restoring):
        project = self.project
        if restoring:
            shutil.rmtree(self.other.path(".devtask"), ignore_errors=True)
            SMALL_WORKLOAD.forget_outputs(self.other)
            self.other.run(*REQUEST).succeeded()
        disk = Disk(self.place)
        try:
            SMALL_WORKLOAD.write(project, 0)
            if project.root != self.place:
                project.ran()
            disk.leave(pages)
            run = project.run(*REQUEST)
            self.check_run(run)
            if project.run("--status", *REQUEST).code == 0:
                assert self.wrong() == [], "what is not right is called up to date"
            disk.make_room()
            after = project.run(*REQUEST)
            assert after.code == 0 and "error: " not in after.stderr, after.stderr
            assert self.wrong() == []
            again = project.run(*REQUEST, no_processes=True)
            assert again.code == 0 and "everything is up to date" in again.stderr, again.stderr
            assert "all good" in project.run("cache", "verify").stdout
            project.run("--force", *REQUEST).succeeded()
            assert [path for path in leftovers(project) if not path.startswith(str(project.cache))] == []
            return run.code == 0
        finally:
            disk.unmount()
            self.forget()

    def wrong(self):
        return [line for line in self.references.wrong(self.project, 0).splitlines() if ".filler" not in line]

    def check_run(self, run):
        if run.code == 0:
            assert self.wrong() == []
        else:
            assert self.place != self.project.cache, f"a full cache is no reason to fail: {run.stderr}"
            assert run.code in (1, 2), f"{run.code}: {run.stderr}"
            assert "No space left on device" in run.stdout + run.stderr, run.stderr


@pytest.mark.parametrize("restoring", [False, True], ids=["cold", "restoring"])
@pytest.mark.parametrize("place", ["cache", ".devtask", "project"])
def test_a_full_disk(tmp_path, place, restoring):
    if place == "cache" and restoring:
        pytest.skip("what is restored is in the cache already")
    tried = Tried(tmp_path, place)
    needed = tried.pages_needed()
    assert needed > 4
    sizes = range(needed + 1)
    if SIZES != "all":
        sizes = sorted(random.Random(f"{SEED} {place}").sample(sizes, min(int(SIZES), len(sizes))))
    outcomes = set()
    for pages in [*sizes, needed + 64]:
        try:
            outcomes.add(tried.one(pages, restoring))
        except AssertionError as problem:
            raise AssertionError(f"seed {SEED}, {pages} of {needed} pages free\n{problem}") from problem
    assert True in outcomes


@pytest.mark.parametrize("restoring", [False, True], ids=["cold", "restoring"])
def test_files_that_may_not_grow(project, restoring):
    references = References(project.folder / "references", SMALL_WORKLOAD)
    SMALL_WORKLOAD.write(project, 0)
    limited = 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"'
    project.run(*REQUEST).succeeded()
    blocks = list(range(0, 64)) if SIZES == "all" else [0, 1, 2, 4, 8, 16, 17, 24, 48]
    codes = set()
    for limit in blocks:
        SMALL_WORKLOAD.forget_outputs(project)
        shutil.rmtree(project.path(".devtask"))
        if not restoring:
            shutil.rmtree(project.cache, ignore_errors=True)
        project.log.write_text("")
        run = project.command("sh", "-c", limited, "sh", str(limit), DEVTASK, *REQUEST)
        what = f"{limit} blocks: {run.code}\n{run.stderr}"
        assert run.code in (0, 1, 2), what
        if run.code == 0:
            assert references.wrong(project, 0) == "", what
        elif "File too large" not in run.stdout + run.stderr:
            assert "exit status 153" in run.stderr, what  # SIGXFSZ: a task has hit the limit
        codes.add(run.code)
        if project.run("--status", *REQUEST).code == 0:
            assert references.wrong(project, 0) == "", what
        after = project.run(*REQUEST)
        assert after.code == 0 and "error: " not in after.stderr, after.stderr
        assert references.wrong(project, 0) == "", what
        assert "all good" in project.run("cache", "verify").stdout, what
    assert 0 in codes and len(codes) > 1
