"""Policies: documents that plans must obey, and the passages that they are made of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, WorkspaceKey

SEARCH = "setweight(to_tsvector('english', heading), 'A') || setweight(to_tsvector('english', text), 'C')"


class Policy(Base):
    """One version of a policy, as it was loaded. A later version puts an end to it and leaves it as it is.

    Both days are those of the town, and it is in force on them too; no day is no bound. `checks` are its hard
    rules, each with the anchor of its passage. `loaded_by` is a Slack user id, or `operator`.
    """

    __tablename__ = "policies"
    __table_args__ = (UniqueConstraint("workspace_id", "key", "version"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    key: Mapped[str]
    name: Mapped[str]
    version: Mapped[int]
    effective_from: Mapped[date | None]
    effective_until: Mapped[date | None]
    source: Mapped[str] = mapped_column(deferred=True)
    checks: Mapped[list[Any]]
    loaded_by: Mapped[str]
    loaded_at: Mapped[CreatedAt]
    removed_at: Mapped[datetime | None]


class PolicyPassage(Base):
    """A passage of a policy: what is shown to the plan maker, and cited by steps."""

    __tablename__ = "policy_passages"
    __table_args__ = (UniqueConstraint("policy_id", "anchor"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[UUID]
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("policies.id", ondelete="CASCADE"))
    position: Mapped[int]
    anchor: Mapped[str]
    heading: Mapped[str]
    text: Mapped[str]
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True), deferred=True)
