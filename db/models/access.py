"""Who uses the HTTP API, and what was answered to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class ApiToken(Base):
    """A token of the HTTP API. `hash` is all that is kept of it: SHA-256, in hexadecimal digits.

    `user_id` is the person in whose name it acts, if it may do more than read. With `sees_private` it sees what is
    shown in no public channel, too. `last_used_at` is not older than a minute too much.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (
        Index(
            "api_tokens_name_idx",
            "workspace_id",
            "name",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    name: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    rights: Mapped[list[str]]
    user_id: Mapped[str | None]
    sees_private: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class ApiRequest(Base):
    """A request with an Idempotency-Key, and its answer, which is there once the transaction is committed.

    `fingerprint` tells one request from another under the same key.
    """

    __tablename__ = "api_requests"
    __table_args__ = (UniqueConstraint("token_id", "key"), Index("api_requests_created_at_idx", "created_at"))

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    token_id: Mapped[UUID] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"))
    key: Mapped[str]
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    location: Mapped[str | None]
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[CreatedAt]
