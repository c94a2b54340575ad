import shutil

import pytest

pytest.register_assert_rewrite("support.project", "support.result")

from support.project import Project  # noqa: E402


@pytest.fixture
def project(tmp_path):
    """An empty project with a home, a cache and programs of its own."""
    project = Project(tmp_path)
    yield project
    project.end_processes()


@pytest.fixture
def sample(project):
    """The project of support/samples.py, nothing run yet."""
    from support.samples import write_sample

    write_sample(project)
    return project


@pytest.fixture
def built(sample):
    """The same after `devtask all`."""
    sample.run("all").succeeded()
    assert sorted(sample.ran()) == ["check", "docs", "gen", "pack"]
    return sample


@pytest.fixture(scope="session")
def prepared():
    from support.migrations import prepare

    return prepare()


@pytest.fixture
def flows(tmp_path, prepared):
    """A checkout of examples/flows, ready for migrations."""
    from support.migrations import make_checkout

    flows = make_checkout(tmp_path, "flows", prepared)
    yield flows
    flows.end_processes()
    shutil.rmtree(flows.scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server, for databases that are not devtask's."""
    from support import postgresql

    server = postgresql.Server(postgresql.folder_of_programs())
    yield server
    server.end()


@pytest.fixture
def databases(flows, server):
    """The URL of an empty database of each dialect."""
    name = server.database("flows").rpartition("@")[2]
    return {
        "sqlite": f"sqlite:///{flows.folder}/flows.db",
        "postgresql": f"postgresql+psycopg://postgres:sec%23ret@{name}",
    }
