"""A project in a temporary folder, and devtask running in it.

    project.tasks('''
        [tasks.a]
        inputs = ["src/**"]
        run = "RAN; echo hello"
    ''')
    project.run("a").expect(stdout="hello\n", stderr=…)
    assert project.ran() == ["a"]

`RAN` in a command appends the task's name to a file outside of the project, so that tests count what really ran.
Nothing of the caller's environment is passed on but PATH; home, cache and temporary files are the project's own.
"""

import contextlib
import hashlib
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

from support.no_processes import forbid_processes
from support.result import Result, without_durations
from support.waiting import pids_with, wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
DEVTASK = Path(os.environ.get("DEVTASK_BIN") or REPOSITORY / "build/release/bin/devtask").absolute()

PROJECT_TABLE = '[project]\nname = "demo"\nenv-pass = ["COUNT_LOG"]\n'
RAN = "echo {{task}} >>$COUNT_LOG"
TIMEOUT = 60


def ninjas():
    """The Ninja versions to test with: the distribution's, and the one of requirements.txt."""
    named = os.environ.get("DEVTASK_TEST_NINJAS", "").split(":")
    beside = Path(sys.executable).parent / "ninja"
    candidates = named + [shutil.which("ninja"), os.environ.get("DEVTASK_NINJA_113"), str(beside)]
    found = {}
    for path in candidates:
        if path and os.access(path, os.X_OK):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


class Running:
    """A devtask that has been started; its output goes to files."""

    def __init__(self, project, command, process, out, err):
        self.project, self.command, self.process, self.out, self.err = project, command, process, out, err

    def wait(self, timeout=TIMEOUT):
        code = self.process.wait(timeout)
        return self.project.result(self.command, self.out.read_bytes(), self.err.read_bytes(), code)

    def interrupt(self):
        """As Ctrl-C on a terminal does: the whole foreground process group gets it."""
        os.killpg(self.process.pid, signal.SIGINT)

    def send(self, number):
        os.kill(self.process.pid, number)

    def stderr(self):
        return self.project.readable(self.err.read_bytes())


class Project:
    def __init__(self, folder, name="project"):
        self.folder = Path(os.path.realpath(folder))
        self.root = self.folder / name
        self.home = self.folder / "home"
        self.cache = self.folder / "cache"
        self.bin = self.folder / "bin"
        self.log = self.folder / "ran"
        for path in (self.root, self.home, self.bin, self.folder / "tmp"):
            path.mkdir(parents=True, exist_ok=True)
        self.log.touch()
        self.marker = f"HOME={self.home}"  # tasks see it, too
        self.env = self.scrubbed_environment()
        self.started = 0

    def scrubbed_environment(self):
        env = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.cache),
            "TMPDIR": str(self.folder / "tmp"),
            "TERM": "dumb",
            "COUNT_LOG": str(self.log),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "A Person", f"GIT_{role}_EMAIL": "person@example.org"}
        return env

    def checkout(self, name):
        """Another project folder beside this one, with the same home, cache and count of what ran."""
        return Project(self.folder, name)

    # ---- files

    def path(self, path):
        return self.root / path

    def write(self, path, text, mode=None):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
        if mode is not None:
            file.chmod(mode)
        return file

    def read(self, path):
        return (self.root / path).read_text("utf-8", "surrogateescape")

    def remove(self, *paths):
        for path in paths:
            file = self.root / path
            if file.is_dir() and not file.is_symlink():
                shutil.rmtree(file)
            else:
                file.unlink()

    def tasks(self, text, project=""):
        """tasks.toml with a [project] table that passes what RAN needs; `project` has more lines for that table."""
        body = textwrap.dedent(text).replace("RAN", RAN)
        self.write("tasks.toml", PROJECT_TABLE + textwrap.dedent(project) + body)

    def edit(self, path, old, new):
        text = self.read(path)
        assert text.count(old) == 1, f"{old!r} is in {path} {text.count(old)} times"
        self.write(path, text.replace(old, new))

    def tool(self, name, script):
        """A program of that name at the front of PATH. Put in place by renaming, as installers do."""
        new = self.bin / f".{name}.new"
        new.write_text(f"#!/bin/sh\n{script}\n")
        new.chmod(0o755)
        new.rename(self.bin / name)

    def use_ninja(self, ninja):
        (self.bin / "ninja").unlink(missing_ok=True)
        (self.bin / "ninja").symlink_to(ninja)

    def make_older(self, path):
        """A time of change years ago, as unpacking an archive gives it."""
        os.utime(self.root / path, (1_000_000_000, 1_000_000_000))

    def touch_everything(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in (".devtask", ".git")]
            for name in folders + files:
                os.utime(os.path.join(folder, name), follow_symlinks=False)

    # ---- running

    def run(self, *args, **options):
        return self.command(DEVTASK, *args, **options)

    def command(self, *command, env=None, cwd=None, stdin=b"", no_processes=False, timeout=TIMEOUT):
        assert DEVTASK.exists(), f"{DEVTASK} is not built"
        done = subprocess.run(
            [os.fsencode(word) for word in command],
            cwd=cwd or self.root,
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            timeout=timeout,
            preexec_fn=forbid_processes if no_processes else None,
        )
        return self.result(command, done.stdout, done.stderr, done.returncode)

    def start(self, *args, env=None):
        """devtask in a process group of its own, as a shell starts it."""
        self.started += 1
        out, err = (self.folder / f"{self.root.name}-{name}-{self.started}" for name in ("out", "err"))
        command = (DEVTASK, *args)
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [os.fsencode(word) for word in command],
                cwd=self.root,
                env=self.environment(env),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        return Running(self, command, process, out, err)

    def environment(self, more):
        env = dict(self.env)
        for name, value in (more or {}).items():
            env.pop(name, None)
            if value is not None:
                env[name] = value
        return env

    def result(self, command, stdout, stderr, code):
        shown = shlex.join(os.path.basename(str(word)) if i == 0 else str(word) for i, word in enumerate(command))
        return Result(shown, self.readable(stdout), self.readable(stderr), code)

    def readable(self, output):
        text = output.decode("utf-8", "surrogateescape")
        return without_durations(text.replace(str(self.root), "ROOT").replace(str(self.folder), "FOLDER"))

    def git(self, *args, cwd=None):
        done = subprocess.run(
            ["git", "-c", "init.defaultBranch=main", *args],
            cwd=cwd or self.root,
            env=self.env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, message="a change"):
        if not (self.root / ".git").exists():
            self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    # ---- looking

    def ran(self):
        """Names of the tasks whose command ran since the last call, in order."""
        names = self.log.read_text().splitlines()
        self.log.write_text("")
        return names

    def state(self):
        """Every byte, mode and time of `.devtask`, of the cache and of the project's files; without the shortcuts
        that the first run writes that comes two seconds after a change: on a slow machine any run may be that one."""
        tree = snapshot(self.root)
        for path in [path for path in tree if path.split("/")[:2] in ([".devtask", "project"], [".devtask", "seals"])]:
            del tree[path]
        if ".devtask" in tree:
            mode, _, content = tree[".devtask"]
            tree[".devtask"] = (mode, content)
        return {str(self.root): tree, str(self.cache): snapshot(self.cache)}

    def processes(self):
        return pids_with(self.marker)

    def end_processes(self):
        """What a failed test leaves behind."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait_until_no_process_is_left(self, deadline=10):
        wait_for(lambda: not self.processes(), f"processes {self.processes()} to end", deadline)


def snapshot(top):
    """Path to what is there: kind, mode, time of change and content."""
    entries = {}
    for folder, folders, files in os.walk(top):
        for path in [folder] + [os.path.join(folder, name) for name in folders + files]:
            entry = os.lstat(path)
            content = ""
            if stat.S_ISLNK(entry.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(entry.st_mode):
                content = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            entries[os.path.relpath(path, top)] = (oct(entry.st_mode), entry.st_mtime_ns, content)
    return entries
