"""Everything that is taken from the environment, in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 4300
_POSTGRESQL_DRIVER = "postgresql+psycopg://"


@dataclass(frozen=True)
class Settings:
    home: Path
    database_url: str
    api_url: str
    ui_folder: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        home = Path(environment.get("FLOWS_HOME") or "~/.flows").expanduser()
        url = environment.get("FLOWS_DATABASE_URL") or f"sqlite:///{home / 'flows.db'}"
        return cls(
            home=home,
            database_url=with_driver(url),
            api_url=environment.get("FLOWS_API_URL") or f"http://127.0.0.1:{DEFAULT_PORT}/api",
            ui_folder=Path(__file__).parent / "ui_build",
        )


def with_driver(url: str) -> str:
    """`postgresql://…` and `postgres://…` mean the one driver that is installed."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return _POSTGRESQL_DRIVER + url.removeprefix(prefix)
    return url
