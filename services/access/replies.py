"""Answers that are kept under an Idempotency-Key, in the transaction of what they tell of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ApiRequest
from services.errors import MuddaError


class KeyTaken(MuddaError):
    """Another request was made under this key before."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its body, and where it points to."""

    status: int
    body: Mapping[str, Any]
    location: str | None = None


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What tells one request from another."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


async def begin(session: AsyncSession, workspace_id: UUID, token_id: UUID, key: str, mark: str) -> Reply | None:
    """Take a key; or the answer that was given under it. Whoever comes second waits for the first.

    Raises KeyTaken if another request was made under it.
    """
    values = {"workspace_id": workspace_id, "token_id": token_id, "key": key, "fingerprint": mark}
    taken = await session.scalar(
        insert(ApiRequest)
        .values(id=uuid4(), **values)
        .on_conflict_do_nothing(index_elements=["token_id", "key"])
        .returning(ApiRequest.id)
    )
    if taken is not None:
        return None
    row = (await session.scalars(_of(token_id, key))).one()
    if row.fingerprint != mark:
        raise KeyTaken(key)
    return Reply(row.status or 0, row.body or {}, row.location)


async def keep(session: AsyncSession, token_id: UUID, key: str, reply: Reply) -> None:
    """Keep the answer under the key that was taken."""
    await session.execute(
        update(ApiRequest)
        .where(ApiRequest.token_id == token_id, ApiRequest.key == key)
        .values(status=reply.status, body=dict(reply.body), location=reply.location)
    )


def _of(token_id: UUID, key: str) -> Any:
    return select(ApiRequest).where(ApiRequest.token_id == token_id, ApiRequest.key == key)
