"""The example product in examples/flows as a project whose models change, on SQLite and on a PostgreSQL server.

What takes minutes is made once for all tests, in the checkout of `prepare`: the packages, the formatters, the
images of databases at head. Each test then has a checkout with a cache of its own, and a scratch folder of its own, so
that it can tell what was left behind in it.
"""

import ast
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from support import postgresql
from support.flows import EXAMPLE, copy_example, make_project
from support.project import REPOSITORY, Project
from support.waiting import is_alive

MODELS = "src/flows/database/models.py"
NOTES = "src/flows/migrations/MIGRATION-NOTES.md"
VERSIONS = "src/flows/migrations/versions"
DIALECTS = ("sqlite", "postgresql")
HEADS = {"sqlite": "7c61d0b83f5a", "postgresql": "ad53e2efa1b9"}
OFF, ON = 'op.execute("PRAGMA foreign_keys=OFF")', 'op.execute("PRAGMA foreign_keys=ON")'
RUN_COUNT = "    run_count: Mapped[int] = mapped_column(default=0)\n"
NEW_COLUMN = "    new_column = mapped_column(sa.String(), nullable=True)\n"
NAME = "add_flow_run_new_column"
TIMEOUT = 600

needs_postgresql = pytest.mark.skipif(not postgresql.folder_of_programs(), reason="there is no PostgreSQL")

# Packages are linked, and what names its own place is written anew: as if installed here, in a moment.
INSTALL = """rm -rf .venv; cp -al {prepared}/.venv .venv
grep -rlIZ -F {prepared} .venv/bin .venv/pyvenv.cfg .venv/lib/*/site-packages/*flows-* |
    xargs -0 sed -i "s|{prepared}|$PWD|g" """


class Flows(Project):
    """A checkout of the example."""

    scratch: Path

    def migrate(self, *words, **options):
        return self.run("migrate", *words, **{"timeout": TIMEOUT, **options})

    def revise(self, name=NAME, *words, dialects=("--all-dialects",)):
        """The texts of the files that were written, by dialect."""
        before = set(self.revisions())
        self.migrate(*dialects, "-m", name, *words).succeeded()
        return {path.parts[-2]: self.read(path) for path in self.revisions() if path not in before}

    def revisions(self, dialect="*"):
        found = self.root.glob(f"{VERSIONS}/{dialect}/*.py")
        return sorted(path.relative_to(self.root) for path in found if path.name != "__init__.py")

    def newest(self, dialect):
        return self.revisions(dialect)[-1]

    def add_column(self, line=NEW_COLUMN):
        """To the runs of flows."""
        self.edit(MODELS, RUN_COUNT, RUN_COUNT + line)

    def beside(self, name, prepared):
        """Another checkout, with the same home and cache."""
        other = make_checkout(self.folder, name, prepared)
        shutil.rmtree(other.scratch)
        other.scratch, other.env["TMPDIR"] = self.scratch, self.env["TMPDIR"]
        return other

    @contextlib.contextmanager
    def at(self, moment):
        """Commits are said to be made then: those of two checkouts are the same."""
        before = self.env
        self.env = before | {"GIT_COMMITTER_DATE": moment, "GIT_AUTHOR_DATE": moment}
        yield
        self.env = before

    def in_tool(self, *words, url, code=0):
        """The example's own command, as a person without devtask calls it."""
        done = self.command(self.root / ".venv/bin/flows", *words, env={"FLOWS_DATABASE_URL": url})
        assert done.code == code, done.stderr
        return done

    def left_behind(self):
        """Scratch folders, and processes that work in one."""
        inside = []
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd").startswith(f"{self.scratch}/"):
                    inside += [f"process {entry}"] if is_alive(int(entry)) else []
        return sorted(path.name for path in self.scratch.iterdir()) + inside


def make_checkout(folder, name, prepared):
    """A repository with one commit. `prepared`: the checkout whose packages are used."""
    flows = Flows(folder, name)
    flows.env |= {key: value for key, value in make_project(folder, name).env.items() if key not in flows.env}
    flows.scratch = Path(tempfile.mkdtemp(prefix="devtask-e2e-", dir="/tmp"))  # a socket's path is short
    flows.scratch.chmod(0o755)  # a server of another user's works in it
    flows.env["TMPDIR"] = str(flows.scratch)
    copy_example(flows)
    if prepared:
        text = flows.read("tasks.toml")
        start = text.index("run = [", text.index("[tasks.venv]"))
        end = text.index("inputs = ", start)
        install = f"run = '''\n{INSTALL.format(prepared=prepared.root)}\n'''\n"
        flows.write("tasks.toml", text[:start] + install + text[end:])
        for made in ("clusters", "tools"):
            shutil.copytree(prepared.path(f".devtask/{made}"), flows.path(f".devtask/{made}"), symlinks=True)
        if not flows.cache.exists():
            shutil.copytree(prepared.cache, flows.cache)
    with flows.at("2026-11-23T12:00:00+01:00"):
        flows.commit("the example")
    return flows


def prepare():
    """The checkout from which the others have what takes long, made by whoever comes first, and kept in `build` until
    its packages are others."""
    key = hashlib.sha256(sys.version.encode())
    for name in ("constraints.txt", "pyproject.toml", ".pre-commit-config.yaml"):
        key.update((EXAMPLE / name).read_bytes())
    folder = REPOSITORY / f"build/flows-for-tests-{key.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder / "prepared", ignore_errors=True)
            flows = make_checkout(folder, "prepared", None)
            try:
                flows.run("venv", timeout=TIMEOUT).succeeded()
                flows.add_column()
                flows.revise("to_make_images")
            finally:
                shutil.rmtree(flows.scratch)
            (folder / "done").touch()
        return Flows(folder, "prepared")


# ---- looking at revisions and databases


LOOK = """
import os, sys, json, sqlalchemy as sa
look = sa.inspect(sa.create_engine(os.environ["FLOWS_DATABASE_URL"]))
print(json.dumps(sorted(each["name"] for each in getattr(look, sys.argv[1])(sys.argv[2]))))
"""


def columns(flows, url, table, what="get_columns"):
    """Names, as SQLAlchemy tells them."""
    python = flows.root / ".venv/bin/python"
    return json.loads(
        flows.command(python, "-c", LOOK, what, table, env={"FLOWS_DATABASE_URL": url}).succeeded().stdout
    )


def function(text, name):
    """The statements of `upgrade` or `downgrade`, without comments."""
    found = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name]
    return [ast.unparse(node) for node in found[0].body]


def revision_of(text):
    return re.search(r'^revision = "(\w+)"$', text, re.M)[1]
