"""Upgrade, downgrade and new revisions. Each dialect has its own line of revisions in
migrations/versions/DIALECT, so that each can use what its database offers."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent.parent / "migrations"


def config_for(url: str) -> Config:
    config = Config()
    dialect = sa.make_url(url).get_backend_name()
    versions = FOLDER / "versions" / dialect
    if not versions.is_dir():
        raise ValueError(f"no migrations for dialect `{dialect}`")
    config.set_main_option("script_location", _escape(FOLDER))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", _escape(versions))
    config.set_main_option("timezone", "UTC")
    config.set_main_option(
        "file_template",
        "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d%%(second).2d_%%(rev)s_%%(slug)s",
    )
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    command.upgrade(config_for(url), revision)


def downgrade(url: str, revision: str = "-1") -> None:
    command.downgrade(config_for(url), revision)


def check(url: str) -> None:
    """Raises alembic's CommandError if the models have moved on from the newest revision."""
    command.check(config_for(url))


def create_revision(url: str, message: str, autogenerate: bool) -> Path:
    # alembic prints its progress on stdout, which is for the answer alone
    with contextlib.redirect_stdout(sys.stderr):
        script = command.revision(config_for(url), message=message, autogenerate=autogenerate)
    assert script is not None and not isinstance(script, list)
    return Path(script.path)


def revision_ids(url: str) -> list[str]:
    """From the newest to the first."""
    return [script.revision for script in ScriptDirectory.from_config(config_for(url)).walk_revisions()]


def _escape(path: Path) -> str:
    return str(path).replace("%", "%%")
