"""Webhooks: who is told of plans and runs over HTTP, and each delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class Webhook(Base):
    """A URL that is told of `events`. `secret` signs what it is sent, sealed for this row's id."""

    __tablename__ = "webhooks"
    __table_args__ = (UniqueConstraint("workspace_id", "url"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    url: Mapped[str]
    events: Mapped[list[str]]
    secret: Mapped[str]
    created_at: Mapped[CreatedAt]


class WebhookDelivery(Base):
    """That a webhook is to be told of an event: "pending", "delivered", or "dead" once all attempts have failed.

    PostgreSQL itself writes it, with its job, in the transaction of what it tells of (migration 0028). `event_id`
    is the id of that in the audit trail, `subject_id` the plan or the run. `outcome` is what came of the last of
    its `attempts`: a status, or the code of why it was not sent.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index("webhook_deliveries_recent_idx", "workspace_id", "created_at"),
        Index("webhook_deliveries_ended_at_idx", "ended_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[UUID]
    event: Mapped[str]
    subject_id: Mapped[UUID]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    happened_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
