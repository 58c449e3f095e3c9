"""Homes: the App Home of each person who has opened it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PrimaryKey, WorkspaceKey


class Home(Base):
    """The App Home of a person: when they opened it last, and what Slack shows there now.

    `view_hash` is Slack's name of that, null where it is not known, and `digest` ours of what was drawn. Whoever
    redraws takes the next `generation` in the transaction in which it reads. `pages` are the pages that lists are
    turned to, by their names. `notice` is the code of what the person is told there. `is_admin` and `is_stranger`
    are what Slack said of the person at `checked_at`.
    """

    __tablename__ = "homes"
    __table_args__ = (
        UniqueConstraint("workspace_id", "user_id"),
        Index("homes_opened_idx", "workspace_id", "opened_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    user_id: Mapped[str]
    opened_at: Mapped[datetime]
    is_admin: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_stranger: Mapped[bool] = mapped_column(default=False, server_default="false")
    checked_at: Mapped[datetime | None]
    view_hash: Mapped[str | None]
    digest: Mapped[str | None]
    generation: Mapped[int] = mapped_column(default=0, server_default="0")
    drawn_at: Mapped[datetime | None]
    notice: Mapped[str | None]
    pages: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

    @property
    def key(self) -> str:
        """Under which its next redraw is queued."""
        return f"home:{self.id}:{self.generation}"
