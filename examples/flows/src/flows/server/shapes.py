"""What goes over the wire."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from flows.engine.states import StateType

Name = Field(min_length=1, max_length=200, pattern=r"^[^/%&<>]+$")


class _Stored(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    created: datetime
    updated: datetime


class FlowNew(BaseModel):
    name: str = Name
    tags: list[str] = []


class FlowOut(_Stored):
    name: str
    tags: list[str]


class DeploymentNew(BaseModel):
    name: str = Name
    flow_id: uuid.UUID
    entrypoint: str = Field(min_length=3, max_length=500)
    queue: str = Field("default", min_length=1, max_length=100)
    parameters: dict[str, Any] = {}
    paused: bool = False
    concurrency_limit: int | None = Field(None, gt=0)


class DeploymentOut(_Stored):
    name: str
    flow_id: uuid.UUID
    flow_name: str
    entrypoint: str
    queue: str
    parameters: dict[str, Any]
    paused: bool
    concurrency_limit: int | None


class RunRequest(BaseModel):
    """A run of a deployment; its parameters are merged over the deployment's."""

    parameters: dict[str, Any] = {}
    name: str | None = Field(None, min_length=1, max_length=200)
    scheduled_time: datetime | None = None


class FlowRunNew(RunRequest):
    flow_id: uuid.UUID
    deployment_id: uuid.UUID | None = None
    queue: str = Field("default", min_length=1, max_length=100)


class FlowRunOut(_Stored):
    name: str
    flow_id: uuid.UUID
    flow_name: str
    deployment_id: uuid.UUID | None
    queue: str
    parameters: dict[str, Any]
    state_type: StateType
    state_message: str
    run_count: int
    scheduled_time: datetime
    start_time: datetime | None
    end_time: datetime | None


class ClaimedRun(FlowRunOut):
    entrypoint: str


class ClaimRequest(BaseModel):
    limit: int = Field(1, ge=1, le=100)


class StateNew(BaseModel):
    type: StateType
    message: str = ""
