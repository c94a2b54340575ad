"""Says where the project's own command would connect to and at which revision that database is, instead of running
any migration there."""

import os

from devtask_migrate.guard import file_of


def watch(migration, request):
    import sqlalchemy

    there = {}  # file of SQLite -> whether it was there before anybody connected to it

    def before_connecting(dialect, record, arguments, options):
        if dialect.name == "sqlite":
            file = file_of(arguments[0] if arguments else options.get("database"))
            there.setdefault(file, os.path.exists(file))
            record.info["devtask_file"] = file

    def run_migrations(context, **options):
        connection, script = context.connection, context.environment_context.script
        url = connection.engine.url
        is_sqlite = url.get_backend_name() == "sqlite"
        file = connection.info.get("devtask_file", file_of(url.database)) if is_sqlite else ":memory:"
        current = sorted(context.get_current_heads())
        connection.close()
        if not there.get(file, True) and os.path.isfile(file) and not os.path.getsize(file):
            os.unlink(file)  # SQLite has made it for the look
        request.end(
            url=url.render_as_string(hide_password=True),
            backend=url.get_backend_name(),
            file=None if file == ":memory:" else file,
            current=current,
            heads=sorted(script.get_heads()),
        )

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "do_connect", before_connecting)
    migration.MigrationContext.run_migrations = run_migrations
