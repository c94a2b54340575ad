import importlib.util
import shutil
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


def new_project(folder, dialect, request, database="work", **options):
    if importlib.util.find_spec("alembic") is None:
        pytest.skip("alembic is not installed")
    url = f"sqlite:///{folder}/scratch/db.sqlite"
    if dialect == "postgresql":
        url = request.getfixturevalue("server").database(database, **options)
    return alembic_project.AlembicProject(folder, url, dialect)


@pytest.fixture(scope="session")
def prepared(request, tmp_path_factory):
    """For each dialect a project that has its first revision, its database, and a report of NOISE as the base's."""
    made = {}

    def prepare(dialect):
        if dialect not in made:
            folder = tmp_path_factory.mktemp(dialect)
            made[dialect] = new_project(folder, dialect, request, "prepared").write()
            made[dialect].begin()
            made[dialect].models(alembic_project.FIRST, **alembic_project.NOISE)
            made[dialect].take_base()
        return made[dialect]

    return prepare


def copy_of(original, folder, request):
    shutil.copytree(original.folder, folder)
    copy = new_project(folder, original.dialect, request, template="prepared")
    copy.models(alembic_project.FIRST)
    return copy


@pytest.fixture
def on_sqlite(prepared, tmp_path, request):
    return copy_of(prepared("sqlite"), tmp_path / "project", request)


@pytest.fixture
def on_postgresql(prepared, tmp_path, request):
    return copy_of(prepared("postgresql"), tmp_path / "project", request)


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request):
    return request.getfixturevalue(f"on_{request.param}")


@pytest.fixture
def noisy(project):
    """Its models have differed from its migrations before."""
    project.noisy = project.models(alembic_project.FIRST, **alembic_project.NOISE)
    return project


@pytest.fixture
def empty(tmp_path, request):
    """Its database is not there yet."""
    return new_project(tmp_path / "project", "sqlite", request).write()
