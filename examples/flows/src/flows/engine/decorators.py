"""`@flow` and `@task`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, overload

from flows.engine.context import Kind, Run, current_run
from flows.engine.run import Retries, execute
from flows.engine.states import State

P = ParamSpec("P")
R = TypeVar("R")


class _Runnable(Generic[P, R]):
    kind: Kind

    def __init__(self, function: Callable[P, R], name: str | None, retries: Retries) -> None:
        if inspect.iscoroutinefunction(function):
            raise TypeError(
                f"`{function.__name__}` is a coroutine function; flows and tasks are plain functions"
            )
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name or function.__name__.replace("_", "-")
        self.retries = retries
        self.signature = inspect.signature(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs it and returns the value; raises the exception of the last attempt."""
        return self.run(*args, **kwargs).state.result()

    def state(self, *args: P.args, **kwargs: P.kwargs) -> State:
        """Runs it and returns the final state, whether it failed or not."""
        return self.run(*args, **kwargs).state

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Run:
        """Runs it and returns everything known of the run. Arguments that do not fit raise TypeError at once:
        no retry could help."""
        self.signature.bind(*args, **kwargs)
        return execute(self.kind, self.name, lambda: self.function(*args, **kwargs), self.retries)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"


class Flow(_Runnable[P, R]):
    kind: Kind = "flow"


class Task(_Runnable[P, R]):
    kind: Kind = "task"

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Run:
        if current_run() is None:
            raise RuntimeError(
                f"task `{self.name}` was called outside of a flow; `{self.name}.function` is the plain one"
            )
        return super().run(*args, **kwargs)


@overload
def flow(function: Callable[P, R]) -> Flow[P, R]: ...
@overload
def flow(
    *, name: str | None = None, retries: int = 0, retry_delay_seconds: float = 0
) -> Callable[[Callable[P, R]], Flow[P, R]]: ...
def flow(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    retries: int = 0,
    retry_delay_seconds: float = 0,
) -> Any:
    """Makes a function a flow. Usable bare (`@flow`) and with options (`@flow(retries=2)`)."""
    policy = Retries(retries, retry_delay_seconds)
    if function is not None:
        return Flow(function, name, policy)
    return lambda decorated: Flow(decorated, name, policy)


@overload
def task(function: Callable[P, R]) -> Task[P, R]: ...
@overload
def task(
    *, name: str | None = None, retries: int = 0, retry_delay_seconds: float = 0
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    retries: int = 0,
    retry_delay_seconds: float = 0,
) -> Any:
    """Makes a function a task: a step of a flow with its own states and retries."""
    policy = Retries(retries, retry_delay_seconds)
    if function is not None:
        return Task(function, name, policy)
    return lambda decorated: Task(decorated, name, policy)
