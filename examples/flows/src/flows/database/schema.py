"""The tables as SQL text, for people who want to read them. Needs no database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from flows.database.models import Base

DIALECTS: dict[str, type[sa.Dialect]] = {
    "sqlite": sqlite.dialect,
    "postgresql": postgresql.dialect,
}


def schema_sql(dialect_name: str) -> str:
    """The same text for the same models, byte for byte."""
    dialect = DIALECTS[dialect_name]()
    statements = []
    for table in Base.metadata.sorted_tables:
        statements.append(CreateTable(table))
        statements += [
            CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name))
        ]
    return "".join(_tidy(str(statement.compile(dialect=dialect))) + ";\n\n" for statement in statements)


def _tidy(sql: str) -> str:
    return "\n".join(line.rstrip() for line in sql.strip().splitlines()).replace("\t", "    ")
