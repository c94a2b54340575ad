"""What lies in the shared cache: large blobs are files, small ones rows of the index (docs/formats.md)."""

import contextlib
import hashlib
import os
import pathlib
import sqlite3


def blob_files(project) -> list[pathlib.Path]:
    return [path for path in (project.cache / "devtask/v1/blobs").rglob("*") if path.is_file()]


@contextlib.contextmanager
def index_of(project):
    """The index, as a connection; what was changed is committed."""
    newest = max(
        (project.cache / "devtask/v1").glob("index-*.db"), key=lambda path: int(path.stem.removeprefix("index-"))
    )
    with contextlib.closing(sqlite3.connect(newest)) as index:
        yield index
        index.commit()


def stored_bytes(project) -> int:
    with index_of(project) as index:
        rows = index.execute("SELECT coalesce(sum(length(content)), 0) FROM blobs").fetchone()[0]
    return rows + sum(path.stat().st_size for path in blob_files(project))


def make_unused(project, hours=2):
    """As if nobody had used the cache for so long."""
    with index_of(project) as index:
        for table in ("results", "blobs"):
            index.execute(f"UPDATE {table} SET used = used - ?", (hours * 3_600_000,))
    for path in blob_files(project):
        used = path.stat().st_mtime - hours * 3600
        os.utime(path, (used, used))


def damage_blob(project, content: bytes, to: bytes | None = b"broken\n") -> str:
    """What is kept of the small blob with this content becomes `to`, or nothing; returns its digest."""
    digest = hashlib.sha256(content).digest()
    with index_of(project) as index:
        if to is None:
            changed = index.execute("DELETE FROM blobs WHERE digest = ?", (digest,))
        else:
            changed = index.execute("UPDATE blobs SET content = ? WHERE digest = ?", (to, digest))
        assert changed.rowcount == 1
    return digest.hex()


def damage_all_blobs(project):
    with index_of(project) as index:
        index.execute("UPDATE blobs SET content = x'78' || content")
    for path in blob_files(project):
        path.chmod(0o644)
        path.write_bytes(b"x" + path.read_bytes())
