"""Migrations in plain SQL for the database that DATABASE_URL names.

    revision NAME         compare it with schema.sql; if they differ, write the next file and print its path
    upgrade [REVISION]    apply what is not applied yet, up to that revision
    downgrade REVISION    take back what was applied after it; `base` is before the first

Tables, columns and indexes that are new or gone are seen. Everything else, a column's new type or data that has to
move, is for you to write into the file.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
UP, DOWN = "-- migrate:up", "-- migrate:down"  # as dbmate has them
APPLIED = "schema_migrations"


class Sqlite:
    dialect = "sqlite"
    # A line for each thing there is: what, table, name, definition.
    CATALOG = """
        SELECT 'table', name, '', sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
        UNION ALL
        SELECT 'column', t.name, c.name, c.type || iif(c."notnull", ' NOT NULL', '')
                   || coalesce(' DEFAULT ' || c.dflt_value, '')
        FROM sqlite_master AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'
        UNION ALL
        SELECT 'index', tbl_name, name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL
    """

    def __init__(self, url):
        self.path = urllib.parse.unquote(url.split(":///", 1)[1])

    def run(self, script):
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(f"BEGIN;\n{script}\n;COMMIT;")

    def rows(self, query):
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def catalog(self):
        return self.rows(self.CATALOG)

    def catalog_of(self, script):
        with contextlib.closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(script)
            return connection.execute(self.CATALOG).fetchall()


class Postgresql:
    dialect = "postgresql"
    CATALOG = """
        SELECT json_build_array('column', t.relname, c.attname, format_type(c.atttypid, c.atttypmod)
                   || CASE WHEN c.attnotnull THEN ' NOT NULL' ELSE '' END
                   || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''))
        FROM pg_class AS t JOIN pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
        LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = c.attnum
        WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace ORDER BY t.oid, c.attnum;
        SELECT json_build_array('constraint', t.relname, c.conname, pg_get_constraintdef(c.oid, true))
        FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid
        WHERE c.connamespace = current_schema()::regnamespace ORDER BY c.conname;
        SELECT json_build_array('index', t.relname, n.relname, pg_get_indexdef(n.oid, 0, true))
        FROM pg_index AS i JOIN pg_class AS t ON t.oid = i.indrelid JOIN pg_class AS n ON n.oid = i.indexrelid
        WHERE t.relnamespace = current_schema()::regnamespace
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = n.oid) ORDER BY n.relname;
    """

    def __init__(self, url):
        self.url = url

    def run(self, script):
        command = ["psql", self.url, "-qtAX", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f", "-"]
        quiet = {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}
        return subprocess.run(command, input=script, check=True, stdout=subprocess.PIPE, text=True, env=quiet).stdout

    def rows(self, query):
        return [line.split("|") for line in self.run(query).splitlines()]

    def catalog(self):
        rows = [json.loads(line) for line in self.run(self.CATALOG).splitlines()]
        parts = {}  # of tables: PostgreSQL does not keep the statement that made one
        for what, table, name, definition in rows:
            if what == "column":
                parts.setdefault(table, []).append(f"{name} {definition}")
            elif what == "constraint":
                parts[table].append(f"CONSTRAINT {name} {definition}")
        made = [("table", table, "", f"CREATE TABLE {table} (\n    " + ",\n    ".join(of_table) + "\n)")
                for table, of_table in parts.items()]
        return made + rows

    def catalog_of(self, script):
        other = Postgresql(self.url)
        # A schema that nobody else ever sees: it is gone before the transaction ends.
        before = "CREATE SCHEMA wanted; SET LOCAL search_path TO wanted;\n" + script
        other.CATALOG = before + self.CATALOG + "DROP SCHEMA wanted CASCADE;"
        return other.catalog()


def connect(url):
    for database in (Sqlite, Postgresql):
        if url.startswith((database.dialect + ":///", database.dialect + "://")):
            return database(url)
    sys.exit("migrate: DATABASE_URL has to be sqlite:///PATH or postgresql://…")


def definitions(catalog, what):
    return {(table, name): text for kind, table, name, text in catalog if kind == what and table != APPLIED}


def differences(old, new):
    """What leads from one catalog to the other: pairs of statements, there and back."""
    tables = definitions(old, "table"), definitions(new, "table")
    columns = definitions(old, "column"), definitions(new, "column")
    indexes = definitions(old, "index"), definitions(new, "index")
    kept = {table for table, _ in tables[0].keys() & tables[1].keys()}

    def added(before, after, make, drop, only=None):
        return [(make(key, text), drop(key)) for key, text in after.items()
                if before.get(key) != text and (only is None or key[0] in only)]

    def back(pairs):
        return [(down, up) for up, down in reversed(pairs)]

    changed = [key for key in columns[0].keys() & columns[1].keys() if columns[0][key] != columns[1][key]]
    for table, name in sorted(changed):
        sys.exit(f"migrate: {table}.{name} is `{columns[0][table, name]}` in the database and "
                 f"`{columns[1][table, name]}` in schema.sql: write that migration by hand")
    in_table = [{key: "" for key in each} for each in tables]  # how a table was written says nothing
    makes = {key: text for each in tables for key, text in each.items()}
    table = (lambda key, _: makes[key]), (lambda key: f"DROP TABLE {key[0]}")
    column = (lambda key, text: f"ALTER TABLE {key[0]} ADD COLUMN {key[1]} {text}",
              lambda key: f"ALTER TABLE {key[0]} DROP COLUMN {key[1]}")
    index = (lambda _, text: text), (lambda key: f"DROP INDEX {key[1]}")
    return (back(added(indexes[1], indexes[0], *index))
            + added(*in_table, *table) + added(*columns, *column, kept) + added(*indexes, *index)
            + back(added(columns[1], columns[0], *column, kept)) + back(added(*reversed(in_table), *table)))


def files(database):
    """By revision: the number that a file's name begins with."""
    folder = ROOT / "versions" / database.dialect
    return {path.name.split("_")[0]: path for path in sorted(folder.glob("[0-9]*_*.sql"))}


def applied(database):
    database.run(f"CREATE TABLE IF NOT EXISTS {APPLIED} (revision VARCHAR(20) PRIMARY KEY)")
    return [row[0] for row in database.rows(f"SELECT revision FROM {APPLIED} ORDER BY revision")]


def part(path, which):
    up, found, down = path.read_text().partition(DOWN)
    if not found or UP not in up:
        sys.exit(f"migrate: {path} needs the lines `{UP}` and `{DOWN}`")
    return up.split(UP, 1)[1] if which == UP else down


def revision(database, name):
    slug = re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")
    there = files(database)
    if not slug:
        sys.exit("migrate: a name has letters or digits")
    if list(there) != applied(database):
        sys.exit("migrate: the database is not at the newest revision: upgrade it first")
    pairs = differences(database.catalog(), database.catalog_of((ROOT / "schema.sql").read_text()))
    if not pairs:
        return
    up, down = [each[0] for each in pairs], [each[1] for each in reversed(pairs)]
    number = int(max(there, default="0")) + 1
    path = ROOT / "versions" / database.dialect / f"{number:04}_{slug}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "x") as file:
        file.write(f"{UP}\n" + "".join(f"{each};\n" for each in up))
        file.write(f"\n{DOWN}\n" + "".join(f"{each};\n" for each in down))
    print(path.relative_to(ROOT))


def upgrade(database, to):
    done = applied(database)
    for each, path in files(database).items():
        if each not in done and (to is None or each <= to):
            database.run(part(path, UP) + f"\n;INSERT INTO {APPLIED} VALUES ('{each}')")
            print("applied", path.name)


def downgrade(database, to):
    there = files(database)
    for each in reversed(applied(database)):
        if to == "base" or each > to:
            database.run(part(there[each], DOWN) + f"\n;DELETE FROM {APPLIED} WHERE revision = '{each}'")
            print("took back", there[each].name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("revision").add_argument("name")
    commands.add_parser("upgrade").add_argument("revision", nargs="?")
    commands.add_parser("downgrade").add_argument("revision")
    options = parser.parse_args()
    database = connect(os.environ.get("DATABASE_URL", ""))
    if options.command == "revision":
        return revision(database, options.name)
    # `0002_add_pages` is as good as `0002`.
    to = (options.revision or "").split("_")[0] or None
    if to not in (None, "base", *files(database)):
        sys.exit(f"migrate: there is no revision `{to}` in versions/{database.dialect}")
    (upgrade if options.command == "upgrade" else downgrade)(database, to)


if __name__ == "__main__":
    try:
        main()
    except (sqlite3.Error, OSError, subprocess.CalledProcessError) as problem:
        sys.exit(f"migrate: {problem}")
