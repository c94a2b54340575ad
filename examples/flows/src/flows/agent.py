"""The agent: asks the API for due runs of a queue and executes them, one after the other, in this process."""

from __future__ import annotations

import logging
import threading
from typing import Any

from flows.client import ApiError, Client
from flows.engine.context import Run, Surroundings, current_run, current_surroundings, surroundings
from flows.engine.loading import load_flow
from flows.engine.states import State, StateType, describe

log = logging.getLogger("flows.agent")


class Interrupted(BaseException):
    """Raised in the middle of a run by `stop`; not an Exception, so that no flow or retry swallows it."""


class Agent:
    def __init__(self, client: Client, queue: str = "default", limit: int = 5) -> None:
        self._client = client
        self._queue = queue
        self._limit = limit
        self._stop = threading.Event()
        self._interruptible = False

    def stop(self) -> None:
        """For signal handlers of the main thread: ends the run that is going on, and the loop."""
        self._stop.set()
        if self._interruptible:
            self._interruptible = False
            raise Interrupted

    def loop(self, interval_seconds: float) -> None:
        """Polls until `stop`. An API that is away for a while is no reason to give up."""
        while not self._stop.is_set():
            try:
                executed = self.poll()
            except ApiError as error:
                log.warning("%s", error)
                executed = 0
            if not executed:
                self._stop.wait(interval_seconds)

    def poll(self) -> int:
        """Executes what is due now and returns how many runs were executed. What a stop leaves undone goes back
        to the queue."""
        claimed = self._client.claim(self._queue, self._limit)
        done = 0
        for run in claimed:
            if self._stop.is_set():
                self._put_back(run)
                continue
            try:
                self._execute(run)
                done += 1
            except Interrupted:
                self._put_back(run)
        return done

    def _execute(self, run: dict[str, Any]) -> None:
        log.info("%s: %s", run["name"], run["entrypoint"])
        try:
            flow = load_flow(run["entrypoint"])
            flow.signature.bind(**run["parameters"])
        except Exception as error:
            self._client.set_state(run["id"], StateType.FAILED, describe(error))
            return

        def on_state(_: Run, state: State) -> None:
            # Inside of a run this is the state of a task or flow that it called: of no concern to the API.
            # The run itself is PENDING since it was claimed.
            if current_run() is not None or state.type is StateType.PENDING:
                return
            self._interruptible = False
            self._client.set_state(run["id"], state.type, state.message)
            if state.type.final:
                return
            if self._stop.is_set():
                raise Interrupted
            self._interruptible = True

        try:
            with surroundings(Surroundings(sleep=current_surroundings().sleep, on_state=on_state)):
                flow.run(**run["parameters"])
        except ApiError as error:
            # cancelled meanwhile, or the API is gone: nobody to tell
            log.warning("%s: %s", run["name"], error)
        finally:
            self._interruptible = False

    def _put_back(self, run: dict[str, Any]) -> None:
        log.info("%s: put back, the agent stops", run["name"])
        try:
            self._client.set_state(run["id"], StateType.SCHEDULED, "put back: its agent was stopped")
        except ApiError as error:
            log.warning("%s: %s", run["name"], error)
