"""The loop that takes one call through its states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flows.engine import states
from flows.engine.context import Kind, Run, current_run, current_surroundings, entered
from flows.engine.logs import run_logger
from flows.engine.states import State


@dataclass(frozen=True)
class Retries:
    count: int = 0
    delay_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.count < 0 or self.delay_seconds < 0:
            raise ValueError("retries and retry_delay_seconds must not be negative")


def execute(kind: Kind, name: str, call: Callable[[], Any], retries: Retries) -> Run:
    """Calls until it succeeds or the retries are used up. An `Exception` becomes a failed state;
    KeyboardInterrupt and the agent's interruption pass through."""
    parent = current_run()
    run = Run(kind, name)
    if parent is not None:
        parent.children.append(run)

    around = current_surroundings()
    log = run_logger(kind, name)

    def move(state: State) -> None:
        run.states.append(state)
        around.on_state(run, state)

    move(states.pending())
    for attempt in range(1, retries.count + 2):
        move(states.running(attempt))
        try:
            with entered(run):
                value = call()
        except Exception as error:
            if attempt > retries.count:
                log.error("failed: %s", states.describe(error))
                move(states.failed(error))
                break
            log.warning("failed, again in %g s: %s", retries.delay_seconds, states.describe(error))
            move(states.retrying(error, retries.delay_seconds))
            if retries.delay_seconds:
                around.sleep(retries.delay_seconds)
        else:
            log.info("completed")
            move(states.completed(value))
            break
    return run
