"""The example in examples/plain-sql: its tool, on both databases."""

import re
import shutil

import pytest

from support import postgresql
from support.project import REPOSITORY

EXAMPLE = REPOSITORY / "examples/plain-sql"


@pytest.fixture
def library(project):
    shutil.copytree(
        EXAMPLE, project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".devtask", "__pycache__")
    )
    return project


def test_its_tests_pass_on_sqlite(library):
    library.run("test").succeeded()
    assert "up to date" in library.run("test").succeeded().stderr


@pytest.mark.skipif(not postgresql.folder_of_programs(), reason="there is no PostgreSQL")
def test_its_tests_pass_on_postgresql(library):
    server = postgresql.Server(postgresql.folder_of_programs())
    try:
        server.database("library")
        library.env["LIBRARY_POSTGRESQL_URL"] = f"postgresql://postgres@/library?host={server.folder}"
        done = library.run("test").succeeded()
        assert "skipped" not in done.stdout + done.stderr
    finally:
        server.end()


def test_its_notes_name_its_revisions():
    noted = re.findall(r"^(SQLite|PostgreSQL): `(\d+)`$", (EXAMPLE / "MIGRATION-NOTES.md").read_text(), re.M)
    for label in ("SQLite", "PostgreSQL"):
        files = sorted((EXAMPLE / "versions" / label.lower()).iterdir(), reverse=True)
        assert [revision for name, revision in noted if name == label] == [path.name[:4] for path in files]
