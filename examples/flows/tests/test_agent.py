"""The agent, against the application in this process."""

from __future__ import annotations

import httpx
import pytest

from flows.agent import Agent
from flows.client import ApiError, Client
from flows.engine.states import StateType

FLOWS = """
from flows import flow, task
from flows import agents_under_test as given

@task(retries=1)
def step(x):
    given.seen.append(x)
    return x

@flow
def works(x=1):
    return step(x)

@flow(retries=2, retry_delay_seconds=60)
def flaky():
    given.seen.append("try")
    if len(given.seen) < 3:
        raise ValueError("not yet")

@flow
def broken():
    raise ValueError("never")

@flow(retries=5)
def stopped():
    given.seen.append("begun")
    given.agent.stop()
    given.seen.append("not reached")

@flow
def cancelled():
    given.cancel()
"""


class Given:
    """What the flows above can reach of the test."""

    def __init__(self) -> None:
        self.seen: list = []
        self.agent: Agent | None = None
        self.cancel = lambda: None


@pytest.fixture
def given(monkeypatch) -> Given:
    import flows

    given = Given()
    monkeypatch.setattr(flows, "agents_under_test", given, raising=False)
    return given


@pytest.fixture
def schedule(client: Client, tmp_path, given):
    file = tmp_path / "agent_flows.py"
    file.write_text(FLOWS)
    flow = client.ensure_flow("tested")

    def schedule(name: str, parameters: dict | None = None, queue: str = "default") -> str:
        known = {each["name"]: each for each in client.deployments()}
        deployment = known.get(name) or client.create_deployment(
            flow_id=flow["id"], name=name, entrypoint=f"{file}:{name}", queue=queue
        )
        return client.run_deployment(deployment["id"], parameters or {})["id"]

    return schedule


def state(client: Client, run_id: str) -> tuple[str, str]:
    run = client.run(run_id)
    return run["state_type"], run["state_message"]


def test_a_scheduled_run_is_executed_once(client, schedule, given):
    run_id = schedule("works", {"x": 7})
    agent = Agent(client)
    assert (agent.poll(), agent.poll()) == (1, 0)
    assert given.seen == [7]
    run = client.run(run_id)
    assert (run["state_type"], run["run_count"]) == ("COMPLETED", 1)


def test_retries_are_reported(client, schedule, given, naps):
    run_id = schedule("flaky")
    Agent(client).poll()
    run = client.run(run_id)
    assert (run["state_type"], run["run_count"]) == ("COMPLETED", 3)
    assert naps == [60, 60]


def test_a_failing_run_does_not_stop_the_agent(client, schedule):
    broken, works = schedule("broken"), schedule("works")
    assert Agent(client).poll() == 2
    assert state(client, broken) == ("FAILED", "ValueError: never")
    assert state(client, works)[0] == "COMPLETED"


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("missing", {}, "has no flow `missing`"),
        ("works", {"y": 1}, "unexpected keyword argument 'y'"),
    ],
)
def test_a_run_that_cannot_start_has_failed(client, schedule, name, parameters, message):
    run_id = schedule(name, parameters)
    Agent(client).poll()
    type, said = state(client, run_id)
    assert type == "FAILED"
    assert message in said


def test_other_queues_are_left_alone(client, schedule, given):
    run_id = schedule("works", queue="gpu")
    assert Agent(client).poll() == 0
    assert Agent(client, queue="gpu").poll() == 1
    assert state(client, run_id)[0] == "COMPLETED"


def test_no_more_than_the_limit_is_taken(client, schedule):
    for _ in range(3):
        schedule("works")
    agent = Agent(client, limit=2)
    assert [agent.poll(), agent.poll(), agent.poll()] == [2, 1, 0]


def test_a_stopped_agent_puts_its_runs_back(client, schedule, given):
    begun, waiting = schedule("stopped"), schedule("works")
    given.agent = Agent(client)
    given.agent.loop(interval_seconds=60)
    assert given.seen == ["begun"]
    for run_id in (begun, waiting):
        assert state(client, run_id) == ("SCHEDULED", "put back: its agent was stopped")
    assert client.run(begun)["start_time"] is None


def test_a_run_that_was_cancelled_meanwhile_stays_cancelled(client, schedule, given):
    run_id = schedule("cancelled")
    given.cancel = lambda: client.set_state(run_id, StateType.CANCELLED, "by hand")
    Agent(client).poll()
    assert state(client, run_id) == ("CANCELLED", "by hand")


def test_the_loop_survives_an_api_that_is_away(caplog):
    calls = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if len(calls) == 1:
            raise httpx.ConnectError("connection refused")
        agent.stop()
        return httpx.Response(200, json=[])

    agent = Agent(Client(httpx.Client(base_url="http://api/api/", transport=httpx.MockTransport(answer))))
    agent.loop(interval_seconds=0)
    assert calls == ["/api/queues/default/claim"] * 2
    assert "no answer from http://api/api/" in caplog.text


def test_the_client_says_what_the_api_refused(client):
    with pytest.raises(ApiError, match="no flow run") as refused:
        client.run("00000000-0000-0000-0000-000000000000")
    assert refused.value.status == 404
