"""Stops the process before it connects to any database but the one of the request, whatever in it wants to connect.

What counts is where SQLAlchemy's dialect would really connect to, after the project's settings, not what they say.
The driver is free: another one reaches the same database.
"""

import os
import re

NAMES = {"dbname": "database", "db": "database"}
PLACE = ("host", "port", "database", "unix_socket", "service")

SECRET = re.compile(r"(?<=password=)('[^']*'|[^\s&]+)|(?<=:)[^:/@]+(?=@)")


def file_of(name):
    if name in (None, "", ":memory:"):
        return ":memory:"
    if name.startswith("file:"):
        name = name[5:].partition("?")[0]
    return os.path.realpath(name)


def place_of(dialect, arguments, options):
    """Where a connection goes to, as text."""
    if dialect.name == "sqlite":
        return "sqlite file %s" % file_of(arguments[0] if arguments else options.get("database"))
    found = {NAMES.get(key, key): value for key, value in options.items()}
    dsn = [SECRET.sub("***", "%s" % one) for one in list(arguments) + [found.get("dsn", "")] if one]
    parts = ["%s=%s" % (key, found[key]) for key in PLACE if found.get(key) not in (None, "")]
    return " ".join([dialect.name] + dsn + parts)


def watch(sqlalchemy, request):
    wanted = sqlalchemy.engine.make_url(request.url)

    def before_connecting(dialect, record, arguments, options):
        place = place_of(dialect, arguments, options)
        if dialect.name != wanted.get_backend_name():
            expected = "%s %s" % (wanted.get_backend_name(), wanted.database)
        else:
            expected = place_of(dialect, *dialect.create_connect_args(wanted))
        if place != expected:
            request.refuse(
                "the command was to use %s, but connects to %s: stopped before anything was executed there; "
                "its settings must take the database from the environment variable" % (expected, place)
            )
        record.info["devtask"] = True
        if request.do == "guard":  # the proof that somebody was watching
            request.write("done")

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "do_connect", before_connecting)


def watch_migrations(migration, request):
    """A connection can also be made behind SQLAlchemy's back, by `creator=`."""
    run = migration.MigrationContext.run_migrations

    def run_migrations(context, **options):
        connection = context.connection
        if connection is not None and not context.as_sql and not connection.info.get("devtask"):
            request.refuse(
                "alembic was given a connection of which devtask cannot see where it goes to (`creator=`?): "
                "stopped before alembic executed anything on it"
            )
        return run(context, **options)

    migration.MigrationContext.run_migrations = run_migrations
