"""What a worker does beside its jobs.

It puts back what could not be handed back, forgets what is long past, and asks again for
redraws that were given up.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import asyncpg
from pgqueuer.models import Job as QueuedJob
from pgqueuer.queries import Queries
from sqlalchemy import DateTime, column, delete, func, table
from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import utc_now
from db.session import Database
from services import functions
from services.cards import CardService
from services.retention import MAX_BATCH_ROWS, Retention, purge

EVERY_SECONDS = 60.0

MAX_HELD_JOBS = 10_000
"""Held jobs looked at in a round, the newest first."""

PURGE_ROUNDS = 60
"""Every so many rounds what is too old is forgotten, once an hour; not in the first: a start has enough to do."""

_FORGET_JOBS = [
    delete(table(name)).where(column("created", DateTime(timezone=True)) < func.now() - timedelta(days=7))
    for name in ("pgqueuer_log", "pgqueuer_statistics")
]
"""What the queue kept of jobs that have ended, before db/migrate.py told it not to; nobody reads it."""


async def upkeep(
    database: Database,
    queries: Queries,
    is_readable: Callable[[QueuedJob], bool],
    stopping: asyncio.Event,
    retention: Retention,
) -> None:
    """Run now, and every minute until the worker stops."""
    for number in itertools.count():
        if stopping.is_set():
            return
        await _put_back(queries, is_readable)
        if number % PURGE_ROUNDS == 1:
            async with database.transaction() as session:
                await forget_jobs(session)
            await purge_all(database, retention, utc_now())
        async with database.transaction() as session:
            await CardService().request_lagging(session, utc_now())
            await functions.request_forgotten(session)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), timeout=EVERY_SECONDS)


async def forget_jobs(session: AsyncSession) -> None:
    """Forget what the queue kept of jobs that ended more than a week ago."""
    for forget in _FORGET_JOBS:
        await session.execute(forget)


async def purge_all(database: Database, retention: Retention, now: datetime) -> Counter[str]:
    """Forget all that is too old, a batch to a transaction; how much of each kind there was."""
    total: Counter[str] = Counter()
    while True:
        async with database.transaction() as session:
            counts = await purge(session, retention, now)
        total.update(counts)
        if max(counts.values()) < MAX_BATCH_ROWS and not counts.get("workspaces"):
            return total


async def _put_back(queries: Queries, is_readable: Callable[[QueuedJob], bool]) -> None:
    """Jobs that PostgreSQL would not have put back are held as failed.

    So are those that only another version can read; they stay where they are until it runs.
    """
    for job in filter(is_readable, await queries.list_failed_jobs(limit=MAX_HELD_JOBS)):
        # If a job with the same key has been queued since, that one does the work.
        with suppress(asyncpg.UniqueViolationError):
            await queries.requeue_jobs([job.id])
