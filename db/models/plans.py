"""Plans, their versions, and what happened to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class WorkflowPlan(Base):
    """An issue that somebody stated, and the plan for it.

    `version`, `title` and `steps` are those of the latest version. `revision` counts every change that a button
    could be stale about: each move of the state and each new version. `claim` is the token of the draft now under
    way; a worker whose token is no longer there has been replaced by another.
    """

    __tablename__ = "workflow_plans"
    __table_args__ = (
        UniqueConstraint("workspace_id", "number"),
        UniqueConstraint("workspace_id", "inbox_key"),
        Index("workflow_plans_recent_idx", "workspace_id", "created_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    number: Mapped[int]
    inbox_key: Mapped[str]
    source: Mapped[str]
    channel_id: Mapped[str]
    message_ts: Mapped[str | None]
    thread_ts: Mapped[str | None]
    reporter_id: Mapped[str]
    response_url: Mapped[str | None]
    issue_text: Mapped[str]
    issue_parts: Mapped[list[Any]] = mapped_column(default=list)
    place: Mapped[str | None]
    urgency: Mapped[str | None]
    state: Mapped[str]
    phase: Mapped[str | None]
    phase_facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    failure: Mapped[dict[str, Any] | None]
    version: Mapped[int | None]
    title: Mapped[str | None]
    steps: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=1)
    draft: Mapped[int] = mapped_column(default=1)
    claim: Mapped[UUID | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    versions: Mapped[list[PlanVersion]] = relationship(
        lazy="raise", order_by="PlanVersion.version", back_populates="plan"
    )


class PlanVersion(Base):
    """What the agents drafted, whole and unchanging."""

    __tablename__ = "plan_versions"
    __table_args__ = (UniqueConstraint("plan_id", "version"),)

    id: Mapped[PrimaryKey]
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_plans.id", ondelete="CASCADE"))
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    components: Mapped[list[Any]]
    selected: Mapped[list[str]]
    warnings: Mapped[list[Any]]
    model: Mapped[str]
    tokens: Mapped[int]
    seconds: Mapped[float]
    created_at: Mapped[CreatedAt]

    plan: Mapped[WorkflowPlan] = relationship(lazy="raise", back_populates="versions")


class Card(Base):
    """The one message that shows a plan: where it is, and how far it has been redrawn.

    The row is there before the message is; `ts` is null until Slack has said what it is. Whoever redraws takes
    the next `generation` before reading, and makes it `drawn_generation` once Slack has it. `drawing_until` is
    a lease, so that two redraws can't overtake each other on their way to Slack.
    """

    __tablename__ = "cards"

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_plans.id", ondelete="CASCADE"), unique=True)
    channel_id: Mapped[str]
    thread_ts: Mapped[str | None]
    ts: Mapped[str | None]
    post_started_at: Mapped[datetime | None]
    generation: Mapped[int] = mapped_column(default=0)
    drawn_generation: Mapped[int] = mapped_column(default=0)
    drawn_at: Mapped[datetime | None]
    drawing_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class AuditEvent(Base):
    """Who did what, when, and from which message. Append-only, which PostgreSQL itself sees to.

    `channel_id` and `message_ts` are null for what no person did in Slack; a slash command has no message either.
    """

    __tablename__ = "audit_events"
    __table_args__ = (Index("audit_events_subject_idx", "workspace_id", "subject_id", "created_at"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    subject_id: Mapped[UUID | None]
    actor: Mapped[str]
    channel_id: Mapped[str | None]
    message_ts: Mapped[str | None]
    action: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AICall(Base):
    """One call of the model: what it cost, how long it took and how it ended."""

    __tablename__ = "ai_calls"
    __table_args__ = (Index("ai_calls_plan_id_idx", "plan_id"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_plans.id", ondelete="CASCADE"))
    agent: Mapped[str]
    model: Mapped[str]
    prompt_tokens: Mapped[int]
    output_tokens: Mapped[int]
    total_tokens: Mapped[int]
    latency_ms: Mapped[int]
    attempts: Mapped[int]
    outcome: Mapped[str]
    created_at: Mapped[CreatedAt]
