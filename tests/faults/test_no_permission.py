"""A cache that cannot be written or read, or is somebody else's; a checkout that is read-only.

root may do everything, so devtask runs as somebody else in these tests; whoever is not root runs it himself, and
those that need a second person are left out.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from faults.workloads import SMALL_WORKLOAD, References
from support.project import DEVTASK, Project, snapshot

REQUEST = SMALL_WORKLOAD.request
IS_ROOT = os.geteuid() == 0
ALICE, BOB = 65533, 65532
LOOKS = (["--status", *REQUEST], ["-n", *REQUEST], ["why", "text"], ["list", "--json"], ["graph"], ["cache", "stats"])


class House:
    """A place that everybody may enter, with devtask in it."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "devtask"
        self.bin.mkdir()
        for name in ("devtask", "devtask-shim"):
            shutil.copy(DEVTASK.parent / name, self.bin)
        self.references = References(folder / "references", SMALL_WORKLOAD)
        self.projects = []

    def project(self, name, person):
        """A checkout of hers, with a home and a cache."""
        project = Project(self.folder / name)
        project.person = person
        SMALL_WORKLOAD.write(project, 0)
        give(project.folder, person)
        self.projects.append(project)
        return project

    def run(self, project, *args, below=()):
        command = [*below, self.bin / "devtask", *args]
        if IS_ROOT:
            person = project.person
            command = ["setpriv", f"--reuid={person}", f"--regid={person}", "--clear-groups", *command]
        return project.command(*command)

    def write(self, project, variant):
        SMALL_WORKLOAD.write(project, variant)
        give(project.root, project.person)

    def start_again(self, project):
        shutil.rmtree(project.path(".devtask"), ignore_errors=True)
        SMALL_WORKLOAD.forget_outputs(project)
        give(project.root, project.person)
        project.log.write_text("")


def give(top, person):
    if IS_ROOT:
        subprocess.run(["chown", "-hR", f"{person}:{person}", top], check=True)


def change_modes(top, mode):
    subprocess.run(["chmod", "-R", mode, top], check=True)


@pytest.fixture
def house():
    folder = Path(tempfile.mkdtemp(prefix="devtask-house-"))
    folder.chmod(0o755)
    house = House(folder)
    yield house
    for project in house.projects:
        project.end_processes()
    change_modes(folder, "u+rwX")
    shutil.rmtree(folder)


needs_two = pytest.mark.skipif(not IS_ROOT, reason="only root can run something as two persons")


def is_right(house, project, run, variant=0, warnings=1):
    assert run.code == 0, run.stderr
    assert "error: " not in run.stderr and run.stderr.count("warning: ") <= warnings, run.stderr
    assert house.references.wrong(project, variant) == ""


def test_a_read_only_cache_is_read(house):
    project = house.project("alice", ALICE)
    is_right(house, project, house.run(project, *REQUEST), warnings=0)
    change_modes(project.cache, "a-w")
    before = snapshot(project.cache)
    house.start_again(project)
    for words in LOOKS:
        done = house.run(project, *words)
        assert done.code in (0, 1) and "error: " not in done.stderr, done.stderr
    is_right(house, project, house.run(project, *REQUEST))
    assert project.ran() == ["venv"]
    house.write(project, 1)
    is_right(house, project, house.run(project, *REQUEST), 1)
    assert sorted(project.ran()) == ["cross", "cross", "folder", "large", "text", "venv"]
    is_right(house, project, house.run(project, *REQUEST), 1, warnings=0)
    assert project.ran() == []
    assert house.run(project, "cache", "gc").code in (0, 2)
    assert snapshot(project.cache) == before


def test_what_clean_cannot_remove_is_not_forgotten(house):
    project = house.project("alice", ALICE)
    project.tasks("[tasks.make]\ninputs = []\noutputs = ['dist/']\nrun = 'RAN; mkdir -p dist; echo >dist/a'\n")
    give(project.root, ALICE)
    house.run(project, "make").succeeded()
    project.path("dist").chmod(0o555)
    house.run(project, "clean").expect(stderr="error: cannot remove `ROOT/dist/a`: Permission denied\n", code=2)
    project.path("dist").chmod(0o755)
    house.run(project, "make").expect(stderr="devtask: everything is up to date (1 task)\n")
    house.run(project, "clean").expect(stdout="removed 1 file of 1 task\n")


def test_a_read_only_cache_is_verified(house):
    project = house.project("alice", ALICE)
    is_right(house, project, house.run(project, *REQUEST), warnings=0)
    change_modes(project.cache, "a-w")
    verified = house.run(project, "cache", "verify")
    assert verified.code == 0 and "all good" in verified.stdout, verified.stderr


def test_what_verify_cannot_mend_is_in_its_exit_status(house):
    project = house.project("alice", ALICE)
    is_right(house, project, house.run(project, *REQUEST), warnings=0)
    blob = project.cache / "devtask/v1/blobs/00" / ("0" * 62)
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(b"spoiled")
    give(project.cache, ALICE)
    change_modes(project.cache, "a-w")
    verified = house.run(project, "cache", "verify")
    assert verified.code == 1 and verified.stdout.endswith(" results: 1 not mended\n"), verified.stdout
    assert "is broken: " in verified.stderr and "Permission denied" in verified.stderr
    change_modes(project.cache, "u+w")
    verified = house.run(project, "cache", "verify").succeeded()
    assert verified.stdout.endswith(" mended\n")
    verified = house.run(project, "cache", "verify").succeeded()
    assert verified.stdout.endswith("all good\n")


@needs_two
@pytest.mark.parametrize("modes", ["u=rwX,go=", "a=rX", "u=rwX,go=rX"])
def test_somebody_elses_cache(house, modes):
    alice, bob = house.project("alice", ALICE), house.project("bob", BOB)
    is_right(house, alice, house.run(alice, *REQUEST), warnings=0)
    change_modes(alice.cache, modes)
    before = snapshot(alice.cache)
    bob.env["XDG_CACHE_HOME"] = str(alice.cache)
    is_right(house, bob, house.run(bob, *REQUEST))
    ran = bob.ran()
    assert ran == ["venv"] if modes != "u=rwX,go=" else len(ran) == 6
    house.write(bob, 1)
    is_right(house, bob, house.run(bob, *REQUEST), 1)
    assert len(bob.ran()) == 6
    is_right(house, bob, house.run(bob, *REQUEST), 1, warnings=0)
    assert bob.ran() == []
    assert snapshot(alice.cache) == before


@needs_two
def test_a_cache_that_several_write_to(house):
    """A group's cache: everybody may write, files are of whoever made them."""
    alice, bob = house.project("alice", ALICE), house.project("bob", BOB)
    bob.env["XDG_CACHE_HOME"] = str(alice.cache)
    for round in range(3):
        for project in (alice, bob):
            house.start_again(project)
            house.write(project, round)
            is_right(house, project, house.run(project, *REQUEST), round)
            change_modes(alice.cache, "a+rwX")
        assert bob.ran() == ["venv"]
    for project in (alice, bob):
        verified = house.run(project, "cache", "verify")
        assert verified.code == 0 and "all good" in verified.stdout, verified.stdout + verified.stderr


@needs_two
def test_hardly_any_processes(house):
    """A right result, or an error that is not taken for a mistake of devtask's; then, with enough, a right one."""
    project = house.project("alice", ALICE)
    for number in range(1, 13):
        house.start_again(project)
        run = house.run(project, *REQUEST, below=["prlimit", f"--nproc={number}"])
        if run.code == 0:
            is_right(house, project, run)
        else:
            told = "error: " in run.stderr or "failed (exit status " in run.stderr  # a task's shell cannot fork
            assert run.code in (1, 2) and told, (number, run.code, run.stderr)
            assert "internal error" not in run.stderr, (number, run.stderr)
        is_right(house, project, house.run(project, *REQUEST), warnings=0)


def looks_the_same_and_changes_nothing(house, project, change, undo):
    """Every look says what it says where writing is allowed, and a run with nothing to do has nothing to do."""
    allowed = [house.run(project, *words) for words in LOOKS]
    before = snapshot(project.root)
    change()
    try:
        for words, wanted in zip(LOOKS, allowed):
            found = house.run(project, *words)
            assert (found.code, found.stdout, found.stderr) == (wanted.code, wanted.stdout, wanted.stderr)
        return house.run(project, *REQUEST)
    finally:
        undo()
        found = snapshot(project.root)
        assert {path: (time, text) for path, (_, time, text) in found.items()} == {
            path: (time, text) for path, (_, time, text) in before.items()
        }


def change_and_undo(project, how):
    if how == "modes":
        return lambda: change_modes(project.root, "a-w"), lambda: change_modes(project.root, "u+w")

    def mount():
        bound = subprocess.run(["mount", "--bind", project.root, project.root], capture_output=True, text=True)
        if bound.returncode != 0:
            pytest.skip(f"cannot mount here: {bound.stderr.strip()}")
        subprocess.run(["mount", "-o", "remount,ro,bind", project.root], check=True)

    return mount, lambda: subprocess.run(["umount", "-l", project.root], capture_output=True)


@pytest.mark.parametrize("how", ["modes", "mount"])
def test_a_read_only_checkout_that_is_up_to_date(house, how):
    project = house.project("alice", ALICE)
    house.run(project, *REQUEST).succeeded()
    project.ran()
    run = looks_the_same_and_changes_nothing(house, project, *change_and_undo(project, how))
    is_right(house, project, run, warnings=0)
    assert "everything is up to date" in run.stderr
    assert project.ran() == []


@pytest.mark.parametrize("known", [False, True], ids=["never run", "run before"])
@pytest.mark.parametrize("how", ["modes", "mount"])
def test_a_read_only_checkout_with_work_to_do(house, how, known):
    project = house.project("alice", ALICE)
    if known:
        house.run(project, *REQUEST).succeeded()
        house.write(project, 1)
    project.ran()
    run = looks_the_same_and_changes_nothing(house, project, *change_and_undo(project, how))
    assert run.code in (1, 2), run.stderr
    assert "error: " in run.stderr and ("Permission denied" in run.stderr or "Read-only" in run.stderr), run.stderr
    assert project.ran() == []
    is_right(house, project, house.run(project, *REQUEST), 1 if known else 0, warnings=0)


@needs_two
def test_looking_at_somebody_elses_checkout(house):
    """Her `.devtask` is nobody else's to read: it looks as if nothing had run."""
    alice = house.project("alice", ALICE)
    house.run(alice, *REQUEST).succeeded()
    before = snapshot(alice.root)
    bob = house.project("bob", BOB)
    for words in (["list", "--json"], ["graph"], ["--status", *REQUEST], ["-n", *REQUEST], ["why", "text"]):
        found = house.run(bob, "-C", str(alice.root), *words)
        assert found.code in (0, 1) and "error: " not in found.stderr, found.stderr
    run = house.run(bob, "-C", str(alice.root), *REQUEST)
    assert run.code in (1, 2) and "Permission denied" in run.stderr, run.stderr
    assert snapshot(alice.root) == before
