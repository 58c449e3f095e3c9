"""Documents that people gave to be imported, kept between their preview and what was chosen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PrimaryKey, WorkspaceKey


class ComponentImport(Base):
    """One document: "reading", "offered", "imported", "cancelled" or "refused".

    `key` is Slack's own id of the request, `about` what it was asked for with, `document` its bytes, which go when
    it is over. `offered` are the entries of the preview, `chosen` the numbers of those that were ticked, `result`
    what came of it. The message with the preview is `message_ts` in `channel_id`.
    """

    __tablename__ = "component_imports"
    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        Index("component_imports_created_at_idx", "created_at"),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    key: Mapped[str]
    user_id: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    about: Mapped[dict[str, Any]] = mapped_column(default=dict)
    document: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    offered: Mapped[list[Any]] = mapped_column(default=list)
    chosen: Mapped[list[Any]] = mapped_column(default=list)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    channel_id: Mapped[str | None]
    message_ts: Mapped[str | None]
    created_at: Mapped[datetime]
