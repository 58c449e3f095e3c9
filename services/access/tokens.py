"""Tokens of the HTTP API: made, found by what is presented, listed and revoked.

A token is 32 random bytes. What is kept is its SHA-256: nothing that is so random can be guessed from that, so it
needs neither salt nor a slow hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApiToken, Workspace
from services import audit
from services.errors import MuddaError, NotFound
from services.workspaces.installations import announce

PREFIX = "mudda_"
"""What every token begins with, so that scanners know one that was published by mistake."""

_TOKEN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


class Right(StrEnum):
    """What a token may be used for. None of them is to decide about a plan or a step."""

    READ = "read"
    DRAFT = "draft"
    CANCEL = "cancel"


class TokenExists(MuddaError):
    """The workspace has a token of this name that is not revoked."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is good now. `user` is the person in whose name it acts; without one it only reads."""

    id: UUID
    workspace_id: UUID
    name: str
    rights: frozenset[Right]
    user: str | None
    sees_private: bool
    expires_at: datetime | None


async def create(
    session: AsyncSession,
    workspace_id: UUID,
    name: str,
    rights: Collection[Right],
    *,
    user: str | None,
    sees_private: bool,
    expires_at: datetime | None,
) -> str:
    """Make a token; what to present, which can't be had again. Raises TokenExists."""
    token = PREFIX + secrets.token_urlsafe(32)
    made = await session.scalar(
        insert(ApiToken)
        .values(
            id=uuid4(),
            workspace_id=workspace_id,
            name=name,
            hash=hash_of(token),
            rights=sorted(rights),
            user_id=user,
            sees_private=sees_private,
            expires_at=expires_at,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "name"], index_where=ApiToken.revoked_at.is_(None))
        .returning(ApiToken.id)
    )
    if made is None:
        raise TokenExists(name)
    facts = {"name": name, "rights": sorted(rights), "user": user, "private": sees_private}
    await audit.record(session, workspace_id, subject=made, actor=audit.OPERATOR, action="token.created", **facts)
    return token


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def may_be_token(text: str) -> bool:
    """Whether a text has the form of a token: what has not need not be looked for."""
    return _TOKEN.fullmatch(text) is not None


async def use(session: AsyncSession, token: str, now: datetime) -> Token | None:
    """The token that is presented, and note its use; None if there is none that is good now.

    Whose it is is not known before: the session sees all workspaces.
    """
    is_served = exists().where(Workspace.id == ApiToken.workspace_id, Workspace.removed_at.is_(None))
    row = (
        await session.execute(
            update(ApiToken)
            .where(
                ApiToken.hash == hash_of(token),
                ApiToken.revoked_at.is_(None),
                or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now),
                is_served,
            )
            .values(last_used_at=now)
            .returning(
                ApiToken.id,
                ApiToken.workspace_id,
                ApiToken.name,
                ApiToken.rights,
                ApiToken.user_id,
                ApiToken.sees_private,
                ApiToken.expires_at,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    rights = frozenset(map(Right, row.rights))
    return Token(row.id, row.workspace_id, row.name, rights, row.user_id, row.sees_private, row.expires_at)


async def listed(session: AsyncSession, workspace_id: UUID) -> Sequence[ApiToken]:
    """The tokens of a workspace that are not revoked, by name."""
    query = select(ApiToken).where(ApiToken.workspace_id == workspace_id, ApiToken.revoked_at.is_(None))
    return (await session.scalars(query.order_by(ApiToken.name))).all()


async def revoke(session: AsyncSession, workspace_id: UUID, name: str, now: datetime) -> None:
    """Take a token back; every replica is told. Raises NotFound."""
    token_id = await session.scalar(
        update(ApiToken)
        .where(ApiToken.workspace_id == workspace_id, ApiToken.name == name, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ApiToken.id)
    )
    if token_id is None:
        raise NotFound("token", name)
    await audit.record(
        session, workspace_id, subject=token_id, actor=audit.OPERATOR, action="token.revoked", name=name
    )
    await announce(session)
