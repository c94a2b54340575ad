"""The command `flows`."""

from __future__ import annotations

import logging
import sys

import click

from flows.cli.database import database
from flows.cli.deployments import deploy, run
from flows.cli.services import agent, api, openapi
from flows.client import ApiError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Run Python functions as flows."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s", stream=sys.stderr
    )
    for noisy in ("httpx", "alembic.runtime.plugins"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


for command in (api, agent, database, deploy, run, openapi):
    cli.add_command(command)


def main() -> None:
    try:
        cli()
    except ApiError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
