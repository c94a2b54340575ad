"""`.devtask` spoiled in every way: looking says no nonsense, the next run is right, the one after has nothing to do.

Which files it consists of is looked up. The state is not made anew after each damage: what one leaves behind is what
the next one finds. A failure names its seed:

    DEVTASK_TEST_SEED=123       the same damage again
    DEVTASK_TEST_FILES=100      so many files of each sort, instead of 2
"""

import os
import random
import shutil

import pytest

from faults.damage import DAMAGES, files_below, folders_below, replace_by_file, some_of_each_sort, sorts_of, spoil
from faults.workloads import RICH_WORKLOAD, References
from support.project import Project
from support.result import ANY, Has
from support.waiting import wait_for

SEED = int(os.environ.get("DEVTASK_TEST_SEED") or random.SystemRandom().randrange(10**9))
FILES = int(os.environ.get("DEVTASK_TEST_FILES", "2"))
REQUEST = RICH_WORKLOAD.request
LOOKS = (["--status", *REQUEST], ["-n", *REQUEST], ["why", "text"], ["list", "--json"], ["graph"])
CONTENT = sorted(DAMAGES.keys() - {"folder"})


class State:
    """A project that has run, with a file of every sort in `.devtask`."""

    def __init__(self, folder):
        self.project = Project(folder)
        self.top = self.project.path(".devtask")
        self.references = References(folder / "references", RICH_WORKLOAD)
        self.settle()
        self.files = files_below(self.top)

    def settle(self):
        remove(self.top)
        RICH_WORKLOAD.write(self.project, 0)
        self.project.run(*REQUEST).succeeded()
        self.project.run("ninja", "--", "-n", "text").succeeded()
        self.project.write(".devtask/aside/text/out/text.txt", "moved\n")
        wait_for(self.sealed, "a seal")

    def sealed(self):
        self.project.run(*REQUEST).succeeded()
        seals = self.top / "seals"
        return seals.is_dir() and os.listdir(seals)

    def is_right_after(self, variant, run):
        assert run.code == 0, run.stderr
        assert "error: " not in run.stderr and run.stderr.count("warning: ") <= 1, run.stderr
        wrong = self.references.wrong(self.project, variant)
        assert not wrong, wrong
        again = self.project.run(*REQUEST, no_processes=True)
        assert again.code == 0 and "everything is up to date" in again.stderr, again.stderr
        wrong = self.references.wrong(self.project, variant)
        assert not wrong, wrong

    def change(self, chance):
        """Often nothing, so that a wrong state could pass for a fresh one; returns the variant."""
        variant = chance.randrange(1, 4) if chance.random() < 0.5 else 0
        RICH_WORKLOAD.write(self.project, variant)
        if chance.random() < 0.2:
            remove(self.project.cache)
        return variant

    def look(self):
        for words in LOOKS:
            done = self.project.run(*words)
            assert done.code in (0, 1) and "error: " not in done.stderr, done.stderr


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return State(tmp_path_factory.mktemp("state"))


def test_the_sample_has_files_of_every_sort(state):
    assert set(sorts_of(state.files)) == {
        ".gitignore",
        "aside/text/out/TASK",
        "build.ninja",
        "journal",
        "locks/TASK",
        "memo",
        "out/TASK",
        "project",
        "seals/DIGEST",
        "slots/N",
        "sources.ninja",
    }, "a new sort of file: is it spoiled well enough?"


@pytest.mark.parametrize("name", CONTENT)
def test_a_spoiled_file(state, name):
    chance = random.Random(f"{SEED} {name}")
    for path in some_of_each_sort(state.files, chance, FILES):
        if not spoil(state.top / path, name, chance):
            continue
        variant = state.change(chance)
        try:
            state.look()
            state.is_right_after(variant, state.project.run(*REQUEST))
        except AssertionError as problem:
            raise AssertionError(f"seed {SEED}, {path}: {name}, variant {variant}\n{problem}") from problem


def test_everything_spoiled_at_once(state):
    chance = random.Random(SEED)
    for _ in range(FILES * 2):
        names = [chance.choice(CONTENT) for _ in state.files]
        done = [spoil(state.top / path, name, chance) for path, name in zip(state.files, names)]
        assert any(done)
        variant = state.change(chance)
        try:
            state.look()
            state.is_right_after(variant, state.project.run(*REQUEST))
        except AssertionError as problem:
            raise AssertionError(f"seed {SEED}, {dict(zip(state.files, names))}\n{problem}") from problem


@pytest.mark.parametrize("digit", [b"0", b"9"], ids=["older", "newer"])
def test_files_of_another_version_are_a_miss(state, digit):
    """Binary files begin with eight bytes of magic, the last of them the version."""
    state.settle()
    changed = []
    for path in files_below(state.top):
        content = (state.top / path).read_bytes()
        if content[:2] == b"DT" and content[7:8].isdigit():
            (state.top / path).write_bytes(content[:7] + digit + content[8:])
            changed.append(path.split("/")[0])
    assert sorted(changed) == ["journal", "memo", "project", "seals"]
    state.look()
    state.is_right_after(0, state.project.run(*REQUEST))


def test_the_state_of_another_checkout(state):
    """Copied by `cp -r`, over a checkout with other inputs."""
    project = state.project
    other = project.checkout("other")
    for variant in (0, 1):
        RICH_WORKLOAD.write(project, variant)
        project.run(*REQUEST).succeeded()
        RICH_WORKLOAD.write(other, 1)
        RICH_WORKLOAD.forget_outputs(other)
        remove(other.path(".devtask"))
        shutil.copytree(state.top, other.path(".devtask"), symlinks=True, ignore=shutil.ignore_patterns("socket"))
        other.run(*REQUEST).succeeded()
        assert state.references.wrong(other, 1) == ""


def test_something_else_in_the_way(state):
    """A folder where a file should be, or the other way round: a right result, or an error that names it."""
    chance = random.Random(SEED)
    files = some_of_each_sort(state.files, chance, 1)
    folders = [path for path in folders_below(state.top) if path.count("/") == 0]
    for path, name in [(path, "folder") for path in files] + [(path, "file") for path in folders]:
        place = state.top / path
        if not place.exists():
            state.settle()
        if name == "file":
            replace_by_file(place)
        else:
            spoil(place, name, chance)
        try:
            variant = state.change(chance)
            state.look()
            run = state.project.run(*REQUEST)
            if run.code != 0:
                assert run.code in (1, 2) and "ROOT/.devtask" in run.stderr, run.stderr
                remove(place)
                run = state.project.run(*REQUEST)
            state.is_right_after(variant, run)
        except AssertionError as problem:
            raise AssertionError(f"seed {SEED}, a {name} as {path}\n{problem}") from problem
        finally:
            remove(place)


def test_a_folder_in_the_place_of_what_ninja_looks_at_is_no_error(built):
    built.remove(".devtask/out/docs")
    built.path(".devtask/out/docs").mkdir()
    built.write("docs/d.txt", "d two\n")
    run = built.run("all")
    assert run.code == 0 and "error: " not in run.stderr, run.stderr


def test_what_is_empty_is_part_of_a_result(project):
    """Made again over its own outputs after the state was lost, a result must not be stored without some of them."""
    tasks = """
        [tasks.a]
        inputs = []
        outputs = ["out/"]
        run = "RAN; mkdir -p out; echo text >out/text; : >out/empty; ln -sfn text out/link"
        """
    project.tasks(tasks)
    project.run("a").succeeded()
    project.remove(".devtask", "out/text")
    remove(project.cache)
    project.run("a").succeeded()
    other = project.checkout("other")
    other.tasks(tasks)
    other.run("a").succeeded()
    assert sorted(os.listdir(other.path("out"))) == ["empty", "link", "text"]


@pytest.mark.parametrize("name", ["out/text", "named.txt"])
def test_an_output_that_was_there_before_is_missed_when_it_is_deleted(project, name):
    project.tasks(
        """
        [tasks.a]
        inputs = []
        outputs = ["out/", "named.txt"]
        run = "RAN; mkdir -p out; echo text >out/text; echo text >named.txt"
        """
    )
    project.run("a").succeeded()
    remove(project.path(".devtask"))
    remove(project.cache)
    project.run("a").succeeded()
    project.remove(name)
    project.run("a").succeeded()
    assert project.path(name).exists()


def test_a_folder_in_the_place_of_the_journal_is_told_once(project):
    project.tasks("[tasks.make]\ninputs = []\noutputs = ['out']\nrun = 'RAN; echo >out'\n")
    project.run("make").succeeded()
    project.remove(".devtask/journal")
    project.path(".devtask/journal/mine").mkdir(parents=True)
    for words in (["make"], ["--force", "make"], ["clean"]):
        project.run(*words).expect(
            stderr="""\
            error: `ROOT/.devtask/journal` is not a file: nothing can be remembered
              help: remove it; the cache still has the results
            """,
            code=2,
        )
    project.run("--status", "make").expect(stdout=ANY, stderr=ANY, code=1)
    project.remove(".devtask/journal")
    project.run("make").succeeded()
    assert project.ran() == ["make"]


@pytest.mark.parametrize("name", ["out", "locks", "runs"])
def test_a_file_in_the_place_of_a_folder_of_the_state_is_told(project, name):
    project.tasks("[tasks.make]\ninputs = []\noutputs = ['out']\nrun = 'RAN; echo >out'\n")
    project.write(f".devtask/{name}", "")
    project.run("make").expect(
        stderr=Has(
            f"error: cannot create folder `ROOT/.devtask/{name}`: File exists\n  help: remove what is in its place\n"
        ),
        code=2,
    )
