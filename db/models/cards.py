"""Cards: the one message that shows a plan and its runs."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey
from db.models.documents import MovedFrom


class Card(Base):
    """The one message that shows a plan: where it is, and how far it has been redrawn.

    The row is there before the message is; `ts` is null until Slack has said what it is. Whoever redraws takes
    the next `generation` before reading, and makes it `drawn_generation` once Slack has it. `drawing_until` is
    a lease, so that two redraws can't overtake each other on their way to Slack.

    `link` is the message's address in Slack, null where it is not known. `is_private`: only some people can see
    the channel; null until Slack was asked. `moved_from` is where the card was before somebody had it shown
    elsewhere, until it is there.
    """

    __tablename__ = "cards"
    __table_args__ = (
        # Whether a thread is a card's is asked for each reply in it.
        Index("cards_thread_idx", "workspace_id", "channel_id", "thread_ts"),
        Index("cards_message_idx", "workspace_id", "channel_id", "ts"),
        # Asked for each card that is posted: what was found out last about its channel.
        Index(
            "cards_private_idx",
            "workspace_id",
            "channel_id",
            "created_at",
            postgresql_where=text("is_private IS NOT NULL"),
        ),
        # Asked each minute: those of the last month whose redraws were given up. No update of a card changes it.
        Index("cards_recent_idx", "created_at"),
    )

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
    link: Mapped[str | None]
    is_private: Mapped[bool | None]
    moved_from: Mapped[MovedFrom | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[CreatedAt]
