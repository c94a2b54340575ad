"""Schemas of databases that no alembic command opens, and what differs in two of them."""

import json
import os
import sqlite3
import subprocess
import sys

import pytest
from devtask_migrate import database, schema
from devtask_migrate.request import Refusal
from support.alembic_project import PLUGIN, Outcome


@pytest.fixture
def ask(tmp_path):
    def ask(do, name="result", environment=None, **fields):
        result = tmp_path / f"{name}.json"
        request = tmp_path / "request.json"
        request.write_text(json.dumps({"do": do, "result": str(result), **fields}))
        variables = {**os.environ, "PYTHONPATH": str(PLUGIN), "DEVTASK_MIGRATE": str(request), **(environment or {})}
        command = [sys.executable, "-B", "-m", "devtask_migrate"]
        process = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True)
        return Outcome(process, json.loads(result.read_text()) if result.exists() else None)

    return ask


TABLES = """
create table o (id integer primary key);
create table t (id integer primary key, a varchar(10) default 'x' not null, b integer references o on delete set null);
create index i on t (a, b desc) where b > 0;
"""


def execute(path, sql):
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.close()


@pytest.mark.parametrize("driver", ["", "+aiosqlite"])
def test_a_round_trip_by_any_tools_commands(ask, tmp_path, driver):
    file = tmp_path / "a b.sqlite"
    url = f"sqlite{driver}:///{file}"
    execute(file, TABLES)
    before = ask("schema", "before", url=url).done()["schema"]
    assert sorted(before["tables"]) == ["o", "t"]
    assert before["tables"]["t"]["index i"] == {"columns": ["a", "b desc"], "unique": False, "where": "b > 0"}
    execute(file, "drop table t; drop table o;" + TABLES.replace(" on delete set null", "").replace(" desc", ""))
    ask("schema", "after", url=url).done()
    files = {name: str(tmp_path / f"{name}.json") for name in ("before", "after")}
    assert ask("compare", **files).done()["problems"] == [
        "t.b: foreign key: lost ON DELETE SET NULL",
        "t: index i: columns was (a, b desc), is (a, b)",
    ]
    assert ask("compare", before=files["before"], after=files["before"]).done()["problems"] == []


def test_reading_writes_nothing(ask, tmp_path):
    file = tmp_path / "wal.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("pragma journal_mode=wal")
    connection.executescript(TABLES)  # in the log still
    before = file.read_bytes()
    assert sorted(ask("schema", url=f"sqlite:///{file}").done()["schema"]["tables"]) == ["o", "t"]
    assert file.read_bytes() == before
    connection.close()


def refused(outcome):
    assert (outcome.status, outcome["state"]) == (3, "refused"), outcome.output
    return outcome["message"]


def test_a_file_that_is_not_there_is_an_empty_database_and_is_not_made(ask, tmp_path):
    found = ask("schema", url=f"sqlite:///{tmp_path}/none.sqlite").done()["schema"]
    assert found == {"tables": {}, "triggers": {}, "views": {}}
    assert not (tmp_path / "none.sqlite").exists()


def test_what_is_no_url_is_refused(ask):
    assert "begins with a dialect" in refused(ask("schema", url="none.sqlite"))


def test_what_is_no_schema_is_not_compared(ask, tmp_path):
    ask("rules", "other", versions=str(tmp_path)).done()
    other = str(tmp_path / "other.json")
    assert "other.json has no schema" in refused(ask("compare", before=other, after=other))


def test_a_file_that_is_no_database_fails_with_the_reason(ask, tmp_path):
    (tmp_path / "text").write_text("no database" * 100)
    outcome = ask("schema", url=f"sqlite:///{tmp_path}/text")
    assert (outcome.status, outcome["state"]) == (1, "failed")
    assert "file is not a database" in outcome["message"]


def test_urls():
    assert database.place_of("postgresql+asyncpg://us%40er:p%23w@[::1]:99/db?ssl=x&options=-c%20a%3Db") == {
        "user": "us@er",
        "password": "p#w",
        "host": "::1",
        "port": "99",
        "dbname": "db",
        "options": "-c a=b",
    }
    assert database.place_of("postgresql:///db?host=/run/x") == {"host": "/run/x", "dbname": "db"}
    assert database.backend_of("postgres://h/db") == "postgresql"


POSTGRESQL = TABLES + "create type color as enum ('red', 'green'); create view v as select a from t;"
WAYS = [database.by_psycopg, database.by_psycopg2, database.by_pg8000, database.by_asyncpg, database.by_psql]


@pytest.fixture(scope="session")
def filled(server):
    url = server.database("filled")
    server.call("psql", *server.place(), "-d", "filled", "-c", POSTGRESQL)
    return url


@pytest.mark.parametrize("way", WAYS)
def test_postgresql_is_the_same_by_every_way(filled, way):
    place = database.place_of(filled)
    expected = schema.read("postgresql", database.by_psql(place))
    assert sorted(expected["tables"]) == ["o", "t"]
    assert expected["tables"]["t"]["foreign key b -> o(id)"]["ON DELETE"] == "SET NULL"
    assert expected["tables"]["t"]["column a"]["nullable"] is False
    try:
        connection = way(place)
    except ImportError:
        pytest.skip("not installed")
    assert schema.read("postgresql", connection) == expected


def test_a_postgresql_database_by_its_url(ask, filled):
    found = ask("schema", url=filled).done()["schema"]
    assert found["enums"] == {"color": {"labels": ["red", "green"]}}


def test_no_way_to_postgresql_says_what_to_install(monkeypatch):
    for name in ("psycopg", "psycopg2", "pg8000", "asyncpg"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Refusal, match="install psql .*pip install"):
        database.connect("postgresql://user@/db")


def test_a_server_that_does_not_answer_fails_without_the_password(ask, tmp_path):
    outcome = ask("schema", url=f"postgresql://user:sec%23ret@/db?host={tmp_path}")
    assert (outcome.status, outcome["state"]) == (1, "failed")
    assert "sec#ret" not in json.dumps(outcome.result) and "sec%23ret" not in json.dumps(outcome.result)
    assert "sec#ret" not in outcome.output
