"""The HTTP API, called in this process."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

NOW = datetime.now(timezone.utc)


@pytest.fixture
def flow(http) -> dict:
    return http.post("flows", json={"name": "report", "tags": ["nightly"]}).json()


@pytest.fixture
def deployment(http, flow) -> dict:
    new = {
        "name": "prod",
        "flow_id": flow["id"],
        "entrypoint": "flows.samples:hello",
        "parameters": {"name": "a"},
    }
    return http.post("deployments", json=new).json()


def start(http, deployment, **values) -> dict:
    response = http.post(f"deployments/{deployment['id']}/runs", json=values)
    assert response.status_code == 201, response.text
    return response.json()


def claim(http, queue="default", limit=10) -> list[str]:
    return [run["id"] for run in http.post(f"queues/{queue}/claim", json={"limit": limit}).json()]


def move(http, run, type, message=""):
    return http.post(f"flow_runs/{run['id']}/state", json={"type": type, "message": message})


def test_health(http):
    assert http.get("health").json() == {"status": "ok"}


def test_a_flow_is_created_once(http, flow):
    assert http.get(f"flows/{flow['id']}").json() == flow
    assert http.get("flows").json() == [flow]
    assert http.get("flows", params={"name": "other"}).json() == []
    again = http.post("flows", json={"name": "report"})
    assert (again.status_code, again.json()) == (409, {"detail": "Flow exists already"})


@pytest.mark.parametrize("name", ["", "a/b", "x" * 201])
def test_names_that_cannot_be_used_are_refused(http, name):
    assert http.post("flows", json={"name": name}).status_code == 422


def test_unknown_things_are_404(http):
    nothing = "00000000-0000-0000-0000-000000000000"
    for path in (f"flows/{nothing}", f"deployments/{nothing}", f"flow_runs/{nothing}", "nonsense"):
        assert http.get(path).status_code == 404
    new = {"name": "x", "flow_id": nothing, "entrypoint": "a:b"}
    assert http.post("deployments", json=new).status_code == 404


def test_deployments_name_their_flow(http, flow, deployment):
    assert deployment["flow_name"] == "report"
    assert http.get("deployments").json() == [deployment]
    new = {"name": "prod", "flow_id": flow["id"], "entrypoint": "a:b"}
    assert http.post("deployments", json=new).status_code == 409


def test_a_run_of_a_deployment_takes_its_parameters(http, deployment):
    run = start(http, deployment, parameters={"punctuation": "?"})
    assert run["parameters"] == {"name": "a", "punctuation": "?"}
    assert (run["state_type"], run["run_count"], run["queue"]) == ("SCHEDULED", 0, "default")
    assert run["name"].startswith("report-")
    assert http.get(f"flow_runs/{run['id']}").json() == run


def test_runs_are_listed_newest_first_and_filtered(http, deployment):
    first, second = start(http, deployment), start(http, deployment)
    assert [run["id"] for run in http.get("flow_runs").json()] == [second["id"], first["id"]]
    move(http, first, "CANCELLED")
    assert [run["id"] for run in http.get("flow_runs", params={"state": "CANCELLED"}).json()] == [first["id"]]
    assert len(http.get("flow_runs", params={"limit": 1}).json()) == 1


def test_a_run_goes_through_its_states(http, deployment):
    run = start(http, deployment)
    assert claim(http) == [run["id"]]
    for type in ("RUNNING", "RETRYING", "RUNNING", "COMPLETED"):
        assert move(http, run, type).status_code == 200
    run = http.get(f"flow_runs/{run['id']}").json()
    assert (run["state_type"], run["run_count"]) == ("COMPLETED", 2)
    assert run["start_time"] <= run["end_time"]


def test_a_move_that_makes_no_sense_is_refused(http, deployment):
    run = start(http, deployment)
    move(http, run, "CANCELLED", "not needed")
    refused = move(http, run, "RUNNING")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "a run cannot go from CANCELLED to RUNNING",
    )
    assert http.get(f"flow_runs/{run['id']}").json()["state_message"] == "not needed"


def test_a_claimed_run_is_not_given_away_twice(http, deployment):
    run = start(http, deployment)
    assert claim(http) == [run["id"]]
    assert claim(http) == []


def test_only_due_runs_of_the_queue_are_claimed_the_longest_waiting_first(http, deployment):
    early = start(http, deployment, scheduled_time=(NOW - timedelta(hours=2)).isoformat())
    earlier = start(http, deployment, scheduled_time=(NOW - timedelta(hours=3)).isoformat())
    start(http, deployment, scheduled_time=(NOW + timedelta(days=1)).isoformat())
    assert claim(http, queue="other") == []
    assert claim(http) == [earlier["id"], early["id"]]


def test_the_concurrency_limit_of_a_deployment(http, flow):
    new = {"name": "one", "flow_id": flow["id"], "entrypoint": "a:b", "concurrency_limit": 1}
    deployment = http.post("deployments", json=new).json()
    first, second = start(http, deployment), start(http, deployment)
    [taken] = claim(http)
    assert claim(http) == []
    done, waiting = (first, second) if taken == first["id"] else (second, first)
    move(http, done, "CANCELLED")
    assert claim(http) == [waiting["id"]]
    assert http.post("deployments", json={**new, "name": "none", "concurrency_limit": 0}).status_code == 422


def test_a_paused_deployment_waits(http, flow):
    new = {"name": "later", "flow_id": flow["id"], "entrypoint": "a:b", "paused": True}
    start(http, http.post("deployments", json=new).json())
    assert claim(http) == []


def test_a_scheduled_time_needs_a_time_zone(http, deployment):
    response = http.post(
        f"deployments/{deployment['id']}/runs", json={"scheduled_time": "2030-01-01T00:00:00"}
    )
    assert response.status_code == 422


def test_deleting_a_flow_takes_deployments_and_runs_with_it(http, flow, deployment):
    start(http, deployment)
    assert http.delete(f"flows/{flow['id']}").status_code == 204
    assert http.get("deployments").json() == http.get("flow_runs").json() == []


def test_without_a_built_ui_the_page_says_how_to_build_it(http):
    page = http.get("http://testserver/")
    assert page.status_code == 200
    assert "devtask build-ui" in page.text


def test_the_built_ui_is_served_and_nothing_beside_it(http, own_settings):
    own_settings.ui_folder.mkdir()
    (own_settings.ui_folder / "index.html").write_text("<h1>flows</h1>")
    (own_settings.ui_folder / "app.js").write_text("1")
    (own_settings.ui_folder.parent / "secret").write_text("s")
    assert http.get("http://testserver/").text == "<h1>flows</h1>"
    assert http.get("http://testserver/app.js").headers["content-type"].startswith("text/javascript")
    assert http.get("http://testserver/%2e%2e/secret").status_code == 404


def test_the_description_of_the_api_is_complete(http):
    described = http.get("http://testserver/openapi.json").json()
    assert json.dumps(described, sort_keys=True).count("/api/flow_runs") >= 3
    assert "/{path}" not in described["paths"]
