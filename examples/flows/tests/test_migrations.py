"""The migrations: on a SQLite file of their own, and on PostgreSQL where FLOWS_TEST_POSTGRESQL_URL names an empty
database."""

from __future__ import annotations

import os
import re
import uuid

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.orm import Session

from flows.cli.main import cli
from flows.database import migrations
from flows.database.connection import make_engine
from flows.database.models import Base, Deployment, Flow, FlowRun
from flows.database.schema import DIALECTS, schema_sql

POSTGRESQL = os.environ.get("FLOWS_TEST_POSTGRESQL_URL", "")
FIRST = {"sqlite": "03fb147e225b", "postgresql": "4145a9feec10"}


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(not POSTGRESQL, reason="FLOWS_TEST_POSTGRESQL_URL is not set"),
        ),
    ]
)
def url(request, own_settings, monkeypatch):
    if request.param == "sqlite":
        address = own_settings.database_url
    else:
        from flows.settings import with_driver

        address = with_driver(POSTGRESQL)
        migrations.downgrade(address, "base")
    monkeypatch.setenv("FLOWS_DATABASE_URL", address)
    return address


@pytest.fixture
def engine(url):
    engine = make_engine(url)
    yield engine
    engine.dispose()


def tables(engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names()) - {"alembic_version"}


def test_upgrade_creates_every_table_and_downgrade_removes_them(url, engine):
    migrations.upgrade(url)
    assert tables(engine) == set(Base.metadata.tables)
    migrations.downgrade(url, "base")
    assert tables(engine) == set()


def test_the_models_match_the_newest_revision(url):
    migrations.upgrade(url)
    migrations.check(url)


def test_check_constraints_match_too(url, engine):
    """Alembic does not compare these."""
    migrations.upgrade(url)
    for table in Base.metadata.sorted_tables:
        wanted = {c.name for c in table.constraints if isinstance(c, sa.CheckConstraint)}
        assert {c["name"] for c in sa.inspect(engine).get_check_constraints(table.name)} == wanted


def test_every_step_goes_up_down_and_up_again(url, engine):
    for revision in reversed(migrations.revision_ids(url)):
        migrations.upgrade(url, revision)
        migrations.downgrade(url, "-1")
        migrations.upgrade(url, revision)
    assert tables(engine) == set(Base.metadata.tables)


def test_runs_keep_their_deployment_when_its_table_is_rebuilt(url, engine):
    migrations.upgrade(url)
    with Session(engine) as session:
        flow = Flow(name="report")
        deployment = Deployment(name="prod", flow=flow, entrypoint="a:b")
        session.add(FlowRun(name="first", flow=flow, deployment=deployment, parameters={"deep": [1, None]}))
        session.commit()
        deployment_id = deployment.id

    def kept() -> list[uuid.UUID | None]:
        with Session(engine) as session:
            return list(session.scalars(sa.select(FlowRun.deployment_id)))

    migrations.downgrade(url, FIRST[engine.dialect.name])
    assert kept() == [deployment_id]
    migrations.upgrade(url)
    assert kept() == [deployment_id]
    with Session(engine) as session:
        run = session.scalars(sa.select(FlowRun)).one()
        assert run.parameters == {"deep": [1, None]}
        assert run.created.utcoffset() is not None


def test_the_limit_is_checked_by_the_database(url, engine):
    migrations.upgrade(url)
    with Session(engine) as session:
        session.add(Deployment(name="prod", flow=Flow(name="report"), entrypoint="a:b", concurrency_limit=0))
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()


def test_every_dialect_has_the_same_steps_and_the_notes_name_them_all():
    steps = {
        dialect: [
            re.sub(r"^[\d_]{17}_[0-9a-f]{12}_", "", file.name)
            for file in sorted((migrations.FOLDER / "versions" / dialect).glob("*.py"))
        ]
        for dialect in DIALECTS
    }
    assert steps["sqlite"] == steps["postgresql"] != []
    notes = (migrations.FOLDER / "MIGRATION-NOTES.md").read_text()
    assert re.findall(r"^SQLite: `(\w+)`$", notes, re.M) == migrations.revision_ids("sqlite://")
    assert re.findall(r"^Postgres: `(\w+)`$", notes, re.M) == migrations.revision_ids("postgresql://")


def test_sqlite_revisions_switch_foreign_keys_off_and_on_again():
    off, on = (f'op.execute("PRAGMA foreign_keys={word}")' for word in ("OFF", "ON"))
    for file in (migrations.FOLDER / "versions" / "sqlite").glob("*.py"):
        up, down = file.read_text().split("def upgrade():")[1].split("def downgrade():")
        for body in (up, down):
            code = [line.strip() for line in body.splitlines() if line.strip() and "#" not in line]
            assert (code[0], code[-1]) == (off, on), file.name


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_the_schema_as_text(dialect):
    text = schema_sql(dialect)
    assert text == schema_sql(dialect)
    assert [name for name in re.findall(r"CREATE TABLE (\w+)", text)] == ["flow", "deployment", "flow_run"]
    assert ("JSONB" in text) == (dialect == "postgresql")


def test_the_commands(own_settings):
    def run(*arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(cli, ["database", *arguments])
        assert result.exit_code == status, result.output
        return result.output

    engine = make_engine(own_settings.database_url)
    run("upgrade", "-y")
    assert tables(engine) == set(Base.metadata.tables)
    run("check")
    run("downgrade", "-y", "-r", "base")
    assert tables(engine) == set()
    assert "not up to date" in run("check", status=1)
    assert "Aborted" in run("upgrade", status=1)
    engine.dispose()
