"""Conversations: the threads that the bot has a part in, and what it has heard."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class Conversation(Base):
    """A thread that a mention or a direct message to the bot has started; those of cards are found by the card."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("workspace_id", "channel_id", "thread_ts"),
        Index("conversations_created_at_idx", "created_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    channel_id: Mapped[str]
    thread_ts: Mapped[str]
    opened_by: Mapped[str]
    created_at: Mapped[CreatedAt]


class HeardMessage(Base):
    """What somebody said to the bot or in a thread of its, and what it was taken for.

    `key` is Slack's own id of it. `intent` is as it was judged, by the "model" or by "rules"; `lacking` says why
    the model could not be asked, if it should have been. `said` is the job that it came with, and kept only while
    the writer may still say what was meant, which is then `settled_as`, or what a picture without a word is about.
    `reply_started_at`: the reply may have been posted; `reply_ts`: it has.
    """

    __tablename__ = "heard_messages"
    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        Index("heard_messages_by_user_idx", "workspace_id", "user_id", "created_at"),
        Index("heard_messages_created_at_idx", "created_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    key: Mapped[str]
    user_id: Mapped[str]
    channel_id: Mapped[str]
    thread_ts: Mapped[str | None]
    intent: Mapped[str]
    judged_by: Mapped[str]
    lacking: Mapped[str | None]
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_plans.id", ondelete="SET NULL"), index=True)
    missing: Mapped[list[Any]] = mapped_column(default=list)
    said: Mapped[dict[str, Any] | None]
    settled_as: Mapped[str | None]
    reply_started_at: Mapped[datetime | None]
    reply_ts: Mapped[str | None]
    created_at: Mapped[CreatedAt]
