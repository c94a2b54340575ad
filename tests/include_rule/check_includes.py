"""Checks the rules about the files in src/ that a compiler does not check.

- A module includes only itself and what DEPS of its devtask_module() names; what a dependency depends on does not count.
- System headers are for os and the shim: everything else gets files, processes and time through os.
- No file is longer than 600 lines.

usage: check_includes.py MODULES_TXT SRC    MODULES_TXT has a line "name: dep dep" for each module; CMake writes it.
"""

import re
import sys
from pathlib import Path

MAX_LINES = 600
SOURCE_SUFFIXES = {".h", ".hpp", ".c", ".cpp", ".cc"}
SYSTEM_FOLDERS = {"os", "shim"}
SYSTEM_HEADER = re.compile(
    r"(?:sys|linux|asm|net|netinet|arpa)/.+"
    r"|(?:unistd|fcntl|signal|csignal|spawn|poll|termios|dirent|pthread|sched|glob|ftw|pwd|grp|pty|dlfcn|syslog)(?:\.h)?"
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def read_modules(path):
    """Returns {module: set of the modules it may include, itself among them}."""
    modules = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        name, _, deps = line.partition(":")
        if name.strip():
            modules[name.strip()] = {name.strip(), *deps.split()}
    return modules


def check_file(path, src, modules):
    """Yields (line number, complaint) for one file."""
    folder = path.relative_to(src).parts[0]
    allowed = modules.get(folder, {folder})
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, angled = match.groups()
        header = quoted or angled
        if folder not in SYSTEM_FOLDERS and SYSTEM_HEADER.fullmatch(header):
            yield number, f"`{header}` is a system header; only {' and '.join(sorted(SYSTEM_FOLDERS))} may include it"
        if quoted and "/" not in quoted:
            yield number, f'`{quoted}` lacks its module: write "{folder}/{quoted}"'
        target = header.split("/")[0]
        if "/" in header and (quoted or target in modules) and target not in allowed:
            yield number, f"`{folder}` includes `{header}`, but its DEPS do not name `{target}`"
    if len(lines) > MAX_LINES:
        yield len(lines), f"{len(lines)} lines; {MAX_LINES} is the limit, split the file"


def check(modules, src):
    """Returns all complaints about the tree as lines "path:line: text"."""
    complaints = []
    for path in sorted(src.rglob("*")):
        if path.suffix not in SOURCE_SUFFIXES or path.parent == src or not path.is_file():
            continue
        for number, text in check_file(path, src, modules):
            complaints.append(f"{path.relative_to(src.parent)}:{number}: {text}")
    return complaints


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    modules = read_modules(arguments[0])
    src = Path(arguments[1]).resolve()
    if not modules:
        print(f"{arguments[0]}: names no module", file=sys.stderr)
        return 2
    complaints = check(modules, src)
    for complaint in complaints:
        print(complaint)
    print(f"{len(complaints)} violations of the rules in {len(modules)} modules")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
