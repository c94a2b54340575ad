"""Content decides, whatever clocks and timestamps say: exactly what changed runs again, and what did not change does
not. Clocks that are set, timestamps from other ages, file systems with coarse times, edits that leave no trace in
size and time of change."""

import contextlib
import io
import os
import shutil
import subprocess
import tarfile

import pytest

from support.cache import blob_files, index_of
from support.other_clock import one_second_file_system, other_clock, used_file
from support.project import Project, ninjas
from support.waiting import wait_for

TASKS = """
[tasks.first]
inputs = ["src/**"]
outputs = ["build/first.txt"]
run = "RAN; mkdir -p build; cat src/* >build/first.txt"

[tasks.second]
deps = ["first"]
inputs = ["more/**"]
outputs = ["build/second/"]
run = "RAN; mkdir -p build/second; cat build/first.txt more/* >build/second/all.txt"
"""
GOOD = "devtask: everything is up to date (2 tasks)\n"
HOUR, YEAR = 3600, 365 * 24 * 3600


def write_project(project):
    project.tasks(TASKS)
    project.write("src/a.txt", "a\n")
    project.write("src/b.txt", "b\n")
    project.write("more/m.txt", "m\n")
    return project


class Coarse:
    """devtask on a file system whose times are coarse: `run` is the project's, with that file system."""

    def __init__(self, project, env=None, name=""):
        self.project, self.env, self.name = project, env or {}, name

    def run(self, *words, **more):
        return self.project.run(*words, env=self.env | more)

    def expect_runs(self, tasks):
        """Exactly these, once; then nothing."""
        for names in (tasks, []):
            run = self.run("second").succeeded()
            assert self.project.ran() == names, run.stderr
        assert self.project.read("build/second/all.txt") == "".join(
            self.project.read(path) for path in ("src/a.txt", "src/b.txt", "more/m.txt")
        )


@pytest.fixture(params=["as it is", "1 s", "2 s"])
def coarse(request, tmp_path):
    """A project on a file system with those times. 2 s is a stand-in: few kernels have FAT built in."""
    with contextlib.ExitStack() as stack:
        folder = tmp_path
        if request.param == "1 s":
            folder = stack.enter_context(one_second_file_system(tmp_path / "disk"))
        project = write_project(Project(folder))
        stack.callback(project.end_processes)
        yield Coarse(project, other_clock(tmp_path, tick=2) if request.param == "2 s" else None, request.param)
        assert request.param != "2 s" or used_file(tmp_path).exists()


# ---- ways to write a file so that its size and its time of change stay as they were


def times_of(path):
    found = os.stat(path)
    return found.st_atime_ns, found.st_mtime_ns


def in_place(path, text):
    times = times_of(path)
    with path.open("r+") as file:
        file.write(text)
    os.utime(path, ns=times)


def renamed_over(path, text):
    """As editors save: a new file takes the name. The old inode's number is free for the next one."""
    times = times_of(path)
    new = path.with_name("." + path.name + ".swp")
    new.write_text(text)
    os.utime(new, ns=times)
    new.rename(path)


def removed_and_made_anew(path, text):
    """Most file systems give the new file the number that the old one had."""
    times = times_of(path)
    path.unlink()
    path.write_text(text)
    os.utime(path, ns=times)


def touched_like_another(path, text):
    spare = path.parent.parent / "spare"
    shutil.copy2(path, spare)
    path.write_text(text)
    subprocess.run(["touch", "-r", spare, path], check=True)
    spare.unlink()


def copied_over_with_its_time(path, text):
    spare = path.parent.parent / "spare"
    spare.write_text(text)
    os.utime(spare, ns=times_of(path))
    subprocess.run(["cp", "-p", spare, path], check=True)
    spare.unlink()


def moved_over(path, text):
    spare = path.parent.parent / "spare"
    spare.write_text(text)
    os.utime(spare, ns=times_of(path))
    subprocess.run(["mv", "-f", spare, path], check=True)


def unpacked(path, text):
    """tar gives a file the time that is in the archive: here, that of the file it replaces."""
    archive, entry = io.BytesIO(), tarfile.TarInfo(path.name)
    entry.size, entry.mtime = len(text), times_of(path)[1] // 1_000_000_000
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(text.encode()))
    subprocess.run(["tar", "-xf", "-", "-C", path.parent], input=archive.getvalue(), check=True)


WAYS = [
    in_place,
    renamed_over,
    removed_and_made_anew,
    touched_like_another,
    copied_over_with_its_time,
    moved_over,
    unpacked,
]


def test_edits_within_a_tick_to_the_same_size_and_time(coarse):
    """Each edit comes right after the run before it, within one tick of the coarse clocks."""
    project = coarse.project
    path = project.path("src/a.txt")
    whole_seconds = os.stat(path).st_mtime_ns // 1_000_000_000
    os.utime(path, (whole_seconds, whole_seconds))
    coarse.expect_runs(["first", "second"])
    looks = os.stat(path).st_size, os.stat(path).st_mtime_ns
    for number, way in enumerate(WAYS * 2):
        way(path, f"{chr(ord('A') + number)}\n")
        assert (os.stat(path).st_size, os.stat(path).st_mtime_ns) == looks, way.__name__
        coarse.expect_runs(["first", "second"])
    assert project.ran() == []


def test_two_edits_between_two_runs_that_cancel_each_other(coarse):
    path = coarse.project.path("src/a.txt")
    coarse.expect_runs(["first", "second"])
    for way in WAYS:
        way(path, "x\n")
        way(path, "a\n")
        coarse.expect_runs([])


def test_names_exchanged_within_a_tick(coarse):
    """Two files of one size and time change places. No result is in a cache."""
    project = coarse.project
    a, b = project.path("src/a.txt"), project.path("src/b.txt")
    os.utime(b, ns=times_of(a))
    coarse.expect_runs(["first", "second"])
    for number, content in enumerate(["b\na\n", "a\nb\n"] * 2):
        a.rename(project.path("src/c"))
        b.rename(a)
        project.path("src/c").rename(b)
        run = coarse.run("second", DEVTASK_CACHE_DIR=str(project.folder / f"cache {number}")).succeeded()
        assert project.ran() == ["first", "second"], run.stderr
        assert project.read("build/first.txt") == content


def test_an_output_edited_within_a_tick(coarse):
    project = coarse.project
    coarse.expect_runs(["first", "second"])
    for number in range(4):
        in_place(project.path("build/first.txt"), f"{number}\n")
        coarse.expect_runs([])  # restored
        assert project.read("build/first.txt") == "a\nb\n"


def test_plain_ninja_on_a_coarse_clock(coarse):
    """Ninja compares times, of the graph itself too: a graph that is written twice within a tick is another graph."""
    project = coarse.project
    ninja = ninjas()[0]
    coarse.run("ninja", "--", "second").succeeded()
    assert project.ran() == ["first", "second"]
    call = [ninja, "-f", ".devtask/build.ninja", "second"]
    for number in range(12):
        text = f"{chr(ord('A') + number)}\n"
        changed = ["first", "second"] if number % 3 else ["second"]
        in_place(project.path("src/a.txt" if number % 3 else "more/m.txt"), text)
        run = project.command(*call, env=coarse.env).succeeded()
        assert project.ran() == changed, (number, run.stdout)
        project.command(*call, env=coarse.env).succeeded()
        assert project.ran() == []


# ---- timestamps of other ages

AGES = {
    "the epoch": 0,
    "before the epoch": -1,
    "long before it": -(2**31),
    "the last of 32 bits": 2**31 - 1,
    "a minute to come": None,
    "the last of ext4": 15_032_385_535,
    "past all nanoseconds of 64 bits": 2**34,
}


def set_all_times(project, seconds, what):
    for folder, _, files in os.walk(project.root):
        for name in [folder] + [os.path.join(folder, name) for name in files]:
            inside = ".devtask" in name.split(os.sep)
            if inside == (what == "devtask's files"):
                os.utime(name, (seconds, seconds), follow_symlinks=False)


@pytest.mark.parametrize("what", ["the project's files", "devtask's files"])
@pytest.mark.parametrize("age", AGES)
def test_timestamps_of_another_age(project, age, what):
    write_project(project)
    fresh = Coarse(project)
    fresh.expect_runs(["first", "second"])
    seconds = AGES[age]
    if seconds is None:
        seconds = int(os.stat(project.root).st_mtime) + 60
    for number in range(3):
        set_all_times(project, seconds, what)
        fresh.expect_runs([])
        in_place(project.path("more/m.txt"), f"{number}\n")
        fresh.expect_runs(["second"])
        in_place(project.path("src/b.txt"), f"{number}\n")
        fresh.expect_runs(["first", "second"])


@pytest.mark.parametrize("age", ["the epoch", "a minute to come"])
def test_plain_ninja_and_timestamps_of_another_age(project, age):
    write_project(project)
    ninja = ninjas()[-1]
    project.run("ninja", "--", "second").succeeded()
    assert project.ran() == ["first", "second"]
    seconds = AGES[age] if AGES[age] is not None else int(os.stat(project.root).st_mtime) + 60
    call = [ninja, "-f", ".devtask/build.ninja", "second"]
    for number in range(2):
        for what in ("the project's files", "devtask's files"):
            set_all_times(project, seconds, what)
            project.command(*call).succeeded()
            assert project.ran() == []
            project.write("src/b.txt", f"{number} {what}\n")
            os.utime(project.path("src/b.txt"), (seconds, seconds))
            project.command(*call).succeeded()
            assert project.ran() == ["first", "second"]


def test_an_older_file_put_back_runs(project):
    """As rsync, tar and backups do: other content, a time of years ago; then the newer one, with its time."""
    write_project(project)
    fresh = Coarse(project)
    fresh.expect_runs(["first", "second"])
    path = project.path("src/a.txt")
    times = times_of(path)
    for age in (1, 1_000_000_000, 1_500_000_000):
        path.write_text(f"{age}\n")
        os.utime(path, (age, age))
        fresh.expect_runs(["first", "second"])
    path.write_text("a\n")
    os.utime(path, ns=times)
    fresh.expect_runs([])


# ---- clocks that are set

SKEWS = [-YEAR, -HOUR, -3, 3, HOUR, YEAR]


def test_a_clock_that_jumps(project):
    """Backward and forward between runs, so that records and files have times to come."""
    write_project(project)
    Coarse(project).expect_runs(["first", "second"])
    for number, skew in enumerate(SKEWS * 2):
        jumped = Coarse(project, other_clock(project.folder, skew=skew))
        jumped.expect_runs([])
        in_place(project.path("more/m.txt"), f"{chr(ord('a') + number)}\n")
        jumped.expect_runs(["second"])
        in_place(project.path("src/a.txt"), f"{chr(ord('A') + number)}\n")
        jumped.expect_runs(["first", "second"])
    assert used_file(project.folder).exists()


@pytest.mark.parametrize("skew", [-HOUR, HOUR])
def test_a_clock_that_jumps_within_a_run(project, skew):
    """What the first task makes, and what devtask writes for Ninja of it, has a time of the other clock."""
    moment = int(os.stat(project.folder).st_mtime) + skew
    write_project(project)
    touch = f"touch -d @{moment} build build/first.txt .devtask/out/* .devtask/runs/* .devtask"
    project.tasks(TASKS.replace(">build/first.txt", f">build/first.txt; {touch}"))
    fresh = Coarse(project)
    fresh.expect_runs(["first", "second"])
    for text in ("b\n", "c\n"):
        in_place(project.path("src/a.txt"), text)
        fresh.expect_runs(["first", "second"])


def test_a_sealed_answer_holds_for_what_it_saw_only(tmp_path):
    """A checkout for each way, so that all of them are old enough to be sealed at once."""
    checkouts = [Project(tmp_path / str(number)) for number in range(len(WAYS))]
    for project in checkouts:
        Coarse(write_project(project)).expect_runs(["first", "second"])
    for number, (project, way) in enumerate(zip(checkouts, WAYS)):
        wait_for(lambda: sealed(project), "everything to be old enough")
        way(project.path("src/a.txt"), f"{number}\n")
        Coarse(project).expect_runs(["first", "second"])


def sealed(project):
    project.run("second").succeeded()
    seals = project.path(".devtask/seals")
    return seals.is_dir() and os.listdir(seals)


@pytest.mark.parametrize("kept", ["memo", "seal"])
def test_a_coarse_file_system_whose_clock_is_behind(project, kept):
    """As a server's may be: what was written this moment looks old enough to be remembered."""
    write_project(project)
    path = project.path("src/a.txt")
    behind = Coarse(project, other_clock(project.folder, skew=60, tick=2))
    behind.run("second").succeeded()
    for letter in "ABCDEF":
        if kept == "seal":
            behind.run("second").succeeded()
        project.ran()
        in_place(path, f"{letter}\n")
        behind.expect_runs(["first", "second"])


# ---- ages in the cache


def test_gc_with_a_clock_that_was_wrong_keeps_what_is_in_use(project):
    """Results of a time to come count as used now: none goes for its age, and the next gc can judge them."""
    write_project(project)
    Coarse(project, other_clock(project.folder, skew=YEAR)).expect_runs(["first", "second"])
    project.run("cache", "gc").succeeded()
    project.remove("build", ".devtask")
    project.run("second").succeeded()
    assert project.ran() == []


def test_gc_after_a_jump_forward_takes_old_results_only(project):
    write_project(project)
    project.run("second").succeeded()
    assert project.ran() == ["first", "second"]
    later = other_clock(project.folder, skew=YEAR)
    project.write("more/m.txt", "later\n")
    project.run("second", env=later).succeeded()
    assert project.ran() == ["second"]
    project.run("cache", "gc", env=later).succeeded()
    project.remove("build", ".devtask")
    project.run("second", env=later).succeeded()
    assert project.ran() == ["first"]


def test_gc_takes_blobs_of_a_time_to_come(project):
    """Else a clock that was wrong for a day fills the cache for years."""
    write_project(project)
    project.write("more/large", os.urandom(100_000))  # a file; the others are rows, written with devtask's time
    project.run("second", env=other_clock(project.folder, skew=20 * YEAR)).succeeded()
    for blob in blob_files(project):
        os.utime(blob, ns=(os.stat(blob).st_mtime_ns + 20 * YEAR * 1_000_000_000,) * 2)
    assert blob_files(project) and stored_rows(project) > 2
    project.run("cache", "gc", "--max-size", "0").succeeded()
    in_two_hours = other_clock(project.folder, skew=2 * HOUR)
    project.run("cache", "gc", "--max-size", "0", env=in_two_hours).succeeded()
    assert blob_files(project) == [] and stored_rows(project) == 0


def stored_rows(project):
    with index_of(project) as index:
        return index.execute("SELECT count(*) FROM blobs").fetchone()[0]
