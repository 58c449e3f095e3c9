"""How many statements a step costs: most of what it costs beyond its call."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import StepRun
from db.queue import JobRow, enqueue
from db.session import Database
from services.jobs import RunStep, StepDecision
from services.runs.batches import StepBatches
from services.runs.claims import Attempt, NextStep
from services.steps.calls import StepCall
from tests.support.picked_steps import dequeued
from tests.support.run_graphs import DO, RESULTS
from tests.support.run_starts import (
    APPROVER,
    attempts,
    begun,
    decisions,
    layered,
    now,
    registered,
    run_state,
    step,
)
from tests.support.statements import Statement, StatementLog, logged

WORKER = uuid4()


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A layered graph, and how many statements it may cost."""

    width: int
    layers: int
    statements: int


CEILINGS = (Ceiling(1, 20, 34), Ceiling(10, 10, 51), Ceiling(100, 3, 23))
"""What was measured (30, 47 and 19) and a tenth. The goals are 8 a step in a chain, and 1 at a width of 100.

Counted is all that begins steps and records them: BEGIN and COMMIT, jobs put in, what asks for the card's redraw.
Not counted is what depends on the clock: the lanes' own questions, what is read before a call, and the redraws.
`python -m tests.bench.bench_runs statements` has those, too. Lower these when the engine has become better.
"""


PRESS = 9
"""The decision, on record; gate, step and run; the begin, with the mark on a card; BEGIN, two to read, COMMIT."""

PING = ("BEGIN;", "ROLLBACK;", ";")
"""Whether a connection lives that was not used for a second."""


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Database]:
    """The connections of a worker, whose statements PostgreSQL writes down."""
    logging_one = Database(logged(database.url)).everywhere()
    yield logging_one
    await logging_one.close()


async def carried_out(database: Database, worker: Database) -> None:
    """Carry out all that there is, by calls that begin together and end together."""
    batches = StepBatches(worker, attempts)
    going: list[tuple[JobRow, RunStep, Attempt[StepCall]]] = []
    while True:
        jobs = await dequeued(database, WORKER)
        found = await asyncio.gather(*(batches.begin(job) for _, job in jobs))
        going += [(*job, each) for job, each in zip(jobs, found, strict=True) if isinstance(each, Attempt)]
        if not going:
            break
        came = await asyncio.gather(
            *(batches.record(job, attempt, RESULTS["done"], row) for row, job, attempt in going)
        )
        going = [
            (row, each.job, each.begun)
            for (row, _, _), each in zip(going, came, strict=True)
            if isinstance(each, NextStep) and isinstance(each.begun, Attempt)
        ]
    await batches.close()


@pytest.mark.parametrize("ceiling", CEILINGS, ids=lambda each: f"{each.width}x{each.layers}")
async def test_no_more_statements_than_there_were(
    database: Database, worker: Database, workspace_id: UUID, ceiling: Ceiling
) -> None:
    await registered(database, workspace_id, DO)
    # What the first use of a connection costs is not a step's: of one of the pool, and of the one kept for chains.
    for width in (2, 1):
        await _run(database, worker, workspace_id, Ceiling(width, 3, 0))
    log = await StatementLog.of(database.url)
    await _run(database, worker, workspace_id, ceiling)
    found = await log.take()
    await log.close()
    assert len(found) <= ceiling.statements, _most(found)


async def test_a_press_begins_its_step_with_few_statements(
    database: Database, worker: Database, workspace_id: UUID
) -> None:
    await registered(database, workspace_id, DO)
    await _press(database, worker, workspace_id)
    log = await StatementLog.of(database.url)
    await _press(database, worker, workspace_id)
    found = [each for each in await log.take() if each.text not in PING]
    await log.close()
    # Once for each run: what its components are.
    assert len(found) <= PRESS + 1, _most(found)


async def _press(database: Database, worker: Database, workspace_id: UUID) -> None:
    """Somebody approves a step at its gate, which is begun in the place of the press."""
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, [step("act", "do", gate=True)])
        await session.execute(text("DELETE FROM pgqueuer"))
        row = (await session.scalars(select(StepRun).where(StepRun.run_id == run_id))).one()
        await enqueue(session, RunStep(workspace=workspace_id, run=run_id, step=row.id, attempt=1))
        taken = "UPDATE pgqueuer SET status = 'picked', queue_manager_id = :worker RETURNING id"
        place = JobRow(await session.scalar(text(taken), {"worker": WORKER}), WORKER, lambda: True)
    ready: list[RunStep] = []
    async with worker.transaction(keeps_plans=True) as session:
        at_hand = await decisions.decide(
            session, workspace_id, row.id, row.revision, StepDecision.APPROVE, APPROVER, now(), ready=ready
        )
        following = await attempts.begin_in_place(session, ready, place, now(), at_hand)
    assert following is not None
    assert isinstance(following.begun, Attempt)


async def _run(database: Database, worker: Database, workspace_id: UUID, graph: Ceiling) -> None:
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, layered(graph.width, graph.layers))
    await carried_out(database, worker)
    assert await run_state(database, run_id) == "COMPLETED"


def _most(statements: list[Statement]) -> str:
    """Which there are most of."""
    counts = Counter(each.text[:60] for each in statements)
    return "\n".join([f"{len(statements)}:", *(f"{count:6} {text}" for text, count in counts.most_common(12))])
