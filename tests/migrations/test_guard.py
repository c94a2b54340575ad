"""No database is connected to but the one of the request; without a request the plug-in is not there."""

import os
import sqlite3
import subprocess
import sys

import pytest
from support.alembic_project import FIRST, PLUGIN, UPGRADE


@pytest.fixture
def ready(empty):
    empty.models(FIRST)
    return empty


def test_another_database_is_not_touched(ready, tmp_path):
    theirs = tmp_path / "theirs.sqlite"
    outcome = ready.run("guard", UPGRADE, {"DATABASE_URL": f"sqlite:///{theirs}"})
    assert (outcome.status, outcome["state"]) == (3, "refused")
    assert f"but connects to sqlite file {theirs}" in outcome["message"]
    assert outcome["message"] in outcome.output
    assert not theirs.exists()


def test_the_database_of_the_request_may_be_reached_by_another_path(ready, tmp_path):
    (tmp_path / "link").symlink_to(ready.scratch)
    outcome = ready.run("guard", UPGRADE, {"DATABASE_URL": f"sqlite:///{tmp_path}/link/db.sqlite"})
    assert (outcome.status, outcome["state"]) == (0, "done")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_another(ready, url):
    assert ready.run("revise", environment={"DATABASE_URL": url}, name="x")["state"] == "refused"


def test_a_connection_made_behind_sqlalchemy_is_refused(ready, tmp_path):
    theirs = tmp_path / "theirs.sqlite"
    sqlite3.connect(theirs).close()
    ready.models(
        FIRST + f"\nimport sqlite3\nengine_options = {{'creator': lambda: sqlite3.connect({str(theirs)!r})}}\n"
    )
    outcome = ready.run("guard", UPGRADE)
    assert (outcome.status, outcome["state"]) == (3, "refused")
    assert theirs.stat().st_size == 0


def test_a_server_is_another_by_host_port_or_database(on_postgresql, server):
    for other in (
        on_postgresql.url.replace("/work?", "/other?"),
        on_postgresql.url.replace(str(server.folder), "/nowhere"),
        on_postgresql.url + "&port=1",
        f"sqlite:///{on_postgresql.folder}/theirs.sqlite",
    ):
        outcome = on_postgresql.run("guard", UPGRADE, {"DATABASE_URL": other})
        assert (outcome.status, outcome["state"]) == (3, "refused"), outcome.output


def test_passwords_are_in_no_message(on_postgresql):
    other = on_postgresql.url.replace("sec%23ret", "theirs%21").replace("/work?", "/other?")
    refused = on_postgresql.run("guard", UPGRADE, {"DATABASE_URL": other})
    on_postgresql.models(FIRST + "\nraise ValueError('sec#ret and sec%23ret in a text')\n")
    failed = on_postgresql.run("report")
    hook = "\ndef hook(*args):\n    raise ValueError('sec#ret and sec%23ret in a text')\n"
    on_postgresql.models(FIRST + hook + "options = {'process_revision_directives': hook}\n")
    on_postgresql_result = on_postgresql.run("report")
    assert on_postgresql_result["state"] == "failed"
    assert on_postgresql_result["message"] == "*** and *** in a text"
    assert failed.result is None and failed.status == 1
    for text in (refused.output, str(refused.result), str(on_postgresql_result.result)):
        assert "sec#ret" not in text and "sec%23ret" not in text
        assert "theirs!" not in text and "theirs%21" not in text


def python(*arguments, path="", **environment):
    variables = {key: value for key, value in os.environ.items() if key != "DEVTASK_MIGRATE"}
    variables["PYTHONPATH"] = os.pathsep.join([str(PLUGIN), *([str(path)] if path else [])])
    variables.update(environment)
    done = subprocess.run([sys.executable, *arguments], env=variables, capture_output=True, text=True, check=True)
    return done.stdout


def test_without_a_request_nothing_is_changed():
    code = "import sys; print([type(one).__name__ for one in sys.meta_path], 'devtask_migrate' in sys.modules)"
    plain = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert python("-c", code) == plain.replace("True", "False")


def test_a_sitecustomize_behind_it_runs(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("print('the one behind', __file__)\n")
    expected = f"the one behind {tmp_path}/sitecustomize.py\n"
    assert python("-c", "", path=tmp_path) == expected
    assert python("-c", "import sitecustomize", path=tmp_path) == expected


def test_nothing_is_imported_before_the_project_does(ready):
    request = str(ready.request("report"))
    code = "import sys; print(sorted({'alembic', 'sqlalchemy', 'ast'} & set(sys.modules) - {'ast'}))"
    assert python("-c", code, DEVTASK_MIGRATE=request) == "[]\n"


def test_a_request_that_cannot_be_read_stops_the_command(ready):
    ready.request("guard").write_text("{")
    environment = {**os.environ, "PYTHONPATH": str(PLUGIN), "DEVTASK_MIGRATE": str(ready.scratch / "request.json")}
    done = subprocess.run([sys.executable, "-c", "print(1)"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "JSONDecodeError" in done.stderr
