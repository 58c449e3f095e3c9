"""What Slack waits for of the bot: answers that are being streamed, and steps of workflows of Workflow Builder."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class AnswerStream(Base):
    """An answer that is being streamed, for as long as it is; its id is the inquiry's.

    `user_id` is who asked, who alone may stop it. It ends in one of two ways, whichever comes first: `stopped_at`,
    or `ended_at` with an answer.
    """

    __tablename__ = "answer_streams"
    __table_args__ = (
        Index("answer_streams_thread_idx", "workspace_id", "channel_id", "thread_ts"),
        Index("answer_streams_created_at_idx", "created_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    channel_id: Mapped[str]
    thread_ts: Mapped[str]
    ts: Mapped[str]
    user_id: Mapped[str]
    stopped_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class FunctionExecution(Base):
    """A step of a workflow of Workflow Builder, carried out by the bot; Slack waits until it says that it is over.

    `execution_id` is Slack's own. `function` is "draft" or "run". `asked_for` is the person as whom it acts: what
    they may not see, it does not tell. `plan_id` is null once the plan is forgotten. `completed_at`:
    Slack was told.
    """

    __tablename__ = "function_executions"
    __table_args__ = (
        UniqueConstraint("workspace_id", "execution_id"),
        Index("function_executions_created_at_idx", "created_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    execution_id: Mapped[str]
    function: Mapped[str]
    asked_for: Mapped[str | None]
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_plans.id", ondelete="SET NULL"), index=True)
    completed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
