"""What a press costs, and that of two at once the second sees what the first has made of the step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import select, text

from db.models import StepGate, StepRun
from db.queue import JobRow, enqueue
from db.session import Database
from services.errors import NotFound, StaleVersion
from services.health.door import Caller, Door
from services.jobs import DecideRun, RunStep, StepDecision
from services.runs.claims import Attempt
from services.runs.held_steps import held_step
from services.steps.calls import ComponentCall
from tests.support.run_graphs import DO
from tests.support.run_starts import APPROVER, CHANNEL, attempts, begun, decisions, now, registered, step
from tests.support.statements import StatementLog, logged
from tests.support.waiting import happened

WORKER = uuid4()

MOST_STATEMENTS = 8
"""Of a press that begins a step, with BEGIN and COMMIT, and with what has to be known before it is sent."""


@pytest.fixture
async def gates(database: Database, workspace_id: UUID) -> list[StepRun]:
    """Two steps that wait at their gates, of two runs."""
    await registered(database, workspace_id, DO)
    async with database.transaction() as session:
        for _ in range(2):
            await begun(session, workspace_id, [step("act", "do", gate=True)])
        found = await session.scalars(select(StepRun).where(StepRun.state == "WAITING"))
        return list(found)


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[Database]:
    """The connections of a worker, whose statements PostgreSQL writes down."""
    logging_one = Database(logged(database.url)).everywhere()
    yield logging_one
    await logging_one.close()


async def press(database: Database, gate: StepRun) -> JobRow:
    """Somebody approves, and a worker has the job."""
    job = DecideRun(
        workspace=gate.workspace_id,
        target=gate.id,
        revision=gate.revision,
        decision="approve",
        user=APPROVER.user,
        channel=CHANNEL,
    )
    async with database.transaction() as session:
        await enqueue(session, job)
        picked = text(
            "UPDATE pgqueuer SET status = 'picked', queue_manager_id = :worker"
            " WHERE entrypoint = 'decide_run' AND status = 'queued' RETURNING id"
        )
        return JobRow(await session.scalar(picked, {"worker": WORKER}), WORKER, lambda: True)


async def carried_out(worker: Database, gate: StepRun, row: JobRow) -> None:
    """As the job does it, until the step may be sent."""
    ready: list[RunStep] = []
    door = Door(worker)
    async with worker.transaction() as session:
        at_hand = await decisions.decide(
            session,
            gate.workspace_id,
            gate.id,
            gate.revision,
            StepDecision.APPROVE,
            APPROVER,
            now(),
            ready=ready,
        )
        following = await attempts.begin_in_place(session, ready, row, now(), at_hand)
        assert following is not None
        assert isinstance(following.begun, Attempt)
        await door.look(session, gate.workspace_id)
    call = following.begun.call
    assert isinstance(call, ComponentCall)
    async with door.call(Caller(gate.workspace_id, uuid4(), {}), call.definition) as held:
        assert held is None


async def test_a_press_costs_no_more_statements_than_it_did(
    database: Database, worker: Database, gates: list[StepRun]
) -> None:
    # What the first use of a connection costs is not a press's.
    rows = [await press(database, gate) for gate in gates]
    await carried_out(worker, gates[0], rows[0])
    log = await StatementLog.of(database.url)
    await carried_out(worker, gates[1], rows[1])
    found = await log.take()
    await log.close()
    assert len(found) <= MOST_STATEMENTS, "\n".join(each.text[:100] for each in found)


async def test_a_press_that_waits_for_another_sees_what_came_of_it(
    database: Database, gates: list[StepRun]
) -> None:
    gate, going = gates[0], asyncio.Event()
    args = (gate.workspace_id, gate.id, gate.revision, StepDecision.APPROVE, APPROVER, now())

    async def second() -> None:
        async with database.transaction() as session:
            going.set()
            await decisions.decide(session, *args)

    watching = await asyncpg.connect(database.url)
    async with database.transaction() as session:
        await decisions.decide(session, *args)
        waiting = asyncio.create_task(second())
        await happened(going)
        async with asyncio.timeout(10):
            while not await watching.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    with pytest.raises(StaleVersion):
        await waiting
    await watching.close()


async def test_it_is_known_at_which_gate_the_step_waits(database: Database, gates: list[StepRun]) -> None:
    async with database.transaction() as session:
        held = await held_step(session, gates[0].workspace_id, gates[0].id)
        [gate] = await session.scalars(select(StepGate).where(StepGate.step_run_id == gates[0].id))
        assert held.gate is not None
        assert held.gate.id == gate.id
        assert (held.step.id, held.run.id, held.named) == (gates[0].id, gates[0].run_id, None)


@pytest.mark.parametrize("whose", ["no step", "another workspace"])
async def test_what_is_not_there_is_not_found(database: Database, gates: list[StepRun], whose: str) -> None:
    step_id = uuid4() if whose == "no step" else gates[0].id
    workspace = gates[0].workspace_id if whose == "no step" else uuid4()
    async with database.transaction() as session:
        with pytest.raises(NotFound):
            await held_step(session, workspace, step_id)
