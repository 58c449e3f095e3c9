"""The queue's one way in: a job is part of the transaction that made it necessary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import ClassVar
from uuid import UUID

from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.queries import Queries
from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    LargeBinary,
    Text,
    bindparam,
    exists,
    literal_column,
    table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.session import Database, begin, open_connection
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


def is_pending(key: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a job is queued or running under a key that a query finds: `enqueue` would skip another."""
    return (
        exists()
        .where(key == _DEDUPE_KEY, literal_column("pgqueuer.status").in_(_PENDING))
        .select_from(table("pgqueuer"))
    )


_DEDUPE_KEY: ColumnElement[str] = literal_column("pgqueuer.dedupe_key")
_PENDING: list[ColumnElement[str]] = [literal_column("'queued'"), literal_column("'picked'")]


@dataclass(slots=True)
class JobRow:
    """The queue's row of a job that is being run, and the worker's lane that has it.

    `may_go_on`: whether the row may become that of another job now. `has_moved`: it has.
    """

    id: int
    owner: UUID
    may_go_on: Callable[[], bool]
    has_moved: bool = False


current_row: ContextVar[JobRow | None] = ContextVar("current_row", default=None)
"""The row of the job in whose handler this is read."""


@cache
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
        payload(job),
        _priority(session, job),
        execute_after=after,
        dedupe_key=key,
        on_conflict="skip",
    )


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be put in, with what `enqueue` asks for."""

    job: Job
    key: str | None = None
    after: timedelta | None = None


async def enqueue_new(session: AsyncSession, jobs: Sequence[NewJob]) -> None:
    """Put many jobs in with one statement, each as `enqueue` has it."""
    await enqueue_all(session, [new.job for new in jobs], [new.key for new in jobs], [new.after for new in jobs])


async def enqueue_all(
    session: AsyncSession,
    jobs: Sequence[Job],
    keys: Sequence[str | None] | None = None,
    after: Sequence[timedelta | None] | None = None,
) -> None:
    """Put many jobs in with one statement; `keys` and `after` have one for each, as `enqueue` has them."""
    if not jobs:
        return
    queries = await _queries(session)
    await queries.enqueue(
        [job.entrypoint for job in jobs],
        [payload(job) for job in jobs],
        [_priority(session, job) for job in jobs],
        execute_after=None if after is None else list(after),
        dedupe_key=None if keys is None else list(keys),
        on_conflict="skip",
    )


_KEEP_NEW = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::bytea[])
        WITH ORDINALITY AS given (key, entrypoint, priority, payload, place)
), new AS (
    INSERT INTO inbox (key, kind) SELECT key, entrypoint FROM given ON CONFLICT DO NOTHING RETURNING key
), queued AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, status)
    SELECT priority, entrypoint, payload, 'queued' FROM given JOIN new USING (key) ORDER BY place
)
SELECT key FROM new
"""


async def keep_new(database: Database, jobs: Mapping[str, Job]) -> set[str]:
    """Commit jobs under keys that the inbox does not have, each with its row there; which keys those were.

    One statement for both: as a transaction of four it took the server and us several times as long.
    """
    rows = await database.alone(
        _KEEP_NEW,
        list(jobs),
        [job.entrypoint for job in jobs.values()],
        [database.priority(job.workspace) for job in jobs.values()],
        [payload(job) for job in jobs.values()],
    )
    return {row["key"] for row in rows}


async def pending_keys(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Of `keys`, those under which a job is queued or running: `enqueue` would skip another.

    To ask costs less than to be skipped, of which all workers are told.
    """
    query = text(
        "SELECT dedupe_key FROM pgqueuer WHERE dedupe_key = ANY(:keys) AND status IN ('queued', 'picked')"
    )
    found = await session.scalars(query.bindparams(bindparam("keys", list(keys), type_=ARRAY(Text))))
    return set(found)


MOVE = """
    UPDATE pgqueuer SET entrypoint = (:entrypoints)[{place}], payload = (:payloads)[{place}], dedupe_key = NULL,
        updated = now(), heartbeat = now()
    WHERE id = ANY(:places) AND status = 'picked' AND queue_manager_id = (:owners)[{place}]
""".replace("{place}", "array_position(:places, pgqueuer.id)")
"""Part of a statement: let rows of running jobs become those of other jobs, of any kind.

Arrays have the `places` (the rows' ids), their `owners`, and the `entrypoints` and `payloads` of the new jobs. The
same worker goes on with them, and whoever takes them over from it finds the new jobs. A row that has passed to
another worker stays as it is.
"""


async def moved_rows(session: AsyncSession, rows: Sequence[tuple[JobRow, Job]]) -> set[int]:
    """Of rows of jobs, the ids of those that have become other jobs' since."""
    if not rows:
        return set()
    query = text(
        "SELECT pgqueuer.id FROM pgqueuer JOIN unnest(:ids, :payloads) AS old (id, payload)"
        " ON old.id = pgqueuer.id AND old.payload <> pgqueuer.payload"
    ).bindparams(
        bindparam("ids", [row.id for row, _ in rows], type_=ARRAY(BigInteger)),
        bindparam("payloads", [payload(job) for _, job in rows], type_=ARRAY(LargeBinary)),
    )
    return set(await session.scalars(query))


def _priority(session: AsyncSession, job: Job) -> int:
    turns: Turns = session.info[TURNS]
    return turns.priority(job.workspace)


def payload(job: Job) -> bytes:
    """A job as it stands in its row."""
    return job.model_dump_json(exclude_none=True).encode()


async def _queries(session: AsyncSession) -> Queries:
    # What came before a transaction has begun would be committed by itself.
    return Queries(AsyncpgDriver(open_connection(session) or await begin(session)))
