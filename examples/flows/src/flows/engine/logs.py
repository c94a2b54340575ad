"""A logger that knows which run it speaks for."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from flows.engine.context import current_run


class RunLogger(logging.LoggerAdapter):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {"run": self.extra["run"], **(kwargs.get("extra") or {})}
        return f"{self.extra['run']} | {msg}", kwargs


def get_run_logger() -> RunLogger:
    """The logger of the flow or task that is running; outside of one it is an error."""
    run = current_run()
    if run is None:
        raise RuntimeError("get_run_logger() was called outside of a flow or task run")
    return run_logger(run.kind, run.name)


def run_logger(kind: str, name: str) -> RunLogger:
    return RunLogger(logging.getLogger(f"flows.{kind}"), {"run": name})
