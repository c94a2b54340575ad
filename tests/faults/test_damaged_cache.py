"""The cache spoiled in every way: the result is right, there is a warning at most, and `cache verify` mends.

Which files a cache consists of is looked up, so that a new sort of file is spoiled as well. Large blobs are files,
small ones rows of the index. A failure names its seed:

    DEVTASK_TEST_SEED=123       the same damage again
    DEVTASK_TEST_FILES=100      so many files of each sort, instead of 2
"""

import contextlib
import os
import random
import shutil
import sqlite3

import pytest

from faults.damage import DAMAGES, files_below, folders_below, replace_by_file, some_of_each_sort, sorts_of, spoil
from faults.workloads import RICH_WORKLOAD, References
from support.cache import index_of
from support.project import Project

SEED = int(os.environ.get("DEVTASK_TEST_SEED") or random.SystemRandom().randrange(10**9))
FILES = int(os.environ.get("DEVTASK_TEST_FILES", "2"))
REQUEST = RICH_WORKLOAD.request
NAMES = ["text", "folder", "large", "cross", "cross"]  # and `venv`, which is never stored


class Cache:
    """A cache with the results of a run; `renew` brings it back to that, and the checkout to nothing."""

    def __init__(self, folder):
        self.project = Project(folder)
        self.top = self.project.cache
        self.references = References(folder / "references", RICH_WORKLOAD)
        RICH_WORKLOAD.write(self.project, 0)
        self.project.run(*REQUEST).succeeded()
        self.pristine = folder / "pristine"
        shutil.copytree(self.top, self.pristine, symlinks=True)
        self.files = files_below(self.pristine)
        self.project.ran()

    def renew(self):
        remove(self.top)
        shutil.copytree(self.pristine, self.top, symlinks=True)
        self.forget()

    def forget(self):
        """As in a new checkout: everything has to come from the cache."""
        RICH_WORKLOAD.forget_outputs(self.project)
        shutil.rmtree(self.project.path(".devtask"), ignore_errors=True)
        self.project.ran()

    def index(self):
        return next((self.top / "devtask/v1").glob("index-*.db"))

    def run(self):
        run = self.project.run(*REQUEST)
        assert run.code == 0, run.stderr
        assert "error: " not in run.stderr and run.stderr.count("warning: ") <= 1, run.stderr
        wrong = self.references.wrong(self.project, 0)
        assert not wrong, wrong
        return run

    def verify(self):
        done = self.project.run("cache", "verify")
        assert done.code == 0, done.stderr
        return done.stdout

    def look(self):
        for words in (["--status", *REQUEST], ["-n", *REQUEST], ["why", "text"], ["list", "--json"]):
            done = self.project.run(*words)
            assert done.code in (0, 1) and "error: " not in done.stderr, done.stderr

    def survives(self, verify_first=False, mended=True):
        """Looking, running and mending in either order; in the end everything is as if nothing had been."""
        self.look()
        if not verify_first:
            self.run()
        self.verify()
        verified = [self.verify()]
        for _ in range(2):
            self.forget()
            self.run()
            verified.append(self.verify())
        if mended:
            for text in verified:
                assert "all good" in text, text
            assert self.project.ran() == ["venv"]


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return Cache(tmp_path_factory.mktemp("cache"))


@contextlib.contextmanager
def told(what):
    try:
        yield
    except AssertionError as problem:
        raise AssertionError(f"seed {SEED}, {what}\n{problem}") from problem


def test_the_sample_has_files_of_every_sort(cache):
    sorts = sorts_of(os.path.relpath(path, "devtask") for path in cache.files)
    assert set(sorts) == {
        "CACHEDIR.TAG",
        "vN/blobs/DIGEST",
        "vN/blobs/DIGEST.zst",
        "vN/index-N.db",
        "vN/index-N.db-journal",
    }, "a new sort of file: is it spoiled well enough?"


@pytest.mark.parametrize("name", DAMAGES)
def test_a_spoiled_file(cache, name):
    chance = random.Random(f"{SEED} {name}")
    for path in some_of_each_sort(cache.files, chance, FILES):
        cache.renew()
        if not spoil(cache.top / path, name, chance):
            continue
        with told(f"{path}: {name}"):
            cache.survives(chance.random() < 0.5)


def rows_of_each_sort(index, chance):
    """Digest and content of some rows that are compressed, and of some that are not."""
    for sign in ("=", "<>"):
        rows = index.execute(f"SELECT digest, content FROM blobs WHERE length(content) {sign} size").fetchall()
        assert rows, "no blob of this sort is a row"
        yield from chance.sample(sorted(rows), min(FILES, len(rows)))


@pytest.mark.parametrize("name", sorted(DAMAGES.keys() - {"folder", "link"}))
def test_a_spoiled_row(cache, name):
    chance = random.Random(f"{SEED} {name}")
    cache.renew()
    with index_of(cache.project) as index:
        rows = list(rows_of_each_sort(index, chance))
    for digest, content in rows:
        cache.renew()
        spoiled = spoiled_bytes(cache, content, name, chance)
        with index_of(cache.project) as index:
            if spoiled is None:
                index.execute("DELETE FROM blobs WHERE digest = ?", (digest,))
            else:
                index.execute("UPDATE blobs SET content = ? WHERE digest = ?", (spoiled, digest))
        with told(f"row {digest.hex()}: {name}"):
            cache.survives(chance.random() < 0.5)


def spoiled_bytes(cache, content, name, chance):
    path = cache.project.folder / "row"
    path.write_bytes(content)
    (path.with_name("another")).write_bytes(b"the content of another row\n")
    assert spoil(path, name, chance)
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize(
    "change",
    [
        "size = size + 1",
        "size = size - 1",
        "size = 0",
        "size = -1",
        "size = 0x7fffffffffffffff",
        "size = 'text'",
        "size = length(content)",
        "content = 7",
        "content = 'text'",
        "content = x''",
        "used = -1",
        "used = 0x7fffffffffffffff",
        "used = 'text'",
        "digest = substr(digest, 1, 31)",
        "digest = digest || x'00'",
        "digest = hex(digest)",
        "digest = x'00' || substr(digest, 2)",
    ],
)
def test_rows_that_nobody_has_written_so(cache, change):
    cache.renew()
    with index_of(cache.project) as index:
        index.execute(f"UPDATE OR IGNORE blobs SET {change}")
    with told(change):
        cache.survives(random.Random(f"{SEED} {change}").random() < 0.5)


def test_a_file_in_the_place_of_a_folder(cache):
    for path in some_of_each_sort(folders_below(cache.pristine), random.Random(SEED), FILES):
        cache.renew()
        replace_by_file(cache.top / path)
        with told(f"a file in the place of {path}"):
            run = cache.project.run(*REQUEST)
            assert run.code == 0 and "error: " not in run.stderr, run.stderr
            assert run.stderr.count("warning: ") <= 1
            assert not cache.references.wrong(cache.project, 0)
            # In the place of the cache itself only a person can say what that file is; once it is gone the cache works.
            if path in (".", "devtask", "devtask/v1") and (cache.top / path).is_file():
                assert cache.project.run("cache", "verify").code == 1
                remove(cache.top / path)
            cache.survives(mended=cache.top.is_dir())


def test_rows_under_each_others_names(cache):
    cache.renew()
    with index_of(cache.project) as index:
        rows = index.execute("SELECT digest, size, content FROM blobs ORDER BY digest").fetchall()
        for (digest, _, _), (_, size, content) in zip(rows, rows[1:] + rows[:1]):
            index.execute("UPDATE blobs SET size = ?, content = ? WHERE digest = ?", (size, content, digest))
    cache.survives()


def test_blobs_under_each_others_names(cache):
    cache.renew()
    blobs = sorted(path for path in cache.top.rglob("*") if path.is_file() and "/blobs/" in str(path))
    assert len(blobs) > 1
    for path in blobs:
        path.rename(f"{path}.moved")
    for path, name in zip(blobs, blobs[1:] + blobs[:1]):
        os.rename(f"{path}.moved", name)
    cache.survives()


@pytest.mark.parametrize("added", [True, False])
def test_a_blob_that_is_said_to_be_compressed_and_is_not(cache, added):
    cache.renew()
    for path in [path for path in cache.top.rglob("*") if path.is_file() and "/blobs/" in str(path)]:
        if (path.suffix == ".zst") != added:
            path.rename(path.with_suffix(".zst" if added else ""))
    cache.survives()


@pytest.mark.parametrize(
    "pragma", ["user_version=0", "user_version=1", "user_version=3", "application_id=0", "application_id=7"]
)
def test_an_index_of_another_version(cache, pragma):
    cache.renew()
    with contextlib.closing(sqlite3.connect(cache.index())) as index:
        index.execute(f"PRAGMA {pragma}")
    cache.survives()


@pytest.mark.parametrize("verify_first", [False, True])
def test_rows_that_do_not_match_their_checksum_are_no_results(cache, verify_first):
    cache.renew()
    with index_of(cache.project) as index:
        index.execute("UPDATE results SET text = replace(replace(text, 'out/', 'oud/'), 'made/', 'mode/')")
    if verify_first:
        assert "5 mended" in cache.verify()
        assert "all good" in cache.verify()
    cache.look()
    cache.run()
    assert sorted(cache.project.ran()) == sorted([*NAMES, "venv"])
    assert "all good" in cache.verify()


def half_written(cache):
    """An index in the middle of a transaction whose process was killed: pages written, and the journal to undo it."""
    cache.renew()
    path = cache.index()
    journal = path.with_name(path.name + "-journal")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as index:
        index.executescript("PRAGMA journal_mode=TRUNCATE; PRAGMA cache_size=1; BEGIN IMMEDIATE")
        index.execute("UPDATE results SET text = text || 'half', used = 1")
        for number in range(200):
            key = number.to_bytes(32, "little")
            index.execute("INSERT INTO results VALUES(?, ?, 0, 0)", (key, "half a result " * 40))
        copies = path.read_bytes(), journal.read_bytes()
        index.execute("ROLLBACK")
    assert b"half a result" in copies[0] and len(copies[1]) > 512
    path.write_bytes(copies[0])
    journal.write_bytes(copies[1])
    return journal


def test_a_transaction_cut_off_is_undone(cache):
    half_written(cache)
    cache.run()
    assert cache.project.ran() == ["venv"]
    assert "all good" in cache.verify()


@pytest.mark.parametrize("name", sorted(DAMAGES.keys() - {"folder"}))
def test_a_half_written_index_with_a_spoiled_journal(cache, name):
    chance = random.Random(f"{SEED} {name}")
    for _ in range(max(1, FILES // 4)):
        spoil(half_written(cache), name, chance)
        with told(f"journal: {name}"):
            cache.survives()


def test_verify_mends_an_index(cache):
    cache.renew()
    os.truncate(cache.index(), cache.index().stat().st_size // 2)
    assert "1 mended" in cache.verify()
    assert "all good" in cache.verify()


def test_a_folder_in_the_place_of_the_indexs_journal(cache):
    cache.renew()
    journal = cache.index().with_name(cache.index().name + "-journal")
    journal.unlink()
    (journal / "in the way").mkdir(parents=True)
    cache.survives()


@pytest.mark.parametrize("verify_first", [False, True])
@pytest.mark.parametrize("name", ["folder", "link"])
def test_something_else_in_the_place_of_a_blob(cache, name, verify_first):
    for path in (path for path in cache.files if "/blobs/" in path):
        cache.renew()
        assert spoil(cache.top / path, name, random.Random(SEED))
        if verify_first:
            assert "is in the place of a blob" in cache.verify()
        cache.survives()


def test_an_index_that_is_just_being_made_has_no_results(project):
    index = project.cache / "devtask/v1/index-1.db"
    index.parent.mkdir(parents=True)
    index.touch()
    stats = project.run("cache", "stats", cwd=project.folder)
    assert stats.code == 0, stats.stderr
