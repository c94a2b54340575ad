"""What devtask does inside a project's own alembic command: reports of differences, revisions that hold only the
user's change, schemas, round trips; and beside it, where there is none. A request and its result are JSON files
(request.py).

Works with Python 3.7 and newer, alembic 1.5 and newer, SQLAlchemy 1.4 and 2.
Unaware of: tasks, what is cached, how the databases came to be.
"""


def start(path):
    from devtask_migrate.request import ON_FILES, Request

    request = Request.read(path)
    if request.do in ON_FILES:
        return
    from devtask_migrate import guard, import_hook, state, work

    if request.do == "state":
        import_hook.after_import("alembic.runtime.migration", lambda module: state.watch(module, request))
        return
    import_hook.after_import("sqlalchemy", lambda module: guard.watch(module, request))
    import_hook.after_import("alembic.runtime.migration", lambda module: guard.watch_migrations(module, request))
    if request.do != "guard":
        job = work.Work(request)
        import_hook.after_import("alembic.autogenerate.api", lambda module: work.hook_revisions(module, job))
        import_hook.after_import("alembic.script.base", lambda module: work.hook_files(module, job))
