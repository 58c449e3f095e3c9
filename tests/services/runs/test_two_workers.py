"""Two workers and one run: what is taken over from one that is dead or asleep, and what both let start at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import StepAttempt, StepRun
from db.queue import JobRow
from db.session import Database
from services.jobs import JobDeferral, RunStep
from services.runs.claims import Attempt, AttemptOutcome, NextStep
from services.steps.calls import StepCall
from tests.support.picked_steps import claimed, dequeued, ids, queue, recorded, silent, started
from tests.support.run_graphs import DO, READ, RESULTS, begin
from tests.support.run_starts import attempts, now, registered, step, step_states, until

FIRST, SECOND = uuid4(), uuid4()
"""Workers."""

Claimed = tuple[JobRow, RunStep, Attempt[StepCall]]


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


async def chain(database: Database, workspace: UUID, component: str) -> UUID:
    names = ("one", "two", "three")
    steps = [step(name, component, then=then) for name, then in zip(names, (["two"], ["three"], []), strict=True)]
    return await started(database, workspace, *steps)


async def handed_over(database: Database, run_id: UUID) -> Claimed:
    """The first worker has carried out the first step, and has begun the second in its place."""
    jobs = await dequeued(database, FIRST)
    [following] = await recorded(database, jobs, await claimed(database, jobs))
    assert isinstance(following, NextStep)
    assert isinstance(following.begun, Attempt)
    assert await step_states(database, run_id) == {"one": "DONE", "two": "RUNNING", "three": "PENDING"}
    return jobs[0][0], following.job, following.begun


async def done(database: Database, run_id: UUID) -> Counter[str]:
    """How often each step was recorded as done."""
    async with database.reading() as session:
        rows = await session.scalars(
            select(StepRun.step_id)
            .join(StepAttempt, StepAttempt.step_run_id == StepRun.id)
            .where(StepRun.run_id == run_id, StepAttempt.outcome == "done")
        )
        return Counter(rows)


async def test_what_a_killed_worker_had_begun_in_place_is_taken_over(database: Database, workspace: UUID) -> None:
    run_id = await chain(database, workspace, "read")
    lost_row, lost_job, _ = await handed_over(database, run_id)
    assert await dequeued(database, SECOND) == [], "its heart may still beat"
    await silent(database)
    [(row, job)] = await dequeued(database, SECOND)
    assert (row.id, job) == (lost_row.id, lost_job)
    attempt = await begin(database, job)
    assert attempt is not None
    [following] = await recorded(database, [(row, job)], [attempt])
    assert isinstance(following, NextStep)
    assert isinstance(following.begun, Attempt)
    assert await recorded(database, [(row, following.job)], [following.begun]) == [True]
    assert await done(database, run_id) == {"one": 1, "two": 1, "three": 1}


async def test_what_may_not_be_repeated_is_for_a_person_to_look_at(database: Database, workspace: UUID) -> None:
    """It was begun, and nobody can tell whether the call was made."""
    run_id = await chain(database, workspace, "do")
    await handed_over(database, run_id)
    await silent(database)
    [(_, job)] = await dequeued(database, SECOND)
    assert await begin(database, job) is None
    assert await step_states(database, run_id) == {"one": "DONE", "two": "UNCERTAIN", "three": "PENDING"}


async def test_a_worker_that_slept_takes_nothing_back(database: Database, workspace: UUID) -> None:
    """It wakes up while the other one is at the same step, at the next one, and when the run is over."""
    run_id = await chain(database, workspace, "read")
    named = await ids(database, run_id)
    slept_row, slept_job, slept = await handed_over(database, run_id)
    await silent(database)
    [(row, job)] = await dequeued(database, SECOND)
    attempt = await begin(database, job)
    assert attempt is not None
    assert await recorded(database, [(slept_row, slept_job)], [slept]) == [False]
    assert await step_states(database, run_id) == {"one": "DONE", "two": "RUNNING", "three": "PENDING"}

    [following] = await recorded(database, [(row, job)], [attempt])
    assert isinstance(following, NextStep)
    assert isinstance(following.begun, Attempt)
    [answer] = await recorded(database, [(slept_row, slept_job)], [slept])
    assert isinstance(answer, NextStep)
    assert isinstance(answer.begun, JobDeferral), "the row is left alone: it is another step's and worker's"
    assert await queue(database) == {row.id: ("picked", named["three"])}
    assert await owner(database, row) == SECOND
    assert await step_states(database, run_id) == {"one": "DONE", "two": "DONE", "three": "RUNNING"}

    assert await recorded(database, [(row, following.job)], [following.begun]) == [True]
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM pgqueuer WHERE id = :id"), {"id": row.id})
    assert await recorded(database, [(slept_row, slept_job)], [slept]) == [False]
    assert await done(database, run_id) == {"one": 1, "two": 1, "three": 1}


async def test_steps_that_two_workers_end_at_once_begin_what_follows_once(
    database: Database, other: Database, workspace: UUID
) -> None:
    run_id = await started(
        database, workspace, step("a", "do", then=["c"]), step("b", "do", then=["c"]), step("c", "do")
    )
    jobs = await dequeued(database, FIRST)
    async with database.transaction() as session:
        # One row each.
        await session.execute(
            text("UPDATE pgqueuer SET queue_manager_id = :of WHERE id = :id"), {"of": SECOND, "id": jobs[1][0].id}
        )
    jobs[1][0].owner = SECOND
    claims = await claimed(database, jobs)
    [first], [second] = (
        [AttemptOutcome(job, claim, RESULTS["done"], row)] for (row, job), claim in zip(jobs, claims, strict=True)
    )
    async with database.transaction() as session:
        came_first = await attempts.record(session, [first], now())
        waiting = asyncio.create_task(_recorded(other, second))
        # It must not look at what is before the follower until this one has been written.
        await until(lambda: _waits(database), 10)
    assert came_first == [True]
    following = await asyncio.wait_for(waiting, 10)
    assert isinstance(following, NextStep)
    assert isinstance(following.begun, Attempt)
    assert await step_states(database, run_id) == {"a": "DONE", "b": "DONE", "c": "RUNNING"}
    named = await ids(database, run_id)
    assert [step_id for _, step_id in (await queue(database)).values()].count(named["c"]) == 1


async def _recorded(database: Database, came: AttemptOutcome) -> object:
    async with database.transaction() as session:
        [answer] = await attempts.record(session, [came], now())
    return answer


async def _waits(database: Database) -> bool:
    """Whether somebody waits for a row."""
    async with database.engine.connect() as connection:
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(await connection.scalar(query))


async def owner(database: Database, row: JobRow) -> UUID | None:
    async with database.reading() as session:
        query = text("SELECT queue_manager_id FROM pgqueuer WHERE id = :id")
        found: UUID | None = await session.scalar(query, {"id": row.id})
        return found
