"""Run by alembic; the URL comes in through the configuration's attributes."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from flows.database.connection import make_engine
from flows.database.models import Base, UtcTime


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Revisions name only types of SQLAlchemy (they must keep working when our models have moved on), and of
    those only what their dialect needs."""
    if kind != "type":
        return False
    if isinstance(item, UtcTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, sa.JSON):
        if autogen.dialect is not None and autogen.dialect.name == "postgresql":
            autogen.imports.add("from sqlalchemy.dialects import postgresql")
            return "postgresql.JSONB()"
        return "sa.JSON()"
    return False


engine = make_engine(context.config.attributes["url"])
try:
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            # SQLite cannot alter most things in place: tables are rebuilt
            render_as_batch=connection.dialect.name == "sqlite",
            # `PRAGMA foreign_keys` does nothing inside a transaction that earlier revisions opened
            transaction_per_migration=True,
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
finally:
    engine.dispose()
