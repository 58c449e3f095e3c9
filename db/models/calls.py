"""What calls of components need beside these: sealed secrets and tokens, what is known of hosts, and turns."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, PrimaryKey, WorkspaceKey


class ComponentSecret(Base):
    """A secret that a component names as `secret:NAME`, sealed for its workspace, component and name.

    `key_id` is which of the keys of MUDDA_SECRET_KEY seals it.
    """

    __tablename__ = "component_secrets"
    __table_args__ = (UniqueConstraint("workspace_id", "component_key", "name"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    component_key: Mapped[str]
    name: Mapped[str]
    sealed: Mapped[str]
    key_id: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class RenewedToken(Base):
    """What a refresh token was renewed to, sealed for its workspace and `client`: a hash of what asks for it.

    Whoever has the `claim` renews it, until then at most; nobody else does meanwhile.
    """

    __tablename__ = "renewed_tokens"
    __table_args__ = (UniqueConstraint("workspace_id", "client"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    client: Mapped[str]
    sealed: Mapped[str | None]
    claim: Mapped[UUID | None]
    claimed_until: Mapped[datetime | None]
    renewed_at: Mapped[datetime]


class HostFault(Base):
    """A host that fails: so many `failures` one after the other, `since` when, and the `reason` of the last.

    `closed_until`: nothing is sent to it before then; after that one call is, to see. Of a host that answers there
    is no row.
    """

    __tablename__ = "host_faults"
    __table_args__ = (UniqueConstraint("workspace_id", "host"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    host: Mapped[str]
    failures: Mapped[int]
    since: Mapped[datetime]
    reason: Mapped[str]
    closed_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class ComponentTurns(Base):
    """Whose turn it is to call a component that limits how often: one row each, held while that is settled.

    `next_at` is when the next call may begin. `calls` are those under way, by their claims: until when at most.
    """

    __tablename__ = "component_turns"
    __table_args__ = (UniqueConstraint("workspace_id", "component_key"),)

    id: Mapped[PrimaryKey]
    workspace_id: Mapped[WorkspaceKey]
    component_key: Mapped[str]
    next_at: Mapped[datetime | None]
    calls: Mapped[dict[str, Any]] = mapped_column(default=dict)
