import importlib.util
import sys

import pytest
from support import alembic_project, postgresql

sys.path.append(str(alembic_project.PLUGIN))


@pytest.fixture(scope="session")
def server():
    programs = postgresql.folder_of_programs()
    if programs is None or postgresql.driver() is None:
        pytest.skip("no PostgreSQL server, or no driver for it")
    server = postgresql.Server(programs)
    yield server
    server.end()


def need_alembic():
    if importlib.util.find_spec("alembic") is None:
        pytest.skip("alembic is not installed")


@pytest.fixture
def on_sqlite(tmp_path):
    need_alembic()
    return alembic_project.AlembicProject(tmp_path, f"sqlite:///{tmp_path}/scratch/db.sqlite", "sqlite")


@pytest.fixture
def on_postgresql(tmp_path, server):
    need_alembic()
    return alembic_project.AlembicProject(tmp_path, server.database("work"), "postgresql")


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request):
    return request.getfixturevalue(f"on_{request.param}")
