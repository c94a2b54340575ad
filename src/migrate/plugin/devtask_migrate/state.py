"""Says where the project's own command would connect to and at which revision that database is, instead of running
any migration there."""

import os


def watch(migration, request):
    def run_migrations(context, **options):
        connection, script = context.connection, context.environment_context.script
        url = connection.engine.url
        file = url.database if url.get_backend_name() == "sqlite" else None
        current = sorted(context.get_current_heads())
        connection.close()
        if file and os.path.isfile(file) and not os.path.getsize(file):
            os.unlink(file)  # SQLite has made it for the look
        request.end(
            url=url.render_as_string(hide_password=True),
            backend=url.get_backend_name(),
            file=os.path.abspath(file) if file and file != ":memory:" else None,
            current=current,
            heads=sorted(script.get_heads()),
        )

    migration.MigrationContext.run_migrations = run_migrations
