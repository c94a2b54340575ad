"""Ways to spoil a file, and which files there are to spoil."""

import os
import re
import shutil
from pathlib import Path


def flip(path, random):
    content = bytearray(path.read_bytes())
    for _ in range(random.randrange(1, 4)):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    path.write_bytes(content)


def cut(path, random):
    os.truncate(path, random.randrange(path.stat().st_size))


def empty(path, random):
    path.write_bytes(b"")


def garbage(path, random):
    path.write_bytes(random.randbytes(path.stat().st_size))


def zeros(path, random):
    """What a file system may leave of a write after a loss of power."""
    content = bytearray(path.read_bytes())
    start = random.randrange(len(content))
    content[start:] = bytes(len(content) - start)
    path.write_bytes(content)


def longer(path, random):
    with path.open("ab") as file:
        file.write(random.randbytes(random.randrange(1, 200)))


def folder(path, random):
    path.unlink()
    path.mkdir()
    (path / "in the way").write_text("text\n")


def gone(path, random):
    path.unlink()


def link(path, random):
    path.unlink()
    path.symlink_to("nowhere")


def another(path, random):
    """The content of another file under this name."""
    for top in path.parents:
        others = [other for other in sorted(top.rglob("*")) if other.is_file() and other != path]
        if others:
            break
    path.write_bytes(random.choice(others).read_bytes())


DAMAGES = {each.__name__: each for each in (flip, cut, empty, garbage, zeros, longer, folder, gone, link, another)}
NEED_CONTENT = (flip, cut, zeros)


def spoil(path, name, random):
    """False if this cannot be done to it."""
    if not path.is_file() or path.is_symlink() or (DAMAGES[name] in NEED_CONTENT and path.stat().st_size == 0):
        return False
    os.chmod(path, 0o644)
    DAMAGES[name](path, random)
    return True


def files_below(top):
    """Relative to it, in order; links are not followed."""
    found = []
    for base, _, files in os.walk(top):
        found += [os.path.relpath(os.path.join(base, name), top) for name in files]
    return sorted(found)


def folders_below(top):
    found = ["."]
    for base, folders, _ in os.walk(top):
        found += [os.path.relpath(os.path.join(base, name), top) for name in folders]
    return sorted(found)


def replace_by_file(path):
    shutil.rmtree(path)
    Path(path).write_text("a file where a folder should be\n")


def sorts_of(paths):
    """Files by what they are: names that are digests, numbers or tasks do not count."""
    sorts = {}
    for path in paths:
        sort = re.sub(r"[0-9a-f]{16,}", "DIGEST", re.sub(r"(?<=blobs/)[0-9a-f]{2}(/[0-9a-f]{62})?", "DIGEST", path))
        sort = re.sub(r"\d+", "N", re.sub(r"(locks|out)/.*", r"\1/TASK", sort))
        sorts.setdefault(sort, []).append(path)
    return sorts


def some_of_each_sort(paths, random, most=3):
    return [path for found in sorts_of(paths).values() for path in sorted(random.sample(found, min(most, len(found))))]
