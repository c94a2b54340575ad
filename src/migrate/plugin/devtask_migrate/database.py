"""A database reached by its URL, without a project's engine: SQLite by Python itself, PostgreSQL by what there is."""

import json
import os
import re
import shutil
import subprocess
import urllib.parse

from devtask_migrate import guard
from devtask_migrate.request import Refusal

# As SQLAlchemy reads it.
URL = re.compile(
    r"(?P<backend>\w+)(\+\w+)?://((?P<user>[^:/]*)(:(?P<password>[^@]*))?@)?"
    r"(\[(?P<address>[^/?]+)\]|(?P<host>[^/:?]+))?(:(?P<port>[^/?]*))?(/(?P<dbname>[^?]*))?(\?(?P<query>.*))?$"
)
# What libpq takes from a query; the rest is meant for a driver.
KEYS = "host port user password dbname options service sslmode sslrootcert sslcert sslkey".split()


class Connection:
    """As much of SQLAlchemy's as schemas are read with; `run` returns the rows of a query."""

    def __init__(self, run):
        self.exec_driver_sql = run


def backend_of(url):
    found = URL.match(url)
    if found is None:
        raise Refusal("the database's URL is none: it begins with a dialect and `://`")
    return "postgresql" if found.group("backend") == "postgres" else found.group("backend")


def connect(url):
    return {"sqlite": to_sqlite, "postgresql": to_postgresql}.get(backend_of(url), to_any)(url)


# ---- SQLite


def to_sqlite(url):
    import sqlite3

    path = guard.file_of(URL.match(url).group("dbname"))
    if not os.path.exists(path):  # is empty for SQLite, which would make it
        return by_cursor(sqlite3.connect(":memory:"))
    return by_cursor(sqlite3.connect("file:%s?mode=ro" % urllib.parse.quote(path), uri=True))


def by_cursor(connection):
    def run(sql):
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall()

    return Connection(run)


# ---- PostgreSQL


def place_of(url):
    """The URL's parts in libpq's words."""
    found = URL.match(url).groupdict()
    parts = {key: found[key] for key in ("port", "dbname")}
    parts["host"] = found["address"] or found["host"]
    parts.update({key: found[key] and urllib.parse.unquote(found[key]) for key in ("user", "password")})
    parts.update((key, value) for key, value in urllib.parse.parse_qsl(found["query"] or "") if key in KEYS)
    return {key: value for key, value in parts.items() if value}


def by_psycopg(place):
    import psycopg

    return by_cursor(psycopg.connect(**place))


def by_psycopg2(place):
    import psycopg2

    return by_cursor(psycopg2.connect(**place))


def plain(place):
    """For drivers that are not libpq."""
    options = {key: place[key] for key in ("user", "password", "host") if key in place}
    return dict(options, database=place.get("dbname"), port=int(place.get("port", 5432)))


def by_pg8000(place):
    import pg8000.dbapi

    options = plain(place)
    if options.get("host", "").startswith("/"):
        options["unix_sock"] = "%s/.s.PGSQL.%d" % (options.pop("host"), options["port"])
    return by_cursor(pg8000.dbapi.connect(**options))


def by_asyncpg(place):
    import asyncio

    import asyncpg

    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(**plain(place)))
    return Connection(lambda sql: loop.run_until_complete(connection.fetch(sql)))


def by_psql(place):
    """A row is an object of JSON, in which names may repeat themselves; the password is in no list of processes."""
    program = shutil.which("psql")
    if program is None:
        raise ImportError("psql")
    words = ["%s='%s'" % (key, re.sub(r"(['\\])", r"\\\1", place[key])) for key in sorted(place) if key != "password"]
    environment = dict(os.environ, PGPASSWORD=place["password"]) if "password" in place else None

    def run(sql):
        command = [program, "-XqtAw", "-d", " ".join(words), "-c", "select row_to_json(x) from (%s) x" % sql]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode("utf-8", "replace").strip())
        lines = filter(None, done.stdout.decode("utf-8").split("\n"))
        return [json.loads(line, object_pairs_hook=lambda pairs: [value for _, value in pairs]) for line in lines]

    return Connection(run)


def to_postgresql(url):
    place = place_of(url)
    for connect in (by_psycopg, by_psycopg2, by_pg8000, by_asyncpg, by_psql):
        try:
            return connect(place)
        except ImportError:
            continue
    raise Refusal(
        "nothing here reaches a PostgreSQL database: install psql (Debian: `apt-get install postgresql-client`) "
        "or a driver for this Python (`pip install 'psycopg[binary]'`)"
    )


# ---- any other


def to_any(url):
    try:
        import sqlalchemy
    except ImportError:
        raise Refusal("databases of `%s` are read by SQLAlchemy: `pip install sqlalchemy`" % backend_of(url))
    return sqlalchemy.create_engine(url).connect()
