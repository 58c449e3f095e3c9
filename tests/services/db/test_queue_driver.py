"""The queue's notifications: the first at once, never none after the last, and few in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg
import pytest
from sqlalchemy import text

from db.queue import enqueue, queue_settings
from db.queue_driver import QUIET_SECONDS, QueueDriver
from db.session import Database
from tests.support.jobs import Knock

CHANGES = 200
CHANNEL = queue_settings().channel


@pytest.fixture
async def driver(database_url: str) -> AsyncIterator[QueueDriver]:
    async with asyncpg.create_pool(database_url, min_size=2, max_size=2) as pool, QueueDriver(pool) as driver:
        yield driver


async def test_many_changes_in_a_moment_are_told_a_few_times(database: Database, driver: QueueDriver) -> None:
    told: asyncio.Queue[datetime] = asyncio.Queue()
    await driver.add_listener(
        CHANNEL, lambda payload: told.put_nowait(datetime.fromisoformat(json.loads(payload)["sent_at"]))
    )
    started = asyncio.get_running_loop().time()
    for door in range(CHANGES):
        async with database.transaction() as session:
            await enqueue(session, Knock(door=door))
            last = await session.scalar(text("SELECT now()"))
    seconds = asyncio.get_running_loop().time() - started
    times = 1
    while await asyncio.wait_for(told.get(), 10) != last:
        times += 1
    assert times <= seconds / QUIET_SECONDS + 2


async def test_a_probe_of_the_listener_is_never_held_back(driver: QueueDriver) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await driver.add_listener(CHANNEL, lambda payload: heard.put_nowait(str(payload)))
    for probe in ("one", "two", "three"):
        await driver.notify(CHANNEL, probe)
    assert [await asyncio.wait_for(heard.get(), 10) for _ in range(3)] == ["one", "two", "three"]
