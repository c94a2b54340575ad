"""The tool, on databases of its own. Each test has a copy of the project without its revisions."""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIRST = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER REFERENCES authors (id));
CREATE INDEX books_by_title ON books (title);
"""


class Tool:
    dialect = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        shutil.copytree(ROOT / "tools", self.root / "tools")
        self.versions = self.root / "versions" / self.dialect
        self.url = self.make_database()

    def run_tool(self, *words, status=0):
        done = subprocess.run(
            [sys.executable, "tools/migrate.py", *words],
            cwd=self.root,
            env={**os.environ, "DATABASE_URL": self.url},
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout if status == 0 else done.stderr

    def want(self, schema):
        (self.root / "schema.sql").write_text(schema)

    def revise(self, name, schema):
        """The text of the revision that leads to the schema; the database is there afterwards."""
        self.want(schema)
        path = self.run_tool("revision", name).strip()
        self.run_tool("upgrade")
        self.assertEqual(self.run_tool("revision", "nothing_is_left"), "")
        return (self.root / path).read_text()

    def there_and_back(self):
        """Takes back the newest revision and applies it again: both ends are as they were."""
        newest, before = sorted(self.versions.iterdir())[-1], sorted(self.versions.iterdir())[:-1]
        after = self.schema()
        self.run_tool("downgrade", before[-1].stem if before else "base")
        then = self.schema()
        self.run_tool("upgrade", newest.stem)
        self.assertEqual(self.schema(), after)
        return then

    def test_creates_tables_and_drops_them(self):
        text = self.revise("create library", FIRST)
        self.assertEqual([path.name for path in self.versions.iterdir()], ["0001_create_library.sql"])
        self.assertLess(text.index("CREATE TABLE authors"), text.index("CREATE TABLE books"))
        self.assertLess(text.index("DROP TABLE books"), text.index("DROP TABLE authors"))
        self.assertEqual(self.there_and_back(), set())

    def test_adds_columns_and_indexes(self):
        self.revise("first", FIRST)
        before = self.schema()
        with_pages = FIRST.replace("title TEXT", "pages INTEGER NOT NULL DEFAULT 0, title TEXT")
        text = self.revise("add_pages", with_pages + "CREATE INDEX p ON books (pages);")
        self.assertIn("ALTER TABLE books ADD COLUMN pages", text.partition("-- migrate:down")[0])
        self.assertNotIn("authors", text)
        self.assertEqual(self.there_and_back(), before)

    def test_drops_what_is_gone(self):
        self.revise("first", FIRST)
        before = self.schema()
        text = self.revise("only_names", "CREATE TABLE authors (id INTEGER PRIMARY KEY);")
        self.assertIn("DROP TABLE books", text.partition("-- migrate:down")[0])
        self.assertEqual(self.there_and_back(), before)

    def test_writes_nothing_without_a_difference(self):
        self.revise("first", FIRST)
        self.want("-- " + FIRST.replace("CREATE TABLE", "\n\nCREATE  TABLE"))
        self.assertEqual(self.run_tool("revision", "again"), "")
        self.assertEqual(len(list(self.versions.iterdir())), 1)

    def test_leaves_other_changes_to_people(self):
        self.revise("first", FIRST)
        self.want(FIRST.replace("name TEXT NOT NULL", "name TEXT"))
        self.assertIn("authors.name is ", self.run_tool("revision", "x", status=1))

    def test_refuses_a_database_that_is_behind(self):
        self.revise("first", FIRST)
        self.run_tool("downgrade", "base")
        self.assertIn("upgrade it first", self.run_tool("revision", "second", status=1))

    def test_stops_at_the_revision_asked_for(self):
        self.revise("first", FIRST)
        self.revise("second", FIRST + "CREATE TABLE shops (id INTEGER PRIMARY KEY);")
        self.run_tool("downgrade", "base")
        self.assertEqual(self.run_tool("upgrade", "0001"), "applied 0001_first.sql\n")
        self.assertEqual(self.run_tool("upgrade", ""), "applied 0002_second.sql\n")
        self.assertEqual(self.run_tool("upgrade"), "")
        self.assertIn("no revision `0003`", self.run_tool("upgrade", "0003", status=1))

    def test_a_revision_is_applied_whole_or_not_at_all(self):
        self.revise("first", FIRST)
        before = self.schema()
        (self.versions / "0002_broken.sql").write_text(
            "-- migrate:up\nCREATE TABLE shops (id INTEGER);\nCREATE TABLE books (id INTEGER);\n-- migrate:down\n"
        )
        self.assertIn("books", self.run_tool("upgrade", status=1))
        self.assertEqual(self.schema(), before)

    def test_a_name_is_never_more_than_a_name(self):
        self.want(FIRST)
        self.run_tool("revision", "../it's \"; x\n-- y")
        self.assertEqual([path.name for path in self.versions.iterdir()], ["0001_it_s_x_y.sql"])
        self.assertIn("a name has", self.run_tool("revision", "..", status=1))

    def test_the_projects_own_revisions_lead_to_its_schema(self):
        shutil.copytree(ROOT / "versions", self.root / "versions", dirs_exist_ok=True)
        self.want((ROOT / "schema.sql").read_text())
        self.run_tool("upgrade")
        self.assertEqual(self.run_tool("revision", "nothing"), "")
        self.assertNotEqual(self.there_and_back(), self.schema())


class SqliteTest(Tool, unittest.TestCase):
    dialect = "sqlite"

    def make_database(self):
        return f"sqlite:///{self.root}/library.db"

    def schema(self):
        with contextlib.closing(sqlite3.connect(self.root / "library.db")) as connection:
            query = """SELECT t.type, t.name, c.name, c.type, c."notnull", c.dflt_value
                       FROM sqlite_master AS t, pragma_table_info(t.name) AS c
                       WHERE t.name NOT LIKE '%schema_migrations%'"""
            return set(connection.execute(query))


@unittest.skipUnless(os.environ.get("LIBRARY_POSTGRESQL_URL"), "LIBRARY_POSTGRESQL_URL names no database")
class PostgresqlTest(Tool, unittest.TestCase):
    dialect = "postgresql"

    def make_database(self):
        url = os.environ["LIBRARY_POSTGRESQL_URL"]
        self.ask(url, "SET client_min_messages TO error; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return url

    def ask(self, url, query):
        return subprocess.run(["psql", url, "-qtAXc", query], check=True, stdout=subprocess.PIPE, text=True).stdout

    def schema(self):
        query = """SELECT table_name, column_name, data_type, is_nullable, column_default
                   FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name <> 'schema_migrations'
                   UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes
                   WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"""
        return set(self.ask(self.url, query).splitlines())


if __name__ == "__main__":
    unittest.main()
