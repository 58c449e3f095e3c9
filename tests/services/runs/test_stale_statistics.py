"""PostgreSQL plans for tables as they were when they were last analyzed: a step must not cost more for that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from db.session import Database
from services.runs.step_rows import DoneStep
from services.runs.transitions import finish
from tests.support.explained import explaining
from tests.support.explained import looked_at as looked_at_by
from tests.support.picked_steps import claimed, picked, recorded, started
from tests.support.run_graphs import DO
from tests.support.run_starts import layered, now, registered, step, step_states

STEPS = 200


@pytest.fixture
async def thought_empty(database: Database) -> AsyncIterator[Database]:
    """A database whose steps were analyzed when there were none any more."""
    known = "UPDATE pg_class SET reltuples = :rows, relpages = :pages WHERE oid = 'step_runs'::regclass"
    async with database.engine.begin() as connection:
        await connection.execute(text(known), {"rows": 0, "pages": 12})
    yield database
    async with database.engine.begin() as connection:
        await connection.execute(text(known), {"rows": -1, "pages": 0})


async def looked_at(database: Database) -> int:
    """How many rows of steps PostgreSQL has looked at so far."""
    async with database.reading() as session:
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.reading() as session:
        query = text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'step_runs'")
        return await session.scalar(query) or 0


async def test_a_step_ends_without_a_look_at_each_for_each(thought_empty: Database, workspace_id: UUID) -> None:
    await registered(thought_empty, workspace_id, DO)
    followers = [f"s{number}" for number in range(STEPS)]
    graph = [step("first", "do", then=followers), *(step(name, "do") for name in followers)]
    run_id = await started(thought_empty, workspace_id, *graph)
    jobs = await picked(thought_empty)
    claims = await claimed(thought_empty, jobs)
    before = await looked_at(thought_empty)
    await recorded(thought_empty, jobs, claims)
    assert await looked_at(thought_empty) - before < 20 * STEPS
    assert sorted((await step_states(thought_empty, run_id)).values())[:1] == ["DONE"]


@pytest.mark.parametrize("is_empty", [True, False], ids=["thought empty", "analyzed"])
async def test_what_is_planned_for_any_values_grows_with_the_steps(
    database: Database, thought_empty: Database, workspace_id: UUID, is_empty: bool
) -> None:
    await registered(database, workspace_id, DO)
    found = [await _ended_at_once(database, workspace_id, width, is_empty=is_empty) for width in (20, 80)]
    # Four times as many steps, and a little more.
    assert found[1] < 6 * found[0]


async def _ended_at_once(database: Database, workspace_id: UUID, width: int, *, is_empty: bool) -> int:
    """How many rows are looked at for a layer whose steps end together, and let the next start."""
    await started(database, workspace_id, *layered(width, 2))
    jobs = await picked(database)
    claims = await claimed(database, jobs)
    if not is_empty:
        async with database.engine.begin() as connection:
            await connection.execute(text("ANALYZE step_runs"))
    ended = [
        DoneStep(job.step, claim.claim, "done", 200, {"answer": 42}, [], now())
        for (_, job), claim in zip(jobs, claims, strict=True)
    ]
    async with database.transaction(keeps_plans=True) as session:
        explained = await explaining(session)
        await finish(session, {job.run for _, job in jobs}, ended, now(), may_wait=True)
    [plan] = explained.plans
    states = set((await step_states(database, jobs[0][1].run)).values())
    assert states == {"DONE", "READY"}
    return looked_at_by(plan)
