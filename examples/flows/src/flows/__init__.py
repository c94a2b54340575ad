"""Flows: Python functions with states, retries and a history."""

from flows.engine.decorators import flow, task
from flows.engine.logs import get_run_logger
from flows.engine.states import State, StateType

__all__ = ["State", "StateType", "flow", "get_run_logger", "task"]
