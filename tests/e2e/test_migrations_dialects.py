"""Which dialects `devtask migrate` works for, and one of them that cannot be served."""

import subprocess

import pytest

from support.migrations import DIALECTS, NAME, needs_postgresql
from support.project import DEVTASK
from support.result import Has

pytestmark = needs_postgresql
HIDDEN = 'mount -t tmpfs none /usr/lib/postgresql; exec "$@"'


def can_hide():
    return (
        subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    )


@pytest.mark.parametrize(
    "words, url, wanted",
    [
        ((), None, ["sqlite"]),
        ((), "postgresql+psycopg://someone@/nowhere", ["postgresql"]),
        ((), "sqlite:////nowhere/at/all", ["sqlite"]),
        (("--dialect", "postgresql"), None, ["postgresql"]),
        (("--dialect", "postgresql"), "sqlite:////nowhere/at/all", ["postgresql"]),
        (("--dialect", "postgresql", "--dialect", "sqlite"), None, ["postgresql", "sqlite"]),
        (("--dialect", "postgresql,sqlite"), None, ["postgresql", "sqlite"]),
        (("--all-dialects",), None, ["postgresql", "sqlite"]),
        (("main", "--all-dialects"), "sqlite:////nowhere/at/all", ["postgresql", "sqlite"]),
    ],
)
def test_dialects_are_named_or_follow_from_the_url(flows, words, url, wanted):
    done = flows.migrate(*words, env={"FLOWS_DATABASE_URL": url}).succeeded()
    asked = [line.split(":")[1].strip() for line in done.stderr.splitlines() if "nothing to migrate" in line]
    assert sorted(asked) == wanted


def test_a_revision_of_one_dialect_is_for_that_alone(flows):
    flows.add_column()
    assert list(flows.revise(dialects=("--dialect", "postgresql"))) == ["postgresql"]
    # The other one follows, and comes into the same entry.
    assert list(flows.revise(dialects=())) == ["sqlite"]
    assert flows.read("src/flows/migrations/MIGRATION-NOTES.md").count("## Add flow run new column\n") == 1
    flows.migrate("check", "--all-dialects").succeeded()


def test_an_unknown_dialect(flows):
    wrong = "error: the migrations `main` have no dialect `sqlit`"
    for words in ((), ("check",), ("drift",)):
        flows.migrate(*words, "--dialect", "sqlit").expect(stderr=Has(wrong, "did you mean `sqlite`?"), code=2)
    for verb in ("upgrade", "downgrade"):
        flows.run(verb, "--dialect", "sqlit", "-y").expect(stderr=Has(wrong, "did you mean `sqlite`?"), code=2)


def test_unknown_migrations(flows):
    flows.migrate("mian").expect(stderr=Has("no migrations `mian`", "did you mean `main`?"), code=2)


def test_a_url_of_no_dialect_is_shown_without_its_password(flows):
    done = flows.migrate(env={"FLOWS_DATABASE_URL": "mysql://me:sesame@host/db"})
    done.expect(stderr=Has("names a database of no dialect of `main`: `mysql://me:", "--dialect sqlite"), code=2)
    assert "sesame" not in done.stderr


@pytest.mark.skipif(not can_hide(), reason="only a privileged user can hide a folder from one process")
def test_a_missing_server_is_named_and_the_other_dialect_goes_on(flows):
    flows.add_column()
    before = flows.revisions("postgresql")
    done = flows.command(
        "unshare", "-m", "sh", "-c", HIDDEN, "sh", DEVTASK, "migrate", "--all-dialects", "-m", NAME, timeout=600
    )
    assert done.code == 1
    said = done.stdout + done.stderr
    assert "there is no PostgreSQL server on this machine" in said
    assert "the package `postgresql` of Debian" in said
    assert NAME in flows.newest("sqlite").name
    assert flows.revisions("postgresql") == before
    # The server is there again.
    assert list(flows.revise()) == ["postgresql"]
    flows.migrate("check", "--all-dialects").succeeded()


def test_a_server_can_be_named(flows, server):
    """Only a database of devtask's own is made on it, and goes again."""
    before = server.call("psql", *server.place(), "-c", "select datname from pg_database order by 1")
    flows.env["DEVTASK_POSTGRESQL_URL"] = f"postgresql://postgres:sec%23ret@/postgres?host={server.folder}"
    flows.add_column()
    assert sorted(flows.revise()) == sorted(DIALECTS)
    flows.migrate("check", "--all-dialects").succeeded()
    assert server.call("psql", *server.place(), "-c", "select datname from pg_database order by 1") == before
    assert not flows.left_behind()
