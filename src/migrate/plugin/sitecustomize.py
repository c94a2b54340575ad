"""Lets devtask look into alembic from outside: Python imports this at its start, from the first folder of PYTHONPATH.

Without the environment variable DEVTASK_MIGRATE, which names a request, nothing is changed. A sitecustomize that is
behind this one is run as if this one were not there.
"""

import importlib.machinery
import importlib.util
import os
import sys
import traceback

FOLDER = os.path.dirname(os.path.abspath(__file__))


def run_the_one_behind():
    folders = [path for path in sys.path if os.path.abspath(path or ".") != FOLDER]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", folders)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if os.environ.get("DEVTASK_MIGRATE"):
    try:
        import devtask_migrate

        devtask_migrate.start(os.environ["DEVTASK_MIGRATE"])
    except Exception:  # after which Python would go on, and nobody would watch which database is used
        traceback.print_exc()
        os._exit(1)
run_the_one_behind()
