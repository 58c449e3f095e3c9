"""The audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PrimaryKey, WorkspaceKey


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
