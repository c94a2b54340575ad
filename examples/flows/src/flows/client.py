"""The API from Python, for the CLI and the agent."""

from __future__ import annotations

from typing import Any

import httpx

from flows.engine.states import StateType


class ApiError(RuntimeError):
    """The API is not there, or said no."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """`http` has the API's address as its base; tests bring one that calls the application directly."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def health(self) -> dict[str, Any]:
        return self._call("GET", "health")

    def ensure_flow(self, name: str) -> dict[str, Any]:
        """Finds the flow of that name or creates it."""
        found = self._call("GET", "flows", params={"name": name})
        return found[0] if found else self._call("POST", "flows", json={"name": name})

    def create_deployment(self, **values: Any) -> dict[str, Any]:
        return self._call("POST", "deployments", json=values)

    def deployments(self, **filters: Any) -> list[dict[str, Any]]:
        return self._call("GET", "deployments", params=filters)

    def run_deployment(self, deployment_id: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", f"deployments/{deployment_id}/runs", json={"parameters": parameters})

    def run(self, run_id: str) -> dict[str, Any]:
        return self._call("GET", f"flow_runs/{run_id}")

    def set_state(self, run_id: str, type: StateType, message: str = "") -> dict[str, Any]:
        return self._call("POST", f"flow_runs/{run_id}/state", json={"type": type.value, "message": message})

    def claim(self, queue: str, limit: int) -> list[dict[str, Any]]:
        return self._call("POST", f"queues/{queue}/claim", json={"limit": limit})

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            response = self._http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise ApiError(f"no answer from {self._http.base_url}: {error}") from error
        if response.is_error:
            raise ApiError(
                f"{method} {path}: {response.status_code}: {_detail(response)}", response.status_code
            )
        return response.json()


def connect(api_url: str) -> Client:
    return Client(httpx.Client(base_url=api_url.rstrip("/") + "/", timeout=30))


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]
