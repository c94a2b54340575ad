"""A database's schema as data in which order and spelling that mean nothing are gone, and what differs in two of them.

A schema is {kind: {name: parts}}: tables have parts ("column id", "index ix_a", …), each with attributes; all other
kinds (views, enums, …) have attributes only.
"""

from devtask_migrate import postgresql_schema, sqlite_schema

READERS = {"sqlite": sqlite_schema.read, "postgresql": postgresql_schema.read}


def read(backend, connection, without=None):
    """`without` is the table in which alembic keeps the revision."""
    return READERS.get(backend, inspected)(connection, without)


def inspected(connection, without):
    """Of any other database what SQLAlchemy knows of it."""
    from sqlalchemy import inspect

    inspector, tables = inspect(connection), {}
    for table in set(inspector.get_table_names()) - {without}:
        parts = tables[table] = {}
        for column in inspector.get_columns(table):
            kept = {key: "%s" % column.get(key) for key in ("type", "nullable", "default")}
            parts["column %s" % column["name"]] = kept
        parts["primary key"] = {"columns": inspector.get_pk_constraint(table).get("constrained_columns")}
        for key in inspector.get_foreign_keys(table):
            to = "%s(%s)" % (key["referred_table"], ", ".join(key["referred_columns"]))
            options = {"ON " + name[2:].upper(): value for name, value in key.get("options", {}).items()}
            parts["foreign key %s -> %s" % (", ".join(key["constrained_columns"]), to)] = options
        for index in inspector.get_indexes(table):
            parts["index %s" % index["name"]] = {"columns": index["column_names"], "unique": bool(index["unique"])}
        for unique in inspector.get_unique_constraints(table):
            parts["unique %s" % ", ".join(unique["column_names"])] = {}
    return {"tables": tables}


def differences(before, after):
    """As lines: what is lost, what has come, what is different."""
    lines = []
    for kind in sorted((set(before) | set(after)) - {"heads"}):
        old, new = before.get(kind, {}), after.get(kind, {})
        singular = kind[:-1]
        for name in sorted(set(old) | set(new)):
            if name not in new:
                lines.append("%s %s is lost" % (singular, name))
            elif name not in old:
                lines.append("%s %s is left over" % (singular, name))
            elif kind == "tables":
                lines.extend(of_tables(name, old[name], new[name]))
            else:
                lines.extend("%s %s: %s" % (singular, name, text) for text in of_attributes(old[name], new[name]))
    return lines


def of_tables(table, old, new):
    for part in sorted(set(old) | set(new)):
        if part not in new:
            yield "%s: %s is lost" % (table, part)
        elif part not in old:
            yield "%s: %s is left over" % (table, part)
        else:
            for text in of_attributes(old[part], new[part]):
                yield "%s: %s" % (place_of(table, part), text)


def place_of(table, part):
    """`flow_run.state_id: foreign key` reads better than `flow_run: foreign key state_id -> flow_run_state(id)`."""
    kind, _, rest = part.partition(" ")
    if kind == "column":
        return "%s.%s" % (table, rest)
    if part.startswith("foreign key "):
        return "%s.%s: foreign key" % (table, part[12:].partition(" -> ")[0])
    return "%s: %s" % (table, part)


def of_attributes(old, new):
    for key in sorted(set(old) | set(new)):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key.startswith("ON ") and not (before and after):
            yield "lost %s %s" % (key, before) if before else "got %s %s" % (key, after)
        else:
            yield "%s was %s, is %s" % (key, shown(before), shown(after))


def shown(value):
    if isinstance(value, list):
        return "(%s)" % ", ".join("%s" % one for one in value)
    return "none" if value is None else "%s" % value
