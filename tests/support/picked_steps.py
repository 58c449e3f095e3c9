"""Steps whose jobs are taken from the queue as workers take them: with the queue's rows, which may move on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import EntrypointExecutionParameter, Queries
from pgqueuer.types import QueueEntrypoint, QueueManagerId
from sqlalchemy import select, text

from db.models import StepRun
from db.queue import JobRow
from db.session import Database
from services.jobs import RunStep
from services.runs.claims import Attempt, AttemptOutcome, NextStep, RecordResult
from services.steps.calls import StepCall
from services.steps.results import StepResult
from tests.support.run_graphs import RESULTS
from tests.support.run_starts import attempts, begun, now

WORKER = uuid4()

STALE = timedelta(seconds=15)
"""After so long without a heartbeat a row is another worker's to take."""


async def dequeued(database: Database, worker: UUID) -> list[tuple[JobRow, RunStep]]:
    """Take what PgQueuer gives a worker: what is queued, and what others have and do not keep alive."""
    connection = await asyncpg.connect(database.url)
    try:
        found = await Queries(AsyncpgDriver(connection)).dequeue(
            128,
            {QueueEntrypoint("run_step"): EntrypointExecutionParameter(0)},
            QueueManagerId(worker),
            None,
            STALE,
        )
    finally:
        await connection.close()
    return [
        (JobRow(job.id, worker, lambda: True), RunStep.model_validate_json(job.payload or b"")) for job in found
    ]


async def silent(database: Database) -> None:
    """No row has had a heartbeat for a while."""
    async with database.transaction() as session:
        await session.execute(text("UPDATE pgqueuer SET heartbeat = now() - interval '20 seconds'"))


async def picked(database: Database, *, may_go_on: bool = True) -> list[tuple[JobRow, RunStep]]:
    """Take every queued step, as PgQueuer does for a worker's lane."""
    async with database.transaction() as session:
        rows = await session.execute(
            text(
                "UPDATE pgqueuer SET status = 'picked', queue_manager_id = :worker"
                " WHERE entrypoint = 'run_step' AND status = 'queued' RETURNING id, payload"
            ),
            {"worker": WORKER},
        )
        return [
            (JobRow(row.id, WORKER, lambda: may_go_on), RunStep.model_validate_json(row.payload)) for row in rows
        ]


async def queue(database: Database) -> dict[int, tuple[str, UUID]]:
    """The steps that there are jobs for, by their rows: in which state, and which step."""
    async with database.reading() as session:
        rows = await session.execute(
            text("SELECT id, status::text, payload FROM pgqueuer WHERE entrypoint = 'run_step'")
        )
        return {row.id: (row.status, RunStep.model_validate_json(row.payload).step) for row in rows}


async def ids(database: Database, run_id: UUID) -> dict[str, UUID]:
    async with database.reading() as session:
        rows = await session.execute(select(StepRun.step_id, StepRun.id).where(StepRun.run_id == run_id))
        return {row.step_id: row.id for row in rows}


async def claimed(database: Database, jobs: Sequence[tuple[JobRow, RunStep]]) -> list[Attempt[StepCall]]:
    async with database.transaction() as session:
        found = await attempts.begin(session, [job for _, job in jobs], now())
    assert all(isinstance(each, Attempt) for each in found)
    return [each for each in found if isinstance(each, Attempt)]


async def recorded(
    database: Database,
    jobs: Sequence[tuple[JobRow, RunStep]],
    claims: Sequence[Attempt[StepCall]],
    result: StepResult = RESULTS["done"],
) -> list[RecordResult]:
    came = [AttemptOutcome(job, claim, result, row) for (row, job), claim in zip(jobs, claims, strict=True)]
    async with database.transaction() as session:
        found = await attempts.record(session, came, now())
    assert all(isinstance(each, bool | NextStep) for each in found)
    return [each for each in found if isinstance(each, bool | NextStep)]


async def started(database: Database, workspace_id: UUID, *steps: object) -> UUID:
    async with database.transaction() as session:
        return await begun(session, workspace_id, list(steps))  # type: ignore[arg-type]
