"""The engine: flows, tasks, states, retries, logs."""

from __future__ import annotations

import logging

import pytest

from flows import StateType, flow, get_run_logger, task
from flows.engine.context import Surroundings, surroundings
from flows.engine.loading import EntrypointError, load_flow
from flows.engine.states import may_move


def fails(times: int):
    """A function that raises so many times, then returns how often it was called."""
    calls = []

    def function() -> int:
        calls.append(None)
        if len(calls) <= times:
            raise ValueError(f"failure {len(calls)}")
        return len(calls)

    return function


def types(run) -> list[str]:
    return [state.type.value for state in run.states]


def test_a_flow_is_called_like_the_function():
    @flow
    def add(a: int, b: int = 2) -> int:
        """Adds."""
        return a + b

    assert add(1) == 3
    assert add(1, b=5) == 6
    assert (add.name, add.__doc__) == ("add", "Adds.")


def test_states_of_a_run_that_completes():
    @flow(name="Nightly report")
    def report() -> str:
        return "done"

    run = report.run()
    assert types(run) == ["PENDING", "RUNNING", "COMPLETED"]
    assert (run.name, run.state.result()) == ("Nightly report", "done")


def test_a_failed_flow_raises_and_its_state_tells_why():
    @flow
    def report():
        raise KeyError("column")

    state = report.state()
    assert state.type is StateType.FAILED
    assert state.message == "KeyError: 'column'"
    with pytest.raises(KeyError):
        report()


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_retries_until_it_succeeds(naps, failures):
    run = flow(retries=2, retry_delay_seconds=30)(fails(failures)).run()
    assert types(run) == ["PENDING", "RUNNING"] + ["RETRYING", "RUNNING"] * failures + ["COMPLETED"]
    assert run.state.result() == failures + 1
    assert naps == [30] * failures


def test_retries_are_used_up(naps):
    run = flow(retries=1)(fails(9)).run()
    assert types(run) == ["PENDING", "RUNNING", "RETRYING", "RUNNING", "FAILED"]
    assert run.state.message == "ValueError: failure 2"
    assert naps == []


def test_tasks_retry_on_their_own_within_one_attempt_of_the_flow(naps):
    fetch = task(name="fetch", retries=3, retry_delay_seconds=1.5)(fails(2))

    @flow
    def load() -> int:
        return fetch()

    run = load.run()
    assert types(run) == ["PENDING", "RUNNING", "COMPLETED"]
    [child] = run.children
    assert (child.kind, child.name) == ("task", "fetch")
    assert types(child).count("RETRYING") == 2
    assert naps == [1.5, 1.5]


def test_a_flow_can_go_on_after_a_failed_task():
    @task
    def optional():
        raise OSError("no such host")

    @flow
    def load() -> str:
        state = optional.state()
        return f"without: {state.message}"

    assert load() == "without: OSError: no such host"


def test_a_failed_task_fails_its_flow():
    @task
    def necessary():
        raise OSError("no such host")

    @flow
    def load():
        necessary()

    assert load.state().message == "OSError: no such host"


def test_flows_call_flows():
    @flow
    def inner() -> int:
        return 1

    @flow
    def outer() -> int:
        return inner() + inner()

    run = outer.run()
    assert run.state.result() == 2
    assert [child.name for child in run.children] == ["inner", "inner"]


def test_a_task_outside_of_a_flow_is_an_error():
    @task
    def step() -> int:
        return 1

    with pytest.raises(RuntimeError, match="outside of a flow"):
        step()
    assert step.function() == 1


def test_arguments_that_do_not_fit_are_not_retried(naps):
    @flow(retries=5, retry_delay_seconds=1)
    def greet(name: str):
        return name

    with pytest.raises(TypeError, match="nam"):
        greet.run(nam="x")
    assert naps == []


def test_ctrl_c_is_not_a_failure(naps):
    @flow(retries=5)
    def report():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report()


def test_negative_retries_and_coroutines_are_refused():
    with pytest.raises(ValueError, match="negative"):
        flow(retries=-1)

    async def later(): ...

    with pytest.raises(TypeError, match="coroutine"):
        flow(later)


def test_state_changes_are_heard_of():
    heard = []

    @flow
    def report():
        return 1

    with surroundings(Surroundings(on_state=lambda run, state: heard.append((run.name, state.type.value)))):
        report()
    assert heard == [("report", "PENDING"), ("report", "RUNNING"), ("report", "COMPLETED")]


def test_the_run_logger_names_its_run(caplog):
    caplog.set_level(logging.INFO, "flows")

    @task(name="fetch")
    def fetch():
        get_run_logger().info("got %d rows", 3)

    @flow(name="load")
    def load():
        fetch()
        get_run_logger().info("finished")

    load()
    messages = [(record.name, record.getMessage()) for record in caplog.records]
    assert ("flows.task", "fetch | got 3 rows") in messages
    assert ("flows.flow", "load | finished") in messages
    with pytest.raises(RuntimeError, match="outside"):
        get_run_logger()


def test_flows_are_found_by_module_and_by_file(tmp_path):
    assert load_flow("flows.samples:hello")("you") == "Hello, you!"
    file = tmp_path / "mine.py"
    file.write_text("from flows import flow\n\n@flow\ndef mine(x=1):\n    return x\n")
    assert load_flow(f"{file}:mine")() == 1


@pytest.mark.parametrize(
    ("entrypoint", "message"),
    [
        ("hello", "not of the form"),
        ("flows.samples:", "not of the form"),
        ("flows.nowhere:hello", "cannot load `flows.nowhere`"),
        ("nowhere.py:hello", "cannot load `nowhere.py`"),
        ("flows.samples:greeting", "has no flow `greeting`"),
    ],
)
def test_wrong_entrypoints_are_explained(entrypoint, message):
    with pytest.raises(EntrypointError, match=message):
        load_flow(entrypoint)


def test_nothing_leaves_a_final_state():
    for before in StateType:
        for after in StateType:
            if before.final or before is after:
                assert not may_move(before, after)
