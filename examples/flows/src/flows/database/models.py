"""The tables. After a change here each dialect needs a migration: see migrations/MIGRATION-NOTES.md."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flows.engine.states import StateType

# Names that do not depend on the dialect, so that migrations can drop what they created.
NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s__%(column_0_name)s__%(referred_table_name)s",
    "uq": "uq_%(table_name)s__%(column_0_N_name)s",
    "ix": "ix_%(table_name)s__%(column_0_N_name)s",
    "ck": "ck_%(table_name)s__%(constraint_name)s",
}


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware UTC time, also where the database knows no time zones (SQLite)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        return value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


Json = sa.JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMING)

    id: Mapped[uuid.UUID] = mapped_column(sa.Uuid, primary_key=True, default=uuid.uuid4, sort_order=-1)
    created: Mapped[datetime] = mapped_column(UtcTime, default=utc_now)
    updated: Mapped[datetime] = mapped_column(UtcTime, default=utc_now, onupdate=utc_now)


class Flow(Base):
    __tablename__ = "flow"

    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    tags: Mapped[list[str]] = mapped_column(Json, default=list)

    deployments: Mapped[list[Deployment]] = relationship(back_populates="flow", passive_deletes=True)
    runs: Mapped[list[FlowRun]] = relationship(back_populates="flow", passive_deletes=True)


class Deployment(Base):
    __tablename__ = "deployment"
    __table_args__ = (
        sa.UniqueConstraint("flow_id", "name"),
        sa.CheckConstraint("concurrency_limit > 0", name="concurrency_limit_positive"),
    )

    name: Mapped[str] = mapped_column(sa.String(200))
    flow_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("flow.id", ondelete="CASCADE"))
    entrypoint: Mapped[str] = mapped_column(sa.String(500))
    queue: Mapped[str] = mapped_column(sa.String(100), default="default")
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    paused: Mapped[bool] = mapped_column(default=False)
    concurrency_limit: Mapped[int | None]

    flow: Mapped[Flow] = relationship(back_populates="deployments")
    runs: Mapped[list[FlowRun]] = relationship(back_populates="deployment", passive_deletes=True)


class FlowRun(Base):
    __tablename__ = "flow_run"
    __table_args__ = (
        # what an agent asks for, many times a minute
        sa.Index(None, "queue", "state_type", "scheduled_time"),
    )

    name: Mapped[str] = mapped_column(sa.String(200))
    flow_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("flow.id", ondelete="CASCADE"), index=True)
    deployment_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("deployment.id", ondelete="SET NULL"), index=True
    )
    queue: Mapped[str] = mapped_column(sa.String(100), default="default")
    parameters: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    state_type: Mapped[str] = mapped_column(sa.String(20), default=StateType.SCHEDULED.value)
    state_message: Mapped[str] = mapped_column(sa.Text, default="")
    run_count: Mapped[int] = mapped_column(default=0)
    scheduled_time: Mapped[datetime] = mapped_column(UtcTime, default=utc_now)
    start_time: Mapped[datetime | None] = mapped_column(UtcTime)
    end_time: Mapped[datetime | None] = mapped_column(UtcTime)

    flow: Mapped[Flow] = relationship(back_populates="runs")
    deployment: Mapped[Deployment | None] = relationship(back_populates="runs")
