"""What a worker does beside its jobs.

It puts back what could not be handed back, forgets what is long past, and asks again for
redraws that were given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
from pgqueuer.models import Job as QueuedJob
from pgqueuer.queries import Queries
from sqlalchemy import text

from bot.deps import utc_now
from db.session import Database
from services.cards import CardService

EVERY_SECONDS = 60.0

MOST_HELD = 10_000
"""Held jobs looked at in a round, the newest first."""

# Slack sends an event again for about an hour at most (facts: three times within 5 minutes); a week is plenty.
FORGET = (
    "DELETE FROM inbox WHERE received_at < now() - interval '7 days'",
    "DELETE FROM pgqueuer_log WHERE aggregated AND created < now() - interval '7 days'",
)


async def upkeep(
    database: Database, queries: Queries, is_readable: Callable[[QueuedJob], bool], stopping: asyncio.Event
) -> None:
    """Run now, and every minute until the worker stops."""
    while not stopping.is_set():
        await _put_back(queries, is_readable)
        async with database.transaction() as session:
            for statement in FORGET:
                await session.execute(text(statement))
        async with database.transaction() as session:
            await CardService().request_lagging(session, utc_now())
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), timeout=EVERY_SECONDS)


async def _put_back(queries: Queries, is_readable: Callable[[QueuedJob], bool]) -> None:
    """Jobs that neither ended nor could be handed back, for want of a database, are held as failed.

    So are those that only another version can read; they stay where they are until it runs.
    """
    for job in filter(is_readable, await queries.list_failed_jobs(limit=MOST_HELD)):
        # If a job with the same key has been queued since, that one does the work.
        with suppress(asyncpg.UniqueViolationError):
            await queries.requeue_jobs([job.id])
