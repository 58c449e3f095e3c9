"""Open311 endpoints: towns whose GeoReport v2 was made into components."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey


class Open311Endpoint(Base):
    """One endpoint, as it was when its components were made; `prefix` begins the key of each of them.

    `source` is what it was asked to be made of: address, jurisdiction, where its key is, and how it is odd.
    `changeset` is what its discovery said last, empty if it says nothing. `services` are the names of its services
    by their codes, `codes` the code that a component alone is for, by its key, and `keys` all that were made.
    """

    __tablename__ = "open311_endpoints"
    __table_args__ = (UniqueConstraint("workspace_id", "prefix"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    prefix: Mapped[str]
    source: Mapped[dict[str, Any]]
    base_url: Mapped[str]
    changeset: Mapped[str]
    services: Mapped[dict[str, Any]] = mapped_column(default=dict)
    codes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    keys: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[CreatedAt]
    refreshed_at: Mapped[datetime]
