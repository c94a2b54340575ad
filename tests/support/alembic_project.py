"""A small alembic project whose commands run with devtask's plug-in, as a task would run them."""

import json
import os
import pathlib
import re
import subprocess
import sys

PLUGIN = pathlib.Path(__file__).parents[2] / "src/migrate/plugin"
NOW = "2026-11-23T06:03:13Z"
PRAGMAS = ["PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON"]
REVISION = [sys.executable, "-m", "alembic", "revision", "--autogenerate", "-m", "as the command says"]
UPGRADE = [sys.executable, "-m", "alembic", "upgrade", "head"]

INI = """
[alembic]
script_location = %(here)s/migrations
file_template = %%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d%%(second).2d_%%(rev)s_%%(slug)s
"""

ENV = """
import os, sys
sys.path.insert(0, os.getcwd())
import sqlalchemy as sa
from alembic import context
import models

options = getattr(models, "options", {})
engine = sa.create_engine(os.environ["DATABASE_URL"], **getattr(models, "engine_options", {}))
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=models.metadata,
        render_as_batch=engine.dialect.name == "sqlite",
        transaction_per_migration=True,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()
"""

TEMPLATE = '''"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''

MODELS = """
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

metadata = sa.MetaData()
"""

FIRST = """
flow = sa.Table(
    "flow",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("note", sa.String(50)),
    sa.Index("ix_flow_name", "name"),
    sa.Index("ix_flow_note", "note"),
)
run = sa.Table(
    "run",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("flow_id", sa.Integer, sa.ForeignKey("flow.id", name="fk_run_flow", ondelete="SET NULL")),
    sa.Column("state", sa.String(20)),
)
"""


# What the models have been lacking for long: an index, and that a name is not null.
NOISE = {
    "index": ('    sa.Index("ix_flow_note", "note"),\n', ""),
    "null": ('sa.Column("name", sa.String(50), nullable=False)', 'sa.Column("name", sa.String(50))'),
}


class Outcome:
    def __init__(self, process, result):
        self.status = process.returncode
        self.output = process.stdout + process.stderr
        self.result = result

    def __getitem__(self, key):
        assert self.result is not None, self.output
        assert key in self.result, (self.result, self.output)
        return self.result[key]

    def done(self):
        assert (self.status, self["state"]) == (0, "done"), self.output + json.dumps(self.result)
        return self


class AlembicProject:
    def __init__(self, folder, url, dialect):
        self.folder = folder
        self.url = url
        self.dialect = dialect
        self.versions = folder / "migrations/versions"
        self.scratch = folder / "scratch"
        self.base = str(self.scratch / "base.json")

    def write(self):
        self.versions.mkdir(parents=True)
        self.scratch.mkdir()
        folder = self.folder
        (folder / "alembic.ini").write_text(INI)
        (folder / "migrations/env.py").write_text(ENV)
        (folder / "migrations/script.py.mako").write_text(TEMPLATE)
        return self

    def models(self, text, **changes):
        for old, new in changes.values():
            assert old in text, old
            text = text.replace(old, new)
        (self.folder / "models.py").write_text(MODELS + text)
        return text

    def request(self, do, **fields):
        fields = {"do": do, "dialect": self.dialect, "url": self.url, "now": NOW, **fields}
        fields["result"] = str(self.scratch / "result.json")
        file = self.scratch / "request.json"
        file.write_text(json.dumps(fields))
        return file

    def run(self, do, command=REVISION, environment=None, **fields):
        result = self.scratch / "result.json"
        result.unlink(missing_ok=True)
        variables = {
            **os.environ,
            "PYTHONPATH": str(PLUGIN),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DEVTASK_MIGRATE": str(self.request(do, **fields)),
            "DATABASE_URL": self.url,
            **(environment or {}),
        }
        process = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, text=True)
        return Outcome(process, json.loads(result.read_text()) if result.exists() else None)

    def revise(self, name="a change", **fields):
        if self.dialect == "sqlite":
            fields.setdefault("around", PRAGMAS)
        return self.run("revise", name=name, **fields)

    def begin(self, text=FIRST):
        """Models, their first revision, and a database that has it."""
        self.models(text)
        self.revise("first").done()
        return text

    def take_base(self):
        """What is different now is not the user's."""
        outcome = self.run("report").done()
        with open(self.base, "w") as stream:
            json.dump(outcome.result, stream)

    def schema(self):
        return self.run("schema").done()["schema"]

    def files(self):
        return sorted(path.name for path in self.versions.glob("*") if path.name != "__pycache__")


def bodies(text):
    """The statements of upgrade and of downgrade, each in one line."""
    found = re.findall(r"^def \w+\(\):\n((?:    .*\n|\n)*)", text, re.MULTILINE)
    return [
        [re.sub(r"\s+", " ", line.strip()) for line in body.split("\n") if line.strip() and "# ###" not in line]
        for body in found
    ]
