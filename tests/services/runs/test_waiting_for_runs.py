"""Who waits for a run's row sees what was written meanwhile, though the same statement reads what is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from db.session import Database
from services.runs.claims import Attempt, AttemptOutcome
from tests.support.picked_steps import claimed, dequeued, picked, started
from tests.support.run_graphs import DO, READ, RESULTS
from tests.support.run_starts import APPROVER, attempts, now, registered, runs, step, step_states, until


@pytest.fixture
async def workspace(database: Database, workspace_id: UUID) -> UUID:
    await registered(database, workspace_id, DO, READ)
    return workspace_id


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[Database]:
    """The connections of another process."""
    database = Database(database_url).everywhere()
    yield database
    await database.close()


async def waits(database: Database) -> bool:
    """Whether somebody waits for a row."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with database.engine.connect() as connection:
        return bool(await connection.scalar(text(query)))


async def test_a_step_that_began_meanwhile_is_taken_up_and_not_begun(
    database: Database, other: Database, workspace: UUID
) -> None:
    await started(database, workspace, step("one", "read"))
    [(_, job)] = await picked(database)

    async def begin_again() -> object:
        async with other.transaction() as session:
            [found] = await attempts.begin(session, [job], now())
        return found

    async with database.transaction() as session:
        [first] = await attempts.begin(session, [job], now())
        waiting = asyncio.create_task(begin_again())
        await until(lambda: waits(database), 10)
    second = await asyncio.wait_for(waiting, 10)
    assert isinstance(first, Attempt)
    assert isinstance(second, Attempt)
    assert (first.is_resumed, second.is_resumed) == (False, True)


async def test_what_ends_while_its_run_is_cancelled_lets_nothing_start(
    database: Database, other: Database, workspace: UUID
) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    jobs = await dequeued(database, UUID(int=1))
    [claim] = await claimed(database, jobs)
    came = AttemptOutcome(jobs[0][1], claim, RESULTS["done"], jobs[0][0])

    async def record() -> object:
        async with other.transaction() as session:
            [found] = await attempts.record(session, [came], now())
        return found

    async with database.transaction() as session:
        await runs.cancel(session, workspace, run_id, APPROVER, now())
        waiting = asyncio.create_task(record())
        await until(lambda: waits(database), 10)
    assert await asyncio.wait_for(waiting, 10) is True
    assert await step_states(database, run_id) == {"one": "DONE", "two": "CANCELLED"}
