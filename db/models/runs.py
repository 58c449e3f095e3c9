"""Runs: an approved version carried out, step by step, attempt by attempt, decision by decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, Computed, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey
from db.models.documents import RequestPreview, SkipReason, StepWait


class Run(Base):
    """A run of one version of a plan, with the components' definitions as they were when it began.

    A component that is edited, deactivated or deleted later does not change a run under way.
    """

    __tablename__ = "workflow_executions"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        Index(
            "workflow_executions_going_idx",
            "workspace_id",
            "created_at",
            postgresql_where=text("state IN ('RUNNING', 'WAITING', 'FAILED')"),
        ),
        Index("workflow_executions_ended_idx", "workspace_id", "ended_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_plans.id", ondelete="CASCADE"))
    version: Mapped[int]
    number: Mapped[int]
    state: Mapped[str]
    components: Mapped[dict[str, Any]] = mapped_column(deferred=True, deferred_raiseload=True)
    started_by: Mapped[str]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    reply_started_at: Mapped[datetime | None]
    reply_ts: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class StepRun(Base):
    """One step of a run. `waiting_for` counts the steps before it that are not over; at none it can start.

    Of those before it at least `needed` must be done, and `done_before` counts those that are. Where there are
    fewer the plan itself skips it, as it does where its condition does not hold, and `skip` says why. A step that
    a person skips counts as done. One that `is_stuck` waits for people.

    `attempt` counts from 1, and `first_attempt` is the first since a person had it tried again; `claim` is the
    token of the worker that has it now. `revision` counts every change that a button could be stale about.

    Every change of `state` is put into audit_events by PostgreSQL.
    """

    __tablename__ = "step_runs"
    __table_args__ = (
        UniqueConstraint("run_id", "step_id"),
        # Only of steps that are over: the index costs nothing while a step goes from state to state.
        Index(
            "step_runs_ended_idx",
            "workspace_id",
            "component_key",
            "ended_at",
            postgresql_where=text("ended_at IS NOT NULL"),
        ),
        # Those that wait for people, of which there are few at any time.
        Index(
            "step_runs_waiting_idx",
            "run_id",
            # Not their states, or each change of a state would have to write to all indexes.
            postgresql_where=text("is_stuck"),
        ),
    )
    # Nothing reads `is_stuck` of an object.
    __mapper_args__: ClassVar[dict[str, Any]] = {"eager_defaults": False}  # type: ignore[misc]

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[UUID]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_executions.id", ondelete="CASCADE"))
    step_id: Mapped[str]
    position: Mapped[int]
    step: Mapped[dict[str, Any]]
    component_key: Mapped[str]
    followers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    waiting_for: Mapped[int]
    needed: Mapped[int] = mapped_column(server_default="0", default=0)
    done_before: Mapped[int] = mapped_column(server_default="0", default=0)
    skip: Mapped[SkipReason | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[str]
    is_stuck: Mapped[bool] = mapped_column(
        Computed(
            # As PostgreSQL writes it, too.
            "state::text = 'WAITING'::text OR state::text = 'UNCERTAIN'::text OR state::text = 'FAILED'::text",
            persisted=True,
        ),
        deferred=True,
        deferred_raiseload=True,
    )
    gated: Mapped[bool]
    approved: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    attempt: Mapped[int] = mapped_column(default=1)
    first_attempt: Mapped[int] = mapped_column(default=1)
    claim: Mapped[UUID | None]
    request: Mapped[RequestPreview | None] = mapped_column(JSONB())
    wait: Mapped[StepWait | None] = mapped_column(JSONB())
    output: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True), deferred=True, deferred_raiseload=True)
    error: Mapped[dict[str, Any] | None]
    warnings: Mapped[list[Any]] = mapped_column(default=list)
    retry_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_for: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    note: Mapped[str | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class StepAttempt(Base):
    """What came of one attempt of a step. Append-only, as audit_events."""

    __tablename__ = "step_attempts"
    __table_args__ = (
        Index("step_attempts_step_run_id_idx", "step_run_id", "number"),
        # Rows come in the order of their time: this index is a few pages, and costs nothing to keep.
        Index("step_attempts_ended_idx", "ended_at", postgresql_using="brin"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[UUID]
    step_run_id: Mapped[UUID] = mapped_column(ForeignKey("step_runs.id", ondelete="CASCADE"))
    number: Mapped[int]
    outcome: Mapped[str]
    status: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Decision(Base):
    """Who said what about a run or one of its steps, and when; and in whose place, if as a deputy.

    Append-only, as audit_events.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("decisions_run_id_idx", "run_id", "created_at"),
        Index("decisions_recent_idx", "workspace_id", "created_at"),
        # For when the step is forgotten: PostgreSQL looks for its decisions then.
        Index("decisions_step_run_id_idx", "step_run_id", postgresql_where=text("step_run_id IS NOT NULL")),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_executions.id", ondelete="CASCADE"))
    step_run_id: Mapped[UUID | None] = mapped_column(ForeignKey("step_runs.id", ondelete="CASCADE"))
    kind: Mapped[str]
    user_id: Mapped[str]
    on_behalf_of: Mapped[str | None]
    reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
