"""Planning notes: what the people of a workspace wish of its plans."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class PlanningNoteRow(Base):
    """A note that the plan maker is shown. A deleted one is gone: what may be personal is not kept by halves.

    `origin` says what it came of (rejected, skipped, edited, written), `component_key` of which component, if of
    one. `revision` counts its changes.
    """

    __tablename__ = "planning_notes"
    __table_args__ = (Index("planning_notes_recent_idx", "workspace_id", "created_at"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    text: Mapped[str]
    origin: Mapped[str]
    component_key: Mapped[str | None]
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_plans.id", ondelete="SET NULL"), index=True)
    author: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
