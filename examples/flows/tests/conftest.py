"""No test sees the contributor's own database, home or settings, and none waits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from flows.client import Client
from flows.database.connection import make_engine
from flows.database.models import Base
from flows.engine.context import Surroundings, surroundings
from flows.server.app import create_app
from flows.settings import Settings


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [
        name for name in os.environ if name.startswith("FLOWS_") and not name.startswith("FLOWS_TEST_")
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLOWS_HOME", str(tmp_path / "home"))
    home = Settings.from_environment()
    return Settings(home.home, home.database_url, "http://testserver/api", tmp_path / "ui")


@pytest.fixture
def naps(own_settings: Settings):
    """The delays that the engine asked for; they take no time."""
    taken: list[float] = []
    with surroundings(Surroundings(sleep=taken.append)):
        yield taken


@pytest.fixture
def http(own_settings: Settings):
    """The application, called in this process."""
    engine = make_engine(own_settings.database_url)
    Base.metadata.create_all(engine)
    engine.dispose()
    with TestClient(create_app(own_settings), base_url="http://testserver/api/") as client:
        yield client


@pytest.fixture
def client(http: TestClient) -> Client:
    return Client(http)
