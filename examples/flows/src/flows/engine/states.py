"""The states of a run and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class StateType(str, Enum):
    SCHEDULED = "SCHEDULED"  # waits for its time and for an agent
    PENDING = "PENDING"  # an agent has taken it
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"  # failed, and will run again after a delay
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED})

_MOVES = {
    StateType.SCHEDULED: {StateType.PENDING, StateType.RUNNING, StateType.CANCELLED},
    # back to SCHEDULED: the agent was stopped before the run came to an end
    StateType.PENDING: {StateType.RUNNING, StateType.SCHEDULED, StateType.FAILED, StateType.CANCELLED},
    StateType.RUNNING: {
        StateType.RETRYING,
        StateType.SCHEDULED,
        StateType.COMPLETED,
        StateType.FAILED,
        StateType.CANCELLED,
    },
    StateType.RETRYING: {StateType.RUNNING, StateType.SCHEDULED, StateType.FAILED, StateType.CANCELLED},
}


def may_move(before: StateType, after: StateType) -> bool:
    """Nothing leaves a final state; a move to the same state is none."""
    return after in _MOVES.get(before, ())


@dataclass(frozen=True)
class State:
    type: StateType
    message: str = ""
    # The returned value of a completed run, the exception of a failed one. Lives in this process only.
    data: Any = field(default=None, repr=False)

    def result(self) -> Any:
        """The value of a completed run; raises the exception of a failed one."""
        if self.type is StateType.COMPLETED:
            return self.data
        if isinstance(self.data, BaseException):
            raise self.data
        raise RuntimeError(f"a run in state {self.type.value} has no result")


def pending() -> State:
    return State(StateType.PENDING)


def running(attempt: int) -> State:
    return State(StateType.RUNNING, f"attempt {attempt}" if attempt > 1 else "")


def retrying(error: BaseException, delay_seconds: float) -> State:
    return State(StateType.RETRYING, f"{describe(error)}; again in {delay_seconds:g} s", error)


def completed(value: Any) -> State:
    return State(StateType.COMPLETED, "", value)


def failed(error: BaseException) -> State:
    return State(StateType.FAILED, describe(error), error)


def describe(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
