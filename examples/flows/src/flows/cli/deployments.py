"""`flows deploy` and `flows run`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

from flows.client import connect
from flows.engine.loading import EntrypointError, load_flow
from flows.settings import Settings


def _parameters(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    """`name=value`; the value is JSON if it can be read as JSON, else text."""
    result: dict[str, Any] = {}
    for value in values:
        name, separator, text = value.partition("=")
        if not separator or not name:
            raise click.BadParameter(f"`{value}` is not of the form NAME=VALUE")
        try:
            result[name] = json.loads(text)
        except ValueError:
            result[name] = text
    return result


_param = click.option(
    "-p", "--param", "parameters", multiple=True, callback=_parameters, help="NAME=VALUE, repeatable."
)


@click.command()
@click.argument("entrypoint")
@click.option("--name", default="default", show_default=True, help="The name of the deployment.")
@click.option("-q", "--queue", default="default", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="How many of its runs may go on at a time.")
@_param
def deploy(entrypoint: str, name: str, queue: str, limit: int | None, parameters: dict[str, Any]) -> None:
    """Register ENTRYPOINT (module:flow or file.py:flow) as a deployment."""
    sys.path.insert(0, os.getcwd())
    try:
        flow = load_flow(entrypoint)
    except EntrypointError as error:
        raise click.ClickException(str(error)) from error
    client = connect(Settings.from_environment().api_url)
    client.create_deployment(
        flow_id=client.ensure_flow(flow.name)["id"],
        name=name,
        entrypoint=entrypoint,
        queue=queue,
        parameters=parameters,
        concurrency_limit=limit,
    )
    click.echo(f"{flow.name}/{name}")


@click.command()
@click.argument("deployment", metavar="FLOW/DEPLOYMENT")
@_param
def run(deployment: str, parameters: dict[str, Any]) -> None:
    """Schedule a run of a deployment now."""
    flow_name, separator, name = deployment.partition("/")
    if not separator:
        raise click.BadParameter(f"`{deployment}` is not of the form FLOW/DEPLOYMENT")
    client = connect(Settings.from_environment().api_url)
    found = [each for each in client.deployments(name=name) if each["flow_name"] == flow_name]
    if not found:
        raise click.ClickException(f"no deployment `{deployment}`")
    click.echo(client.run_deployment(found[0]["id"], parameters)["name"])
