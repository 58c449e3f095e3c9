"""Graphs carried out without a network: large ones, and small ones at random against a model."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import StepAttempt, StepRun
from db.session import Database
from services.jobs import RunStep, StepDecision
from tests.support.run_graphs import DO, READ, RESULTS, Edges, carry_out, play, taken
from tests.support.run_starts import (
    APPROVER,
    begun,
    decisions,
    now,
    registered,
    run_state,
    step,
    step_states,
)


async def carry_out_all(database: Database, jobs: Iterable[RunStep]) -> None:
    """Let eight workers carry steps out until none is left; what becomes ready on the way, too."""
    remaining = list(jobs)

    async def work() -> None:
        while remaining:
            assert await carry_out(database, remaining.pop(), RESULTS["done"])

    while remaining:
        await asyncio.gather(*(work() for _ in range(8)))
        remaining.extend(await taken(database))


async def assert_every_step_was_done_once_in_order(database: Database, run_id: UUID, edges: Edges) -> None:
    async with database.reading() as session:
        attempts = Counter(
            await session.scalars(
                select(StepRun.step_id)
                .join(StepAttempt, StepAttempt.step_run_id == StepRun.id)
                .where(StepRun.run_id == run_id)
            )
        )
        rows = await session.execute(
            select(StepRun.step_id, StepRun.started_at, StepRun.ended_at).where(StepRun.run_id == run_id)
        )
        times = {row.step_id: (row.started_at, row.ended_at) for row in rows}
    assert attempts == dict.fromkeys(edges, 1)
    assert all(times[before][1] <= times[after][0] for before, then in edges.items() for after in then)
    assert await run_state(database, run_id) == "COMPLETED"


@pytest.mark.soak
async def test_one_step_fans_out_to_a_thousand_and_they_into_one(database: Database, workspace_id: UUID) -> None:
    await registered(database, workspace_id, DO)
    wide = [f"w{number}" for number in range(1_000)]
    edges: dict[str, Sequence[str]] = {"first": wide, **{name: ["last"] for name in wide}, "last": []}
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, [step(name, "do", then=then) for name, then in edges.items()])
    await carry_out_all(database, await taken(database))
    await assert_every_step_was_done_once_in_order(database, run_id, edges)


@pytest.mark.soak
async def test_a_thousand_steps_and_four_thousand_edges_complete(database: Database, workspace_id: UUID) -> None:
    await registered(database, workspace_id, DO)
    chance = random.Random(random.random())
    names = [f"s{number}" for number in range(1_000)]
    chosen: set[tuple[int, int]] = set()
    while len(chosen) < 4_000:
        after = chance.randrange(1, 1_000)
        chosen.add((chance.randrange(after), after))
    edges: defaultdict[str, list[str]] = defaultdict(list, {name: [] for name in names})
    for before, after in chosen:
        edges[names[before]].append(names[after])
    steps = [step(name, "do", then=edges[name]) for name in names]
    chance.shuffle(steps)
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, steps)
    await carry_out_all(database, await taken(database))
    await assert_every_step_was_done_once_in_order(database, run_id, edges)


@pytest.mark.parametrize(
    ("number", "graphs"), [(0, 3), (1, 3), (2, 3), (3, 3), pytest.param(4, 40, marks=pytest.mark.soak)]
)
async def test_whatever_happens_a_run_is_where_the_model_says(
    database: Database, workspace_id: UUID, number: int, graphs: int
) -> None:
    """So many graphs each, at random: pytest prints the seed that brings them back."""
    await registered(database, workspace_id, DO, READ)
    chance = random.Random(f"{random.random()} {number}")
    for _ in range(graphs):
        game = await play(database, workspace_id, chance)
        await game.agrees()
        while await game.something_happens():
            await game.agrees()
        assert game.model.run in ("COMPLETED", "CANCELLED"), "people decide until nothing is left to decide"


async def test_a_retry_of_a_gated_step_that_still_can_not_be_resolved_fails_again(
    database: Database, workspace_id: UUID
) -> None:
    await registered(database, workspace_id, DO)
    steps = [
        step("first", "do", then=["second"]),
        step("second", "do", gate=True, body__number="{{first.nowhere}}"),
    ]
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, steps)
    await carry_out_all(database, await taken(database))
    assert await step_states(database, run_id) == {"first": "DONE", "second": "FAILED"}
    async with database.transaction() as session:
        row = (await session.execute(select(StepRun).where(StepRun.step_id == "second"))).scalar_one()
        await decisions.decide(session, workspace_id, row.id, row.revision, StepDecision.RETRY, APPROVER, now())
    async with database.reading() as session:
        again = (await session.execute(select(StepRun).where(StepRun.step_id == "second"))).scalar_one()
    assert (again.state, again.error) == ("FAILED", row.error)
    assert again.error is not None
