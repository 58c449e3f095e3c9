"""As many transactions at once as the pool keeps connections: to make one more costs more than to wait."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any

from sqlalchemy import event, text

from db.session import POOL_SIZE, Database


async def test_a_storm_makes_no_more_connections_than_are_kept(database: Database) -> None:
    made: list[Any] = []
    event.listen(database.engine.sync_engine, "connect", lambda connection, _: made.append(connection))

    async def write() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT pg_sleep(0.01)"))

    await asyncio.gather(*(write() for _ in range(8 * POOL_SIZE)))
    assert len(made) <= POOL_SIZE


async def test_a_transaction_within_another_does_not_wait_for_it(database_url: str) -> None:
    database = Database(database_url, pool_size=2, max_overflow=2).everywhere()
    at_once = asyncio.Barrier(2)

    async def two() -> None:
        async with database.transaction() as outer:
            await outer.execute(text("SELECT 1"))
            async with asyncio.timeout(10):
                await at_once.wait()
            async with database.reading() as inner:
                await inner.execute(text("SELECT 1"))

    await asyncio.gather(two(), two())
    await database.close()


async def test_who_only_reads_does_not_wait_for_those_who_wait_for_a_row(database_url: str) -> None:
    database = Database(database_url, pool_size=2, max_overflow=2).everywhere()
    lock = text("SELECT pg_advisory_xact_lock(1)")

    async def waits() -> None:
        async with database.transaction() as session:
            await session.execute(lock)

    async with database.transaction() as holder:
        await holder.execute(lock)
        # Each in a context of its own, as jobs are.
        others = [asyncio.get_running_loop().create_task(waits(), context=Context()) for _ in range(5)]
        async with asyncio.timeout(2), database.reading() as session:
            await session.execute(text("SELECT 1"))
    await asyncio.gather(*others)
    await database.close()
