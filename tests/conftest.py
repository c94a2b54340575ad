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
