"""How many statements a step costs: most of what it costs beyond its call."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from db.queue import JobRow
from db.session import Database
from services.jobs import RunStep
from services.runs.batches import StepBatches
from services.runs.claims import Attempt, NextStep
from services.steps.calls import StepCall
from tests.support.picked_steps import dequeued
from tests.support.run_graphs import DO, RESULTS
from tests.support.run_starts import attempts, begun, layered, registered, run_state
from tests.support.statements import Statement, StatementLog, logged

WORKER = uuid4()


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A layered graph, and how many statements it may cost."""

    width: int
    layers: int
    statements: int


CEILINGS = (Ceiling(1, 20, 123), Ceiling(10, 10, 68), Ceiling(100, 3, 30))
"""What was measured (112, 62 and 27) and a tenth. The goals are 8 a step in a chain, and 1 at a width of 100.

Counted is all that begins steps and records them: BEGIN and COMMIT, jobs put in, what asks for the card's redraw.
Not counted is what depends on the clock: the lanes' own questions, what is read before a call, and the redraws.
`python -m tests.bench.bench_runs statements` has those, too. Lower these when the engine has become better.
"""


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
    # What the first use of a connection costs is not a step's.
    await _run(database, worker, workspace_id, Ceiling(2, 2, 0))
    log = await StatementLog.of(database.url)
    await _run(database, worker, workspace_id, ceiling)
    found = await log.take()
    await log.close()
    assert len(found) <= ceiling.statements, _most(found)


async def _run(database: Database, worker: Database, workspace_id: UUID, graph: Ceiling) -> None:
    async with database.transaction() as session:
        run_id = await begun(session, workspace_id, layered(graph.width, graph.layers))
    await carried_out(database, worker)
    assert await run_state(database, run_id) == "COMPLETED"


def _most(statements: list[Statement]) -> str:
    """Which there are most of."""
    counts = Counter(each.text[:60] for each in statements)
    return "\n".join([f"{len(statements)}:", *(f"{count:6} {text}" for text, count in counts.most_common(12))])
