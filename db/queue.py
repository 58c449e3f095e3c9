"""The queue's one way in: a job is part of the transaction that made it necessary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.queries import Queries
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from db.turns import Turns

TURNS = "turns"
"""Under this name a session's `info` holds what says whose turn it is."""


class Job(BaseModel):
    """A message to a worker, about a `workspace` of ours. Subclasses name their entrypoint.

    `version` is for readers of older rows.
    """

    model_config = ConfigDict(frozen=True)

    entrypoint: ClassVar[str]
    version: int = 1
    workspace: UUID


def queue_settings() -> DBSettings:
    """The queue's tables: the queue itself survives a crash of PostgreSQL, its log need not."""
    return DBSettings(durability=Durability.balanced)


async def enqueue(
    session: AsyncSession, job: Job, *, after: timedelta | None = None, key: str | None = None
) -> None:
    """Put `job` in with the session's own connection: roll back, and it was never there.

    `after` defers it. While a job under `key` is queued or running, another under the same key is skipped.
    """
    queries = await _queries(session)
    await queries.enqueue(
        job.entrypoint,
        _payload(job),
        _priority(session, job),
        execute_after=after,
        dedupe_key=key,
        on_conflict="skip",
    )


async def enqueue_all(session: AsyncSession, jobs: Sequence[Job], keys: Sequence[str] | None = None) -> None:
    """Put many jobs in with one statement; `keys` has one for each, as `enqueue` has it."""
    if not jobs:
        return
    queries = await _queries(session)
    await queries.enqueue(
        [job.entrypoint for job in jobs],
        [_payload(job) for job in jobs],
        [_priority(session, job) for job in jobs],
        dedupe_key=None if keys is None else list(keys),
        on_conflict="skip",
    )


async def pending_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Of `keys`, those under which a job is queued or running: `enqueue` would skip another.

    To ask costs less than to be skipped, of which all workers are told.
    """
    query = text(
        "SELECT dedupe_key FROM pgqueuer WHERE dedupe_key = ANY(:keys) AND status IN ('queued', 'picked')"
    )
    found = await session.scalars(query.bindparams(bindparam("keys", list(keys), type_=ARRAY(Text))))
    return set(found)


def _priority(session: AsyncSession, job: Job) -> int:
    turns: Turns = session.info[TURNS]
    return turns.priority(job.workspace)


def _payload(job: Job) -> bytes:
    return job.model_dump_json(exclude_none=True).encode()


async def _queries(session: AsyncSession) -> Queries:
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    driver_connection = raw.driver_connection
    assert driver_connection is not None  # noqa: S101 - a checked-out connection has one
    if not driver_connection.is_in_transaction():
        # SQLAlchemy begins with its own first statement; what came before that would be committed by itself.
        await connection.execute(text("SELECT 1"))
    return Queries(AsyncpgDriver(driver_connection))
