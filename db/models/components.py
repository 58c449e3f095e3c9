"""Components: the HTTP APIs that a plan may call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Computed, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey
from db.models.documents import ImportedForm

# PostgreSQL's parser takes "open311.create_request" for a host name, so the separators become spaces first.
_KEY = "translate(key, '._-', '   ')"
# Stems let "leaking hydrants" find "leak, hydrant". The words as they were written (weight D, so that they
# hardly count where an issue is ranked) let the first letters of a word find it: "notificat" is no stem.
SEARCH = (
    f"setweight(to_tsvector('english', {_KEY} || ' ' || name), 'A') || "
    "setweight(to_tsvector('english', category || ' ' || owner_service), 'B') || "
    "setweight(to_tsvector('english', description), 'C') || "
    f"setweight(to_tsvector('simple', {_KEY} || ' ' || name || ' ' || category || ' ' || owner_service "
    "|| ' ' || description), 'D')"
)


class Component(Base):
    """One registered API, as a component pack states it."""

    __tablename__ = "components"
    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        Index("components_active_idx", "workspace_id", "key", postgresql_where=text("is_active")),
    )

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    key: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    type: Mapped[str] = mapped_column(default="REST")
    graphql: Mapped[str] = mapped_column(default="", server_default="")
    rpc_method: Mapped[str] = mapped_column(default="", server_default="")
    category: Mapped[str] = mapped_column(default="")
    http_method: Mapped[str] = mapped_column(default="GET")
    endpoint_url: Mapped[str]
    path_params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    query_params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    serialization: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    request_schema: Mapped[dict[str, Any]] = mapped_column(default=dict)
    response_schema: Mapped[dict[str, Any]] = mapped_column(default=dict)
    response_headers: Mapped[list[str]] = mapped_column(default=list)
    body_format: Mapped[str] = mapped_column(default="json")
    content_type: Mapped[str] = mapped_column(default="")
    response_format: Mapped[str] = mapped_column(default="plain", server_default="plain")
    auth: Mapped[dict[str, Any]] = mapped_column(default=dict)
    approval: Mapped[str] = mapped_column(default="plan")
    idempotent: Mapped[bool] = mapped_column(default=False)
    timeout_seconds: Mapped[float] = mapped_column(default=30.0)
    attempts: Mapped[int] = mapped_column(default=4)
    max_concurrent: Mapped[int | None]
    per_minute: Mapped[int | None]
    owner_service: Mapped[str] = mapped_column(default="")
    version: Mapped[str] = mapped_column(default="1.0")
    imported: Mapped[ImportedForm | None] = mapped_column(JSONB(none_as_null=True))
    is_active: Mapped[bool] = mapped_column(default=True)
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True), deferred=True)
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
