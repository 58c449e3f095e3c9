"""Connections that are kept for statements by themselves: broken ones are left, and few are kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from db.errors import DATABASE_ERRORS
from db.kept import MOST
from db.session import Database
from tests.support.run_starts import until

PID = "SELECT pg_backend_pid() AS pid"


@pytest.fixture
async def alone(database_url: str) -> AsyncIterator[Database]:
    """A database whose every connection is made in the test."""
    database = Database(database_url, pool_size=8)
    yield database
    await database.close()


async def pid(database: Database) -> int:
    [row] = await database.alone(PID)
    return int(row["pid"])


async def test_one_statement_after_the_other_has_the_same_connection(alone: Database) -> None:
    assert len({await pid(alone) for _ in range(5)}) == 1


async def test_a_connection_that_the_server_has_ended_is_left(alone: Database, database: Database) -> None:
    ended = await pid(alone)
    await database.alone("SELECT pg_terminate_backend($1, 5000)", ended)

    async def goes_on() -> bool:
        try:
            return await pid(alone) != ended
        except DATABASE_ERRORS:
            return False  # asyncpg had not been told of it yet: whoever asks asks again

    await until(goes_on, 10)
    assert await pid(alone) != ended


async def test_a_statement_that_is_refused_does_the_connection_no_harm(alone: Database) -> None:
    before = await pid(alone)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await alone.alone("SELECT 1 / 0")
    assert await pid(alone) == before


async def test_who_waits_no_longer_leaves_nothing_under_way(alone: Database, database: Database) -> None:
    before = await pid(alone)
    waiting = asyncio.create_task(alone.alone("SELECT pg_sleep(60)"))

    async def is_asleep() -> bool:
        [row] = await database.alone(
            "SELECT count(*) AS count FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'", before
        )
        return bool(row["count"])

    await until(is_asleep, 10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await pid(alone) != before


async def test_no_more_are_kept_than_are_of_use(alone: Database) -> None:
    await asyncio.gather(*(alone.alone("SELECT pg_sleep(0.05)") for _ in range(6)))
    assert alone.engine.sync_engine.pool.checkedout() == MOST  # type: ignore[attr-defined]


async def test_one_that_is_kept_is_not_in_use(alone: Database) -> None:
    await alone.alone("SELECT 1")
    assert alone.connections == (0, 8)
    async with alone.transaction() as session:
        await session.execute(text("SELECT 1"))
        assert alone.connections == (1, 8)


async def test_what_a_statement_binds_is_bound_for_it_alone(alone: Database) -> None:
    workspace = str(uuid4())
    bind = "SELECT set_config('mudda.workspace', $1, true) || $2 AS bound"
    assert (await alone.of(uuid4()).bound_alone(bind))[0]["bound"] != workspace
    [row] = await alone.alone("SELECT current_setting('mudda.workspace', true) AS bound")
    assert not row["bound"]
