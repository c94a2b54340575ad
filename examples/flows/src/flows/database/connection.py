"""From a database URL to an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa


def make_engine(url: str) -> sa.Engine:
    """For SQLite: creates the folder of the file, and switches foreign keys on in every connection."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).expanduser().parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": 30})
    sa.event.listen(engine, "connect", _foreign_keys_on)
    return engine


def _foreign_keys_on(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA foreign_keys=ON")
