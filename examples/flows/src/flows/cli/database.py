"""`flows database …`: schema and migrations of the database that FLOWS_DATABASE_URL names."""

from __future__ import annotations

from pathlib import Path

import click
from alembic.util import CommandError

from flows.cli.output import write_text
from flows.database import migrations
from flows.database.schema import DIALECTS, schema_sql
from flows.settings import Settings


def _url() -> str:
    return Settings.from_environment().database_url


@click.group()
def database() -> None:
    """Upgrade, downgrade, new revisions. FLOWS_DATABASE_URL chooses the database."""


@database.command()
@click.option("-r", "--revision", default="head", show_default=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def upgrade(revision: str, yes: bool) -> None:
    """Bring the database to a revision."""
    _confirmed(yes, f"upgrade to {revision}?")
    _run(migrations.upgrade, revision)


@database.command()
@click.option("-r", "--revision", default="-1", show_default=True, help="`base` removes everything.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def downgrade(revision: str, yes: bool) -> None:
    """Go back to an earlier revision."""
    _confirmed(yes, f"downgrade to {revision}? Data may be lost.")
    _run(migrations.downgrade, revision)


@database.command()
@click.option("-m", "--message", required=True, help="What changes, in a few words.")
@click.option("--autogenerate", is_flag=True, help="Compare the models with the (upgraded) database.")
def revision(message: str, autogenerate: bool) -> None:
    """Write a new revision for the database's dialect, and print its path."""
    click.echo(_run(migrations.create_revision, message, autogenerate))


@database.command()
def check() -> None:
    """Fail if the models have changes without a revision."""
    _run(migrations.check)


@database.command()
@click.option("--dialect", type=click.Choice(sorted(DIALECTS)), required=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file instead of stdout.")
def schema(dialect: str, output: Path | None) -> None:
    """Write the models' schema as SQL. Needs no database."""
    write_text(schema_sql(dialect), output)


def _confirmed(yes: bool, question: str) -> None:
    if not yes:
        click.confirm(question, abort=True)


def _run(function, *arguments):
    try:
        return function(_url(), *arguments)
    except (CommandError, ValueError) as error:
        raise click.ClickException(str(error)) from error
