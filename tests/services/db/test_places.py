"""As many transactions at once as the pool keeps connections: to make one more costs more than to wait."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.session import POOL_SIZE, Database


async def test_a_storm_makes_no_more_connections_than_are_kept(database: Database) -> None:
    made: list[Any] = []
    event.listen(database.engine.sync_engine, "connect", lambda connection, _: made.append(connection))

    async def read() -> None:
        async with database.reading() as session:
            await session.execute(text("SELECT pg_sleep(0.01)"))

    await asyncio.gather(*(read() for _ in range(8 * POOL_SIZE)))
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


async def test_nobody_waits_for_a_place_for_long(database_url: str) -> None:
    database = Database(database_url, pool_size=1, max_overflow=0).everywhere()
    async with database.transaction() as holder:
        await holder.execute(text("SELECT 1"))

        async def another() -> None:
            async with database.transaction():
                pass

        # In a context of its own, as another job has.
        task = asyncio.get_running_loop().create_task(another(), context=Context())
        with pytest.raises(PoolTimeout):
            await task
    await database.close()
