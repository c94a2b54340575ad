"""Flows to try things with: `flows deploy flows.samples:hello`."""

from __future__ import annotations

from flows import flow, get_run_logger, task


@task
def greeting(name: str) -> str:
    return f"Hello, {name}!"


@flow
def hello(name: str = "world") -> str:
    text = greeting(name)
    get_run_logger().info(text)
    return text


@task(retries=2)
def divide(a: float, b: float) -> float:
    return a / b


@flow
def broken(b: float = 0) -> float:
    """Fails unless it is given something to divide by."""
    return divide(1, b)
