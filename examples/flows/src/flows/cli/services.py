"""`flows api`, `flows agent` and `flows openapi`."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import click

from flows.agent import Agent
from flows.cli.output import write_text
from flows.client import connect
from flows.settings import DEFAULT_PORT, Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=DEFAULT_PORT, show_default=True)
@click.option(
    "--upgrade/--no-upgrade", default=True, show_default=True, help="Bring the database up to date first."
)
def api(host: str, port: int, upgrade: bool) -> None:
    """Serve the API and the UI."""
    import uvicorn

    from flows.database import migrations
    from flows.server.app import create_app

    settings = Settings.from_environment()
    if upgrade:
        migrations.upgrade(settings.database_url)
    uvicorn.run(create_app(settings), host=host, port=port, log_config=None)


@click.command()
@click.option("-q", "--queue", default="default", show_default=True)
@click.option("--once", is_flag=True, help="Execute what is due now, then end.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=2.0,
    show_default=True,
    help="Seconds between polls.",
)
@click.option(
    "--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="Runs to take per poll."
)
def agent(queue: str, once: bool, interval: float, limit: int) -> None:
    """Execute due runs of a queue. FLOWS_API_URL says where the API is."""
    sys.path.insert(0, os.getcwd())
    worker = Agent(connect(Settings.from_environment().api_url), queue, limit)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    if once:
        click.echo(f"{worker.poll()} executed")
    else:
        worker.loop(interval)


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file instead of stdout.")
def openapi(output: Path | None) -> None:
    """Write the description of the API (OpenAPI, JSON)."""
    from flows.server.app import bare_app

    write_text(json.dumps(bare_app().openapi(), indent=2, sort_keys=True) + "\n", output)
