"""The bell that wakes a worker: at once, never not after the last change, and few times in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from db.queue import enqueue, queue_settings
from db.queue_driver import MOST_QUIET_SECONDS, Bell, QueueDriver
from db.session import Database
from tests.support.jobs import Knock

CHANGES = 200
CHANNEL = queue_settings().channel


@pytest.fixture
async def driver(database_url: str) -> AsyncIterator[QueueDriver]:
    async with asyncpg.create_pool(database_url, min_size=2, max_size=2) as pool, QueueDriver(pool) as driver:
        yield driver


async def wakes(bell: Bell, seconds: float) -> bool:
    """Whether it wakes who begins to wait now."""
    bell.clear()
    return await bell.rings_within(seconds)


async def test_the_longer_it_rings_the_fewer_times_it_wakes() -> None:
    bell, woken = Bell(), 0

    async def sleeper() -> None:
        nonlocal woken
        while await wakes(bell, 1):
            woken += 1

    sleeping = asyncio.create_task(sleeper())
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.5
    while loop.time() < end:
        bell.ring()
        await asyncio.sleep(0)
    doublings = 5
    assert 0 < woken <= 0.5 / MOST_QUIET_SECONDS + doublings
    # After a rest it wakes at once.
    await asyncio.sleep(3 * MOST_QUIET_SECONDS)
    woken = 0
    bell.ring()
    await asyncio.sleep(0)
    assert woken == 1
    sleeping.cancel()


async def test_who_waits_later_is_woken_by_what_rang_before() -> None:
    bell = Bell()
    bell.clear()
    bell.ring()
    bell.ring()
    assert await bell.rings_within(0)
    # The second one is for those who have looked since the first.
    bell.clear()
    assert await bell.rings_within(1)
    assert not await wakes(bell, 3 * MOST_QUIET_SECONDS)


@pytest.mark.parametrize("soonest", [0, 0.01])
async def test_an_alarm_rings_at_the_earliest_time_and_is_forgotten_by_who_looks_again(soonest: float) -> None:
    bell = Bell()
    bell.ring_in(30)
    bell.ring_in(soonest)
    bell.ring_in(30)
    assert await bell.rings_within(1)
    bell.ring_in(0.01)
    assert not await wakes(bell, 0.05)


async def test_the_last_of_many_jobs_is_told(database: Database, driver: QueueDriver) -> None:
    await driver.listen(CHANNEL)
    putting = asyncio.create_task(put(database))
    seen = 0
    async with asyncio.timeout(20), database.engine.connect() as connection:
        while seen < CHANGES:
            assert await wakes(driver.bell, 10)
            seen = await connection.scalar(text("SELECT count(*) FROM pgqueuer")) or 0
            await connection.rollback()
    await putting


async def put(database: Database) -> None:
    for door in range(CHANGES):
        async with database.transaction() as session:
            await enqueue(session, Knock(door=door))


async def test_the_end_of_a_job_wakes_nobody(database: Database, driver: QueueDriver) -> None:
    async with database.transaction() as session:
        await enqueue(session, Knock(door=1))
    await driver.listen(CHANNEL)
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM pgqueuer"))
    assert not await wakes(driver.bell, 0.2)


async def test_a_probe_of_the_listener_is_never_held_back(driver: QueueDriver) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await driver.add_listener(CHANNEL, lambda payload: heard.put_nowait(str(payload)))
    for probe in ("one", "two", "three"):
        await driver.notify(CHANNEL, probe)
    assert [await asyncio.wait_for(heard.get(), 10) for _ in range(3)] == ["one", "two", "three"]
