"""The rules of flow runs: claims by agents and moves between states. Unaware of HTTP."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from flows.database.models import Deployment, FlowRun
from flows.engine.states import StateType, may_move

_BUSY = [StateType.PENDING.value, StateType.RUNNING.value, StateType.RETRYING.value]


class MoveRefused(Exception):
    pass


def run_name(run_id: uuid.UUID, flow_name: str) -> str:
    return f"{flow_name}-{run_id.hex[:6]}"


def move(run: FlowRun, after: StateType, message: str, now: datetime) -> None:
    """Keeps start, end and the number of attempts in step with the state."""
    before = StateType(run.state_type)
    if not may_move(before, after):
        raise MoveRefused(f"a run cannot go from {before.value} to {after.value}")
    run.state_type = after.value
    run.state_message = message
    if after is StateType.RUNNING:
        run.run_count += 1
        run.start_time = run.start_time or now
    elif after is StateType.SCHEDULED:
        run.start_time = None
    elif after.final:
        run.end_time = now


def claim(session: Session, queue: str, limit: int, now: datetime) -> list[FlowRun]:
    """Takes due runs of the queue, the longest waiting first, and makes them PENDING. Two agents never get the
    same run: the update counts only if the run is still SCHEDULED."""
    due = session.scalars(
        sa.select(FlowRun)
        .join(FlowRun.deployment)
        .options(joinedload(FlowRun.deployment), joinedload(FlowRun.flow))
        .where(
            FlowRun.queue == queue,
            FlowRun.state_type == StateType.SCHEDULED.value,
            FlowRun.scheduled_time <= now,
            Deployment.paused.is_(False),
        )
        .order_by(FlowRun.scheduled_time, FlowRun.id)
        .limit(limit * 10)
    ).all()
    claimed: list[FlowRun] = []
    for run in due:
        if len(claimed) == limit:
            break
        if not _has_room(session, run.deployment):
            continue
        taken = session.execute(
            sa.update(FlowRun)
            .where(FlowRun.id == run.id, FlowRun.state_type == StateType.SCHEDULED.value)
            .values(state_type=StateType.PENDING.value, state_message="taken by an agent")
        )
        if taken.rowcount == 1:
            claimed.append(run)
    session.commit()
    return claimed


def _has_room(session: Session, deployment: Deployment | None) -> bool:
    if deployment is None or deployment.concurrency_limit is None:
        return True
    busy = session.scalar(
        sa.select(sa.func.count())
        .select_from(FlowRun)
        .where(FlowRun.deployment_id == deployment.id, FlowRun.state_type.in_(_BUSY))
    )
    return (busy or 0) < deployment.concurrency_limit
