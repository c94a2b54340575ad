"""The routes below /api."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from flows.database.models import Base, Deployment, Flow, FlowRun, utc_now
from flows.engine.states import StateType
from flows.server import runs, shapes

router = APIRouter(prefix="/api")

Stored = TypeVar("Stored", bound=Base)


def open_session(request: Request) -> Iterator[Session]:
    with request.app.state.sessions() as session:
        yield session


Db = Annotated[Session, Depends(open_session)]
Limit = Annotated[int, Query(ge=1, le=1000)]


def _find(session: Session, model: type[Stored], id: uuid.UUID) -> Stored:
    found = session.get(model, id)
    if found is None:
        raise HTTPException(404, f"no {model.__tablename__.replace('_', ' ')} {id}")
    return found


def _save(session: Session, value: Stored) -> Stored:
    session.add(value)
    try:
        session.commit()
    except IntegrityError as error:
        session.rollback()
        raise HTTPException(409, f"{type(value).__name__} exists already") from error
    return value


def _columns(value: Base) -> dict[str, Any]:
    return {column.key: getattr(value, column.key) for column in sa.inspect(type(value)).columns}


def _deployment_out(deployment: Deployment) -> shapes.DeploymentOut:
    return shapes.DeploymentOut(**_columns(deployment), flow_name=deployment.flow.name)


def _run_out(run: FlowRun) -> shapes.FlowRunOut:
    return shapes.FlowRunOut(**_columns(run), flow_name=run.flow.name)


@router.get("/health")
def health(session: Db) -> dict[str, str]:
    session.execute(sa.text("SELECT 1"))
    return {"status": "ok"}


@router.get("/flows")
def list_flows(session: Db, name: str | None = None, limit: Limit = 200) -> list[shapes.FlowOut]:
    query = sa.select(Flow).order_by(Flow.name).limit(limit)
    if name is not None:
        query = query.where(Flow.name == name)
    return [shapes.FlowOut.model_validate(flow) for flow in session.scalars(query)]


@router.post("/flows", status_code=201)
def create_flow(session: Db, new: shapes.FlowNew) -> shapes.FlowOut:
    return shapes.FlowOut.model_validate(_save(session, Flow(**new.model_dump())))


@router.get("/flows/{flow_id}")
def get_flow(session: Db, flow_id: uuid.UUID) -> shapes.FlowOut:
    return shapes.FlowOut.model_validate(_find(session, Flow, flow_id))


@router.delete("/flows/{flow_id}", status_code=204)
def delete_flow(session: Db, flow_id: uuid.UUID) -> None:
    """Its deployments and runs go with it."""
    session.delete(_find(session, Flow, flow_id))
    session.commit()


@router.get("/deployments")
def list_deployments(
    session: Db, flow_id: uuid.UUID | None = None, name: str | None = None, limit: Limit = 200
) -> list[shapes.DeploymentOut]:
    query = sa.select(Deployment).options(joinedload(Deployment.flow)).order_by(Deployment.name).limit(limit)
    if flow_id is not None:
        query = query.where(Deployment.flow_id == flow_id)
    if name is not None:
        query = query.where(Deployment.name == name)
    return [_deployment_out(deployment) for deployment in session.scalars(query)]


@router.post("/deployments", status_code=201)
def create_deployment(session: Db, new: shapes.DeploymentNew) -> shapes.DeploymentOut:
    _find(session, Flow, new.flow_id)
    return _deployment_out(_save(session, Deployment(**new.model_dump())))


@router.get("/deployments/{deployment_id}")
def get_deployment(session: Db, deployment_id: uuid.UUID) -> shapes.DeploymentOut:
    return _deployment_out(_find(session, Deployment, deployment_id))


@router.post("/deployments/{deployment_id}/runs", status_code=201)
def run_deployment(session: Db, deployment_id: uuid.UUID, new: shapes.RunRequest) -> shapes.FlowRunOut:
    deployment = _find(session, Deployment, deployment_id)
    return _create_run(
        session,
        new,
        flow=deployment.flow,
        deployment_id=deployment.id,
        queue=deployment.queue,
        parameters={**deployment.parameters, **new.parameters},
    )


@router.get("/flow_runs")
def list_runs(
    session: Db,
    flow_id: uuid.UUID | None = None,
    deployment_id: uuid.UUID | None = None,
    state: StateType | None = None,
    limit: Limit = 200,
) -> list[shapes.FlowRunOut]:
    """The newest first."""
    query = sa.select(FlowRun).options(joinedload(FlowRun.flow)).order_by(FlowRun.created.desc()).limit(limit)
    if flow_id is not None:
        query = query.where(FlowRun.flow_id == flow_id)
    if deployment_id is not None:
        query = query.where(FlowRun.deployment_id == deployment_id)
    if state is not None:
        query = query.where(FlowRun.state_type == state.value)
    return [_run_out(run) for run in session.scalars(query)]


@router.post("/flow_runs", status_code=201)
def create_run(session: Db, new: shapes.FlowRunNew) -> shapes.FlowRunOut:
    flow = _find(session, Flow, new.flow_id)
    if new.deployment_id is not None and _find(session, Deployment, new.deployment_id).flow_id != flow.id:
        raise HTTPException(422, "the deployment belongs to another flow")
    return _create_run(
        session,
        new,
        flow=flow,
        deployment_id=new.deployment_id,
        queue=new.queue,
        parameters=new.parameters,
    )


def _create_run(session: Session, new: shapes.RunRequest, *, flow: Flow, **values: Any) -> shapes.FlowRunOut:
    if new.scheduled_time is not None and new.scheduled_time.tzinfo is None:
        raise HTTPException(422, "scheduled_time needs a time zone")
    run_id = uuid.uuid4()
    run = FlowRun(
        id=run_id,
        name=new.name or runs.run_name(run_id, flow.name),
        flow_id=flow.id,
        scheduled_time=new.scheduled_time or utc_now(),
        **values,
    )
    return _run_out(_save(session, run))


@router.get("/flow_runs/{run_id}")
def get_run(session: Db, run_id: uuid.UUID) -> shapes.FlowRunOut:
    return _run_out(_find(session, FlowRun, run_id))


@router.post("/flow_runs/{run_id}/state")
def set_state(session: Db, run_id: uuid.UUID, state: shapes.StateNew) -> shapes.FlowRunOut:
    run = _find(session, FlowRun, run_id)
    try:
        runs.move(run, state.type, state.message, utc_now())
    except runs.MoveRefused as error:
        raise HTTPException(409, str(error)) from error
    session.commit()
    return _run_out(run)


@router.post("/queues/{queue}/claim")
def claim(session: Db, queue: str, request: shapes.ClaimRequest) -> list[shapes.ClaimedRun]:
    claimed = runs.claim(session, queue, request.limit, utc_now())
    return [
        shapes.ClaimedRun(**_columns(run), flow_name=run.flow.name, entrypoint=run.deployment.entrypoint)
        for run in claimed
        if run.deployment is not None
    ]
