"""Writes what devtask would never write, with the checksums that make it look genuine: results in the cache's index
(src/store/result_index.h) and records in the journal (src/store/record_log.h)."""

import struct

import xxhash

from support.cache import index_of

JOURNAL_HEADER = 16


def results(project):
    """Key to text, as they are in the cache."""
    with index_of(project) as index:
        return dict(index.execute("SELECT key, text FROM results"))


def replace_result(project, key, text):
    checksum = xxhash.xxh3_64_intdigest(text.encode(), seed=xxhash.xxh3_64_intdigest(key))
    signed = struct.unpack("<q", struct.pack("<Q", checksum))[0]
    with index_of(project) as index:
        changed = index.execute("UPDATE results SET text = ?, checksum = ? WHERE key = ?", (text, signed, key))
        assert changed.rowcount == 1


def append_record(project, text):
    payload = text.encode()
    record = struct.pack("<IIQ", len(payload), 0, xxhash.xxh3_64_intdigest(payload)) + payload
    with project.path(".devtask/journal").open("ab") as journal:
        journal.write(record + bytes(-len(record) % 8))


def records(project):
    """Texts of all records of the journal."""
    data, at, found = project.path(".devtask/journal").read_bytes(), JOURNAL_HEADER, []
    while at < len(data):
        length, reserved, checksum = struct.unpack_from("<IIQ", data, at)
        payload = data[at + 16 : at + 16 + length]
        assert reserved == 0 and checksum == xxhash.xxh3_64_intdigest(payload)
        found.append(payload.decode())
        at += 16 + length + -length % 8
    return found
