"""What is running right now in this thread, and what runs share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from flows.engine.states import State

Kind = Literal["flow", "task"]


@dataclass
class Run:
    """One call of a flow or task: its states so far and the runs that it started."""

    kind: Kind
    name: str
    states: list[State] = field(default_factory=list)
    children: list[Run] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.states[-1]


@dataclass(frozen=True)
class Surroundings:
    """How a run waits, and who hears of its states. Tests and the agent bring their own."""

    sleep: Callable[[float], None] = time.sleep
    on_state: Callable[[Run, State], None] = lambda run, state: None


_run: ContextVar[Run | None] = ContextVar("flows_run", default=None)
_surroundings: ContextVar[Surroundings] = ContextVar("flows_surroundings", default=Surroundings())


def current_run() -> Run | None:
    return _run.get()


def current_surroundings() -> Surroundings:
    return _surroundings.get()


@contextmanager
def entered(run: Run) -> Iterator[None]:
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


@contextmanager
def surroundings(value: Surroundings) -> Iterator[None]:
    token = _surroundings.set(value)
    try:
        yield
    finally:
        _surroundings.reset(token)
