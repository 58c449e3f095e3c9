"""The queue's one way in: a job is part of the transaction that made it necessary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import ClassVar

from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import TracebackRecord
from pgqueuer.queries import Queries
from pgqueuer.types import JOB_STATUS
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

QUIET_SECONDS = 0.01
"""For so long a second change of the queue waits to be told: less than people or components could tell."""

ENDED_SECONDS = 0.05
"""For so long the end of a job waits to be told: it matters only where all places of a lane are taken."""


class Job(BaseModel):
    """A message to a worker. Subclasses name their entrypoint; `version` is for readers of older rows."""

    model_config = ConfigDict(frozen=True)

    entrypoint: ClassVar[str]
    version: int = 1


class QueueDriver(AsyncpgPoolDriver):
    """Tells of a change of the queue at once, and then of all those of the next moment together.

    PgQueuer notifies for each statement that puts jobs in or ends them, and each of a worker's lanes asks three
    questions for each notification: in a busy queue most of what the database did was to answer them.
    """

    async def add_listener(self, channel: str, callback: Callable[[str | bytes | bytearray], None]) -> None:
        """Call back for what comes on a channel, in which many changes in a moment are one."""
        await super().add_listener(channel, _Hush(callback))


class _Hush:
    """Passes on what comes: new jobs at once, and after that nothing but probes for a moment."""

    def __init__(self, callback: Callable[[str | bytes | bytearray], None]) -> None:
        self._callback = callback
        self._kept: str | bytes | bytearray | None = None
        self._is_quiet = False
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, payload: str | bytes | bytearray) -> None:
        if "table_changed_event" not in str(payload):
            self._callback(payload)
            return
        self._kept = payload
        if "delete" not in str(payload) and not self._is_quiet:
            self._tell()
        elif self._timer is None:
            self._wait(ENDED_SECONDS)

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        kept, self._kept, self._is_quiet = self._kept, None, True
        if kept is not None:
            self._callback(kept)
        self._wait(QUIET_SECONDS)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def _end(self) -> None:
        self._timer, self._is_quiet = None, False
        if self._kept is not None:
            self._tell()


class OwnQueries(Queries):
    """What a worker says of its jobs, as long as they are its own.

    PgQueuer ends a job, or puts it back, by its id alone. A worker that slept (a paused machine) while another
    took its job over would take it away from that one, and if that one died then, nobody would have it any more.
    """

    async def log_jobs(self, job_status: list[tuple[QueuedJob, JOB_STATUS, TracebackRecord | None]]) -> None:
        """End jobs, but for those that another has."""
        own = await self._own([job for job, _, _ in job_status])
        await super().log_jobs([entry for entry in job_status if entry[0].id in own])

    async def retry_job(self, job: QueuedJob, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Put a job back, unless another has it."""
        if job.id in await self._own([job]):
            await super().retry_job(job, delay, traceback_record)

    async def _own(self, jobs: Sequence[QueuedJob]) -> set[int]:
        ids = [job.id for job in jobs]
        rows = await self.driver.fetch(
            "SELECT id, queue_manager_id FROM pgqueuer WHERE id = ANY($1::bigint[])", ids
        )
        owners = {row["id"]: row["queue_manager_id"] for row in rows}
        return {job.id for job in jobs if owners.get(job.id) == job.queue_manager_id}


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
    await queries.enqueue(job.entrypoint, _payload(job), execute_after=after, dedupe_key=key, on_conflict="skip")


async def enqueue_all(session: AsyncSession, jobs: Sequence[Job], keys: Sequence[str] | None = None) -> None:
    """Put many jobs in with one statement; `keys` has one for each, as `enqueue` has it."""
    if not jobs:
        return
    queries = await _queries(session)
    await queries.enqueue(
        [job.entrypoint for job in jobs],
        [_payload(job) for job in jobs],
        [0] * len(jobs),
        dedupe_key=None if keys is None else list(keys),
        on_conflict="skip",
    )


async def under_way(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Of `keys`, those under which a job is queued or running: `enqueue` would skip another.

    To ask costs less than to be skipped, of which all workers are told.
    """
    query = text(
        "SELECT dedupe_key FROM pgqueuer WHERE dedupe_key = ANY(:keys) AND status IN ('queued', 'picked')"
    )
    found = await session.scalars(query.bindparams(bindparam("keys", list(keys), type_=ARRAY(Text))))
    return set(found)


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
