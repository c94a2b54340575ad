"""`devtask migrate` where the tool is not alembic, and where it is Python and does not load the plug-in."""

import contextlib
import os
import re
import shutil
import signal

import pytest
from support.migrations import needs_postgresql
from support.project import REPOSITORY
from support.waiting import wait_for

EXAMPLE = REPOSITORY / "examples/plain-sql"
TOOL = "tools/migrate.py"
PRINTS = "    print(path.relative_to(ROOT))\n"
HOLD = """    if (ROOT / "hold").exists():
        (ROOT / "held").touch()
        while (ROOT / "hold").exists():
            import time; time.sleep(0.01)
"""


@pytest.fixture
def library(project):
    """The example, on SQLite alone."""
    shutil.copytree(EXAMPLE, project.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".devtask", "__pycache__"))
    text = project.read("tasks.toml")
    start = text.index("[migrations.main.dialects.postgresql]")
    project.write("tasks.toml", text[:start] + text[text.index("[tasks.test]") :])
    project.commit("the example")
    return project


def change(library):
    library.edit("schema.sql", "    pages INTEGER DEFAULT 0\n", "    pages INTEGER DEFAULT 0,\n    isbn TEXT\n")


def files(library, versions="versions/sqlite"):
    folder = library.path(versions)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_next_revision_is_written_checked_and_shown_before(library):
    before = files(library)
    change(library)
    done = library.run("migrate", "-n", "-m", "add isbn").succeeded()
    assert "would write versions/sqlite/0003_add_isbn.sql" in done.stdout
    assert "+ALTER TABLE books ADD COLUMN isbn TEXT;" in done.stdout
    assert "devtask_" not in done.stdout + done.stderr and files(library) == before
    done = library.run("migrate", "check")
    assert done.code == 1 and "the models differ from the revisions" in done.stdout
    assert files(library) == before
    library.run("migrate", "-m", "add isbn").succeeded()
    assert files(library) == [*before, "0003_add_isbn.sql"]
    library.run("migrate", "check").succeeded()
    assert files(library) == [*before, "0003_add_isbn.sql"]


def test_what_a_tool_writes_into_its_file_is_shown_without_the_name_it_was_given(library):
    change(library)
    library.edit(TOOL, '        file.write(f"{UP}\\n"', '        file.write(f"-- {name}; {slug.title()}\\n{UP}\\n"')
    done = library.run("migrate", "-n", "-m", "add isbn").succeeded()
    assert "+-- add isbn; Add_Isbn\n" in done.stdout


@pytest.mark.parametrize("words", [("check",), ("-n", "-m", "add isbn")], ids=["check", "dry run"])
def test_what_somebody_saves_meanwhile_stays(library, words):
    change(library)
    library.edit(TOOL, PRINTS, PRINTS + HOLD)
    library.write("hold", "")
    running = library.start("migrate", *words)
    wait_for(library.path("held").exists, "the tool to have written")
    assert any("_devtask_" in name for name in files(library))
    library.write("versions/sqlite/0009_by_hand.sql", "-- migrate:up\n-- migrate:down\n")
    library.remove("hold")
    running.wait()
    assert files(library)[2:] == ["0009_by_hand.sql"]


def test_what_cannot_be_told_from_what_somebody_saves_is_told(library):
    """A tool that makes names of its own."""
    change(library)
    library.edit(TOOL, '{number:04}_{slug}.sql"', '{number:04}.sql"')
    for words in (("check",), ("-n", "-m", "add isbn")):
        done = library.run("migrate", *words)
        assert done.code == 1 and "versions/sqlite/0003.sql` has appeared meanwhile" in done.stdout, done
        assert files(library)[2:] == ["0003.sql"]
        library.remove("versions/sqlite/0003.sql")


@pytest.mark.parametrize("words", [("check",), ("-n", "-m", "add isbn")], ids=["check", "dry run"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_stopped_in_the_middle(library, words, number):
    before = files(library)
    change(library)
    library.edit(TOOL, PRINTS, PRINTS + HOLD)
    library.write("hold", "")
    running = library.start("migrate", *words)
    wait_for(library.path("held").exists, "the tool to have written")
    if number == signal.SIGINT:
        running.interrupt()
        assert running.wait().code == 130
        assert files(library) == before
    else:
        for each in (signal.SIGSTOP, number):  # none sees how another one ends
            for pid in library.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, each)
        running.wait()
        assert len(files(library)) == 3
    library.remove("hold")
    library.wait_until_no_process_is_left()
    library.run("migrate", "-m", "add isbn").succeeded()
    assert files(library) == [*before, "0003_add_isbn.sql"]


def test_a_tool_that_fails_leaves_nothing(library):
    before = files(library)
    change(library)
    library.edit(TOOL, PRINTS, '    print(path.relative_to(ROOT))\n    sys.exit("no, not " + path.name)\n')
    for words in (("check",), ("-n", "-m", "add isbn")):
        done = library.run("migrate", *words)
        assert done.code == 1 and files(library) == before
        assert re.search(r"no, not 0003_(check|add_isbn)\.sql$", done.stdout, re.M), done.stdout


@pytest.mark.parametrize("exists", [True, False], ids=["empty", "missing"])
def test_no_revisions_yet(library, exists):
    library.remove("versions/sqlite")
    if exists:
        library.path("versions/sqlite").mkdir()
    library.write("MIGRATION-NOTES.md", "# Migration notes\n")
    library.run("migrate", "check").succeeded()
    done = library.run("migrate", "-n", "-m", "first").succeeded()
    assert "would write versions/sqlite/0001_first.sql" in done.stdout and files(library) == []
    library.run("migrate", "-m", "first").succeeded()
    assert files(library) == ["0001_first.sql"]


@needs_postgresql
def test_on_postgresql(library):
    shutil.copy(EXAMPLE / "tasks.toml", library.path("tasks.toml"))
    before = files(library, "versions/postgresql")
    change(library)
    which = ("--dialect", "postgresql")
    done = library.run("migrate", *which, "-n", "-m", "add isbn", timeout=300).succeeded()
    assert "would write versions/postgresql/0003_add_isbn.sql" in done.stdout
    assert library.run("migrate", "check", *which, timeout=300).code == 1
    assert files(library, "versions/postgresql") == before


# ---- a tool in Python that the plug-in does not get into

TABLE = """
[project]
name = "books"

[migrations.main]
models = ["models.py"]
inputs = ["tool.py"]
versions = "versions"
url-env = "DATABASE_URL"
revision = [["python3", "-I", "tool.py", "revision", "{{name}}"]]
upgrade = [["python3", "-I", "tool.py", "upgrade", "{{revision}}"]]
downgrade = [["python3", "-I", "tool.py", "downgrade", "{{revision}}"]]

[migrations.main.dialects.sqlite]
label = "SQLite"
url = "sqlite:///{{scratch}}/books.db"
"""
# `answers` stands for the plug-in in the commands that are named there.
PYTHON_TOOL = """
import json, os, pathlib, sys
do, word = sys.argv[1:]
if do in pathlib.Path("answers").read_text().split():
    request = json.loads(pathlib.Path(os.environ["DEVTASK_MIGRATE"]).read_text())
    pathlib.Path(request["result"]).write_text('{"state": "done"}')
elif do == "revision":
    slug = word.replace(" ", "_")
    text = f'"{word}"\\nrevision, down_revision = "b", "a"\\ndef upgrade(): pass\\ndef downgrade(): pass\\n'
    pathlib.Path("versions", f"b_{slug}.py").write_text(text)
"""
FIRST = 'revision, down_revision = "a", None\ndef upgrade(): pass\ndef downgrade(): pass\n'
NOT_LOADED = "the plug-in was not loaded, and nobody saw which database was used: does the command start Python"
STEPS = [("-m", "add isbn"), ("-n", "-m", "add isbn"), ("check",), ("drift",)]


@pytest.fixture
def isolated(project):
    project.write("tasks.toml", TABLE)
    project.write("tool.py", PYTHON_TOOL)
    project.write("models.py", "")
    project.write("answers", "")
    project.write("versions/a_first.py", FIRST)
    project.commit("before")
    project.write("models.py", "isbn = 1\n")
    return project


@pytest.mark.parametrize("words", STEPS, ids=" ".join)
def test_nobody_watches_the_upgrade(isolated, words):
    done = isolated.run("migrate", *words)
    assert done.code == 1 and NOT_LOADED in done.stdout, done
    assert files(isolated, "versions") == ["a_first.py"]


@pytest.mark.parametrize("words", STEPS, ids=" ".join)
def test_nobody_watches_the_comparison(isolated, words):
    isolated.write("answers", "upgrade")
    # Without a commit there is no base to look at.
    shutil.rmtree(isolated.path(".git"))
    done = isolated.run("migrate", *words)
    assert done.code == 1 and "cannot compare the models with the revisions: " + NOT_LOADED in done.stdout, done
    assert files(isolated, "versions") == ["a_first.py"]


def test_without_revisions_the_models_tell(isolated):
    isolated.remove("versions/a_first.py")
    isolated.path("versions").mkdir(exist_ok=True)
    isolated.edit("tool.py", '    pathlib.Path("versions", f"b_{slug}.py").write_text(text)\n', "    pass\n")
    done = isolated.run("migrate", "-m", "first")
    assert done.code == 1 and NOT_LOADED in done.stdout, done


@needs_postgresql
@pytest.mark.parametrize("words", [("-m", "add x"), ("-n", "-m", "add x"), ("check",), ("drift",)], ids=" ".join)
def test_alembic_without_the_plug_in_leaves_no_file(flows, words):
    flows.edit("tasks.toml", 'revision = [["flows", ', 'revision = [["python3", "-I", ".venv/bin/flows", ')
    flows.add_column()
    before = flows.git("status", "--porcelain", "-uall")
    done = flows.migrate(*words, "--dialect", "sqlite")
    assert done.code == 1 and NOT_LOADED in done.stdout, done
    assert flows.git("status", "--porcelain", "-uall") == before
