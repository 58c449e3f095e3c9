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
from db.queue_driver import MOST_QUIET_SECONDS, NotificationDebouncer, QueueDriver
from db.session import Database
from tests.support.jobs import Knock

CHANGES = 200
CHANNEL = queue_settings().channel


@pytest.fixture
async def driver(database_url: str) -> AsyncIterator[QueueDriver]:
    async with asyncpg.create_pool(database_url, min_size=2, max_size=2) as pool, QueueDriver(pool) as driver:
        yield driver


CHANGE = json.dumps({"type": "table_changed_event", "operation": "insert"})


async def test_the_longer_changes_keep_coming_the_fewer_are_told() -> None:
    told = 0

    def tell(_: object) -> None:
        nonlocal told
        told += 1

    debouncer = NotificationDebouncer(tell)
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.5
    while loop.time() < end:
        debouncer(CHANGE)
        await asyncio.sleep(0)
    doublings = 5
    assert told <= 0.5 / MOST_QUIET_SECONDS + doublings
    told = 0
    # After a rest the next one is told at once, and the one after it soon.
    await asyncio.sleep(3 * MOST_QUIET_SECONDS)
    assert told <= 1
    told = 0
    debouncer(CHANGE)
    assert told == 1


async def test_the_last_of_many_changes_is_told(database: Database, driver: QueueDriver) -> None:
    told: asyncio.Queue[datetime] = asyncio.Queue()
    await driver.add_listener(
        CHANNEL, lambda payload: told.put_nowait(datetime.fromisoformat(json.loads(payload)["sent_at"]))
    )
    for door in range(CHANGES):
        async with database.transaction() as session:
            await enqueue(session, Knock(door=door))
            last = await session.scalar(text("SELECT now()"))
    while await asyncio.wait_for(told.get(), 10) != last:
        pass


async def test_a_probe_of_the_listener_is_never_held_back(driver: QueueDriver) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    await driver.add_listener(CHANNEL, lambda payload: heard.put_nowait(str(payload)))
    for probe in ("one", "two", "three"):
        await driver.notify(CHANNEL, probe)
    assert [await asyncio.wait_for(heard.get(), 10) for _ in range(3)] == ["one", "two", "three"]
