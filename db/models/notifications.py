"""Notifications: what each person wants to be told and when, and the messages in which they are asked to act."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class NotificationPreference(Base):
    """How a person is told, and who decides in their place while they are away; no row: at once, and nobody.

    The `deputy` acts from `deputy_from` until just before `deputy_until`. `dm` is the channel of the bot's direct
    message with them, once it has been opened.
    """

    __tablename__ = "notification_preferences"
    __table_args__ = (
        UniqueConstraint("workspace_id", "user_id"),
        Index("notification_preferences_deputy_idx", "workspace_id", "deputy"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    user_id: Mapped[str]
    mode: Mapped[str]
    deputy: Mapped[str | None]
    deputy_from: Mapped[datetime | None]
    deputy_until: Mapped[datetime | None]
    dm: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class Notification(Base):
    """That a person is asked to act: about a plan, a step at its gate, one that is uncertain, or a failed run.

    `subject` says what about, as it was then ("gate:<step's run>:<revision>"); `occasion` counts how often it was
    handed to others before. `on_behalf_of` is whose deputy the person is. The message is at `channel` and `ts`;
    `shown` is what it says, and `turn` counts who began to draw it. `digest_at` is the digest that tells of it.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("workspace_id", "user_id", "subject", "occasion"),
        Index("notifications_plan_idx", "plan_id"),
        Index("notifications_person_idx", "workspace_id", "user_id", "created_at"),
        # For when the run or the step is forgotten: PostgreSQL looks for its notifications then.
        Index("notifications_run_id_idx", "run_id", postgresql_where=text("run_id IS NOT NULL")),
        Index("notifications_step_run_id_idx", "step_run_id", postgresql_where=text("step_run_id IS NOT NULL")),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("workflow_plans.id", ondelete="CASCADE"))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_executions.id", ondelete="CASCADE"))
    step_run_id: Mapped[UUID | None] = mapped_column(ForeignKey("step_runs.id", ondelete="CASCADE"))
    user_id: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    revision: Mapped[int]
    occasion: Mapped[int] = mapped_column(default=0)
    on_behalf_of: Mapped[str | None]
    state: Mapped[str]
    channel: Mapped[str | None]
    ts: Mapped[str | None]
    post_started_at: Mapped[datetime | None]
    shown: Mapped[str | None]
    turn: Mapped[int] = mapped_column(default=0)
    digest_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
