"""What each call of the model cost."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class AICall(Base):
    """One call of the model: what it cost, how long it took and how it ended."""

    __tablename__ = "ai_calls"
    __table_args__ = (
        Index("ai_calls_plan_id_idx", "plan_id"),
        Index("ai_calls_recent_idx", "workspace_id", "created_at"),
    )

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
