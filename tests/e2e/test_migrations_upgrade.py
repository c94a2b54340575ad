"""`devtask upgrade` and `devtask downgrade`: the database that is configured, on examples/flows."""

import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess

import pytest

from support.migrations import DIALECTS, HEADS, columns, needs_postgresql
from support.project import DEVTASK, REPOSITORY, Project
from support.result import ANY, Has

pytestmark = needs_postgresql
FIRST = {"sqlite": "03fb147e225b", "postgresql": "4145a9feec10"}
RAISES = """
revision = "0123456789ab"
down_revision = "{}"
branch_labels = None
depends_on = None


def upgrade():
    from alembic import op

    op.execute("CREATE TABLE half (id INTEGER)")
    {}
    raise RuntimeError("in the middle of it")


def downgrade():
    raise RuntimeError("on the way back")
"""


@pytest.fixture(params=DIALECTS)
def configured(request, flows, databases):
    """A checkout whose database is an empty one of this dialect."""
    flows.dialect = request.param
    flows.url = databases[request.param]
    flows.env["FLOWS_DATABASE_URL"] = flows.url
    return flows


@pytest.fixture
def on_sqlite(flows, databases):
    flows.env["FLOWS_DATABASE_URL"] = flows.url = databases["sqlite"]
    flows.file = flows.folder / "flows.db"
    return flows


@pytest.fixture
def plain(tmp_path):
    """A project whose tool is not Python to devtask, on a file of SQLite that is at the first revision."""
    project = Project(tmp_path, "library")
    ignored = shutil.ignore_patterns(".devtask", "__pycache__")
    shutil.copytree(REPOSITORY / "examples/plain-sql", project.root, dirs_exist_ok=True, ignore=ignored)
    project.file = project.folder / "library.db"
    project.env["DATABASE_URL"] = f"sqlite:///{project.file}"
    project.run("upgrade", "--to", "0001", "-y").succeeded()
    return project


def raising_revision(flows, dialect, statement=""):
    text = RAISES.format(HEADS[dialect], statement)
    path = f"src/flows/migrations/versions/{dialect}/2099_01_01_000000_0123456789ab_raises.py"
    return flows.write(path, text)


def at(flows):
    """The revision that the database says it is at."""
    look = flows.run("upgrade", "--to", "head", stdin=b"")
    return re.search(r"it is at ([\w ]+), the newest is", look.stderr)[1]


def test_up_to_head_and_down_by_one(configured):
    flows, dialect = configured, configured.dialect
    done = flows.run("upgrade", "-y", timeout=600).succeeded()
    assert f"it is at no revision, the newest is {HEADS[dialect]}" in done.stderr
    assert "database: " in done.stderr and "ret" not in re.findall(r"database: (.*)", done.stderr)[0].split("@")[0]
    assert "concurrency_limit" in columns(flows, flows.url, "deployment")
    again = flows.run("upgrade", "-y").succeeded()
    assert "it is at the newest revision already" in again.stderr and again.stdout == ""
    flows.run("downgrade", "-y").succeeded()
    assert at(flows) == FIRST[dialect]
    assert "concurrency_limit" not in columns(flows, flows.url, "deployment")
    flows.run("upgrade", "--to", HEADS[dialect], "-y").succeeded()
    assert at(flows) == HEADS[dialect]
    flows.run("downgrade", "--to", "base", "-y").succeeded()
    assert at(flows) == "no revision"
    none = flows.run("downgrade", "-y").succeeded()
    assert "it is at no revision: there is nothing to go back from" in none.stderr
    flows.run("upgrade", "--to", FIRST[dialect], "-y").succeeded()
    assert at(flows) == FIRST[dialect]


@pytest.mark.parametrize("before, behind", [(("-n",), ("-y",)), ((), ("--dry-run",))])
def test_a_dry_run_only_says_what_it_would_do(configured, before, behind):
    flows, head = configured, HEADS[configured.dialect]
    would = flows.run(*before, "upgrade", *behind).succeeded()
    assert f"it is at no revision, the newest is {head}" in would.stderr
    assert "would upgrade it to `head`" in would.stderr
    assert at(flows) == "no revision"
    flows.run("upgrade", "-y").succeeded()
    assert "it is at the newest revision already" in flows.run(*before, "upgrade", *behind).succeeded().stderr
    assert "would downgrade it to `-1`" in flows.run(*before, "downgrade", *behind).succeeded().stderr
    assert at(flows) == head


def test_status_is_whether_it_is_at_the_newest(on_sqlite):
    for verb in ("upgrade", "downgrade"):
        on_sqlite.run("--status", verb, "-y").expect(stderr=Has("database: ", "it is at no revision"), code=1)
    assert not on_sqlite.file.exists()
    on_sqlite.run("upgrade", "-y").succeeded()
    for verb in ("upgrade", "downgrade"):
        on_sqlite.run(verb, "--status", "-y").expect(stderr=Has(f"it is at {HEADS['sqlite']}"), code=0)
    assert at(on_sqlite) == HEADS["sqlite"]


def test_a_look_removes_only_what_it_has_made(on_sqlite):
    target = on_sqlite.folder / "elsewhere.db"
    on_sqlite.file.symlink_to(target)
    on_sqlite.run("upgrade", "-n").succeeded()
    assert on_sqlite.file.is_symlink() and not target.exists()
    target.touch(0o600)
    before = target.stat()
    on_sqlite.run("upgrade", "-n").succeeded()
    assert on_sqlite.file.is_symlink() and (target.stat().st_ino, target.stat().st_size) == (before.st_ino, 0)


def test_without_a_terminal_it_needs_yes(configured):
    for verb in ("upgrade", "downgrade"):
        if verb == "downgrade":
            configured.run("upgrade", "-y").succeeded()
        refused = configured.run(verb, stdin=b"y\n")
        refused.expect(stderr=Has(f"nobody can be asked whether to {verb} this database", "`-y` says yes"), code=2)
        assert at(configured) == ("no revision" if verb == "upgrade" else HEADS[configured.dialect])


@pytest.mark.parametrize(
    "answer, revision", [(b"y\n", HEADS["sqlite"]), (b"\n", "no revision"), (b"n\n", "no revision")]
)
def test_on_a_terminal_it_asks(on_sqlite, answer, revision):
    on_sqlite.run("venv").succeeded()
    controller, terminal = pty.openpty()
    os.write(controller, answer)
    with subprocess.Popen(
        [DEVTASK, "upgrade"], cwd=on_sqlite.root, env=on_sqlite.env, stdin=terminal, stdout=subprocess.PIPE, stderr=-2
    ) as process:
        said, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(controller)
    assert b"upgrade it to `head`? [y/N] " in said
    assert process.returncode == (0 if answer == b"y\n" else 1)
    assert at(on_sqlite) == revision


def test_ctrl_c_at_the_question_ends_at_once(on_sqlite):
    on_sqlite.run("venv").succeeded()
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [DEVTASK, "upgrade"], cwd=on_sqlite.root, env=on_sqlite.env, stdin=terminal, stdout=subprocess.PIPE, stderr=-2
    ) as process:
        said = b""
        while b"[y/N] " not in said:
            said += process.stdout.read1() or pytest.fail(said.decode())
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    os.close(terminal)
    os.close(controller)
    assert at(on_sqlite) == "no revision"


def test_a_password_in_the_query_is_not_shown_either(flows, databases):
    place = databases["postgresql"].rpartition("@")[2]
    mark = "&" if "?" in place else "?"
    flows.env["FLOWS_DATABASE_URL"] = f"postgresql+psycopg://postgres@{place}{mark}password=opensesame"
    for words in (("--dialect", "sqlite"), ("-n",), ("-y",)):
        done = flows.run("upgrade", *words)
        assert "password=***" in done.stderr and "sesame" not in done.stdout + done.stderr
    assert done.code == 0


def test_the_callers_variables_win_over_the_projects(on_sqlite):
    other = 'env = { FLOWS_DATABASE_URL = "sqlite:///{{root}}/other.db", '
    on_sqlite.edit("tasks.toml", "env = { FLOWS_HOME", other + "FLOWS_HOME")
    on_sqlite.run("upgrade", "-y").succeeded()
    assert on_sqlite.file.exists() and not on_sqlite.path("other.db").exists()
    del on_sqlite.env["FLOWS_DATABASE_URL"]
    assert "other.db" in on_sqlite.run("upgrade", "-n").succeeded().stderr


def test_the_database_is_named_without_its_password(flows, databases):
    url = databases["postgresql"].replace("sec%23ret", "open%20sesame")
    flows.env["FLOWS_DATABASE_URL"] = url
    raising_revision(flows, "postgresql")
    for words in (("-y", "--to", HEADS["postgresql"]), (), ("-y",)):
        done = flows.run("upgrade", *words)
        said = done.stdout + done.stderr
        assert "postgresql+psycopg://postgres:" in said and "sesame" not in said
    assert "in the middle of it" in said
    for place in (flows.path(".devtask"), flows.cache, flows.scratch):
        assert subprocess.run(["grep", "-rl", "sesame", place], capture_output=True).stdout == b""


def test_a_database_of_another_dialect_is_refused(on_sqlite):
    on_sqlite.run("upgrade", "--dialect", "postgresql", "-y").expect(
        stderr=Has(
            "the configured database is of another dialect than `postgresql`: sqlite:///", "set FLOWS_DATABASE_URL"
        ),
        code=2,
    )
    assert not on_sqlite.file.exists() or at(on_sqlite) == "no revision"


def test_without_a_url_it_is_the_one_of_the_tools(flows):
    done = flows.run("upgrade", "-y").succeeded()
    place = re.search(r"database: sqlite:///(.*)", done.stderr)[1].replace("ROOT", str(flows.root))
    assert os.path.exists(place.replace("FOLDER", str(flows.folder)))
    assert "it is at the newest revision already" in flows.run("upgrade").succeeded().stderr


def test_a_failed_upgrade_leaves_the_sqlite_file_as_it_was(on_sqlite):
    flows = on_sqlite
    flows.run("upgrade", "-y").succeeded()
    with sqlite3.connect(flows.file) as database:
        columns_of = "id, name, tags, created, updated"
        database.execute(f"INSERT INTO flow ({columns_of}) VALUES ('1', 'mine', '[]', '2026-01-01', '2026-01-01')")
    before = dump(flows.file)
    # What is committed in the middle of an upgrade stays in the file.
    raising_revision(flows, "sqlite", "op.get_bind().connection.commit()")
    failed = flows.run("upgrade", "-y")
    failed.expect(stdout=ANY, stderr=Has("the upgrade failed with exit status 1", "the database is as it was"), code=1)
    assert "RuntimeError: in the middle of it" in failed.stdout + failed.stderr
    assert dump(flows.file) == before
    copy, failed_copy = copies_told(flows, failed)
    assert dump(copy) == before
    assert "half" not in "".join(before) and "half" in "".join(dump(failed_copy))
    assert at(flows) == HEADS["sqlite"]
    assert sorted(path.name for path in flows.folder.glob("flows.db*")) == ["flows.db"]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_what_is_put_back_is_the_same_file(on_sqlite, mode):
    flows, file = on_sqlite, on_sqlite.folder / "elsewhere.db"
    flows.file.symlink_to(file)
    flows.run("upgrade", "-y").succeeded()
    file.chmod(0o640)
    other = sqlite3.connect(flows.file)
    other.execute(f"PRAGMA journal_mode={mode}")
    before, place = dump(file), file.stat()
    raising_revision(flows, "sqlite", "op.get_bind().connection.commit()")
    failed = flows.run("upgrade", "-y")
    assert failed.code == 1 and "the database is as it was before" in failed.stderr
    assert flows.file.is_symlink() and dump(file) == before
    assert (file.stat().st_ino, file.stat().st_mode) == (place.st_ino, place.st_mode)
    # Whoever has it open goes on with it.
    assert other.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    with other:
        other.execute("CREATE TABLE mine (id INTEGER)")
    other.close()
    assert "mine" in "".join(dump(file))


@pytest.mark.parametrize("relative", [False, True])
def test_the_file_of_a_tool_that_cannot_be_asked_is_put_back_too(plain, relative):
    if relative:
        plain.file = plain.file.rename(plain.path("library.db"))
        plain.env["DATABASE_URL"] = "sqlite:///library.db"
    before = dump(plain.file)
    up = "CREATE TABLE half (id INTEGER);\nCOMMIT;\nBEGIN;\nno sql;\n"
    plain.write("versions/sqlite/0003_half.sql", f"-- migrate:up\n{up}-- migrate:down\n")
    failed = plain.run("upgrade", "-y")
    assert failed.code == 1 and "the database is as it was before" in failed.stderr
    assert dump(plain.file) == before
    copy, failed_copy = copies_told(plain, failed)
    assert dump(copy) == before and "half" in "".join(dump(failed_copy))


def test_a_failed_downgrade_leaves_it_too(on_sqlite):
    flows = on_sqlite
    flows.run("upgrade", "-y").succeeded()
    path = raising_revision(flows, "sqlite")
    text = path.read_text().replace('    raise RuntimeError("in the middle of it")\n', "")
    path.write_text(
        text.replace("    raise Run", '    from alembic import op\n\n    op.execute("DROP TABLE half")\n    raise Run')
    )
    flows.run("upgrade", "-y").succeeded()
    before = dump(flows.file)
    failed = flows.run("downgrade", "-y")
    assert failed.code == 1 and "the database is as it was before" in failed.stderr
    assert dump(flows.file) == before


def test_a_failed_upgrade_of_postgresql_is_undone_by_its_transaction(flows, databases, server):
    flows.env["FLOWS_DATABASE_URL"] = databases["postgresql"]
    raising_revision(flows, "postgresql")
    failed = flows.run("upgrade", "-y")
    assert failed.code == 1 and "in the middle of it" in failed.stdout + failed.stderr
    # One transaction for each revision: the one that failed is as if it had never been.
    assert at(flows) == HEADS["postgresql"]
    place = [*server.place(), "-d", "flows"]
    assert "half" not in server.call("psql", *place, "-c", "select tablename from pg_tables")


def test_three_copies_of_each_database_are_kept(plain):
    other = plain.folder / "other.db"
    shutil.copy(plain.file, other)
    plain.write("versions/sqlite/0003_wrong.sql", "-- migrate:up\nno sql;\n-- migrate:down\n")
    for file in (other, *[plain.file] * 5):
        assert plain.run("upgrade", "-y", env={"DATABASE_URL": f"sqlite:///{file}"}).code == 1
    endings = [path.name.rpartition("-")[2] for path in plain.path(".devtask/databases").iterdir()]
    assert sorted(endings) == ["failed"] * 4 + ["library.db"] * 3 + ["other.db"]


def test_sql_is_printed_where_the_tool_can(on_sqlite):
    on_sqlite.run("upgrade", "--sql").expect(
        stderr=Has("do not say how their tool prints SQL", "upgrade-sql = "), code=2
    )
    on_sqlite.edit(
        "tasks.toml", "downgrade = [[", 'upgrade-sql = [["echo", "up to {{revision}} on {{dialect}}"]]\ndowngrade = [['
    )
    on_sqlite.run("upgrade", "--sql").expect(stdout="up to head on sqlite\n", stderr=ANY)
    on_sqlite.run("upgrade", "--sql", "--to", "abc").expect(stdout="up to abc on sqlite\n", stderr=ANY)
    assert not on_sqlite.file.exists()


def test_one_database_at_a_time(flows):
    for words in (("--all-dialects",), ("--dialect", "sqlite", "--dialect", "postgresql")):
        flows.run("upgrade", *words, "-y").expect(stderr=Has("`devtask upgrade` is for one database"), code=2)
    flows.run("upgrade", "--to", "--sql=x", "-y").expect(stderr=Has("error: "), code=2)


def test_what_is_no_revision(on_sqlite):
    for wrong in ("--5", "-", "-1-", "-x"):
        on_sqlite.run("downgrade", f"--to={wrong}", "-y").expect(stderr=Has("cannot be a revision"), code=2)
    assert "would upgrade it to `-1`" in on_sqlite.run("upgrade", "--to", "-1", "-n").succeeded().stderr


def test_back_to_where_has_to_be_said_of_a_tool_that_cannot_be_asked(plain):
    before = dump(plain.file)
    plain.run("downgrade", "-y").expect(stderr=Has("say to which revision: `--to`"), code=2)
    assert dump(plain.file) == before
    plain.run("downgrade", "--to", "base", "-y").succeeded()
    assert "author" not in "".join(dump(plain.file))


def test_models_that_do_not_import(on_sqlite):
    on_sqlite.write("src/flows/database/models.py", "import nothing_of_this_name\n")
    done = on_sqlite.run("upgrade", "-y")
    assert done.code == 1
    assert "the tool does not get as far as the database" in done.stderr
    assert "No module named 'nothing_of_this_name'" in done.stdout + done.stderr


def copies_told(project, failed):
    """Paths: of what was there before, and of what the tool has made of it."""
    text = failed.stderr.replace("ROOT", str(project.root)).replace("FOLDER", str(project.folder))
    return re.search(r"a copy is (\S+)", text)[1], re.search(r"has made of it is (\S+)", text)[1]


def dump(file):
    with sqlite3.connect(file) as database:
        return list(database.iterdump())
