"""What a person's word lets start is begun in the transaction that writes it down, in the place of its job."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import StepRun
from db.queue import JobRow, enqueue
from db.session import Database
from services.jobs import DecideRun, RunStep, StepDecision
from services.runs.claims import Attempt, NextStep
from services.states import RunState
from tests.support.run_graphs import DO
from tests.support.run_starts import (
    APPROVER,
    CHANNEL,
    attempts,
    begun,
    decisions,
    now,
    registered,
    run_state,
    step,
    step_states,
)

WORKER = uuid4()


@pytest.fixture
async def workspace(database: Database, workspace_id: UUID) -> UUID:
    await registered(database, workspace_id, DO)
    return workspace_id


async def at_work(database: Database, workspace: UUID, step_id: UUID, *, may_go_on: bool = True) -> JobRow:
    """A worker has picked the job of a press."""
    press = DecideRun(
        workspace=workspace, target=step_id, revision=1, decision="approve", user=APPROVER.user, channel=CHANNEL
    )
    async with database.transaction() as session:
        await enqueue(session, press)
        picked = text(
            "UPDATE pgqueuer SET status = 'picked', queue_manager_id = :worker"
            " WHERE entrypoint = 'decide_run' RETURNING id"
        )
        return JobRow(await session.scalar(picked, {"worker": WORKER}), WORKER, lambda: may_go_on)


async def approved(
    database: Database, workspace: UUID, place: JobRow | None, row: StepRun, kind: StepDecision
) -> NextStep | None:
    ready: list[RunStep] = []
    async with database.transaction() as session:
        await decisions.decide(
            session, workspace, row.id, row.revision, kind, APPROVER, now(), "because", ready=ready
        )
        return await attempts.begin_in_place(session, ready, place, now())


async def queue(database: Database) -> list[tuple[str, str]]:
    """What jobs of steps there are, and of presses."""
    async with database.reading() as session:
        found = await session.execute(
            text(
                "SELECT entrypoint, status::text FROM pgqueuer"
                " WHERE entrypoint IN ('run_step', 'decide_run') ORDER BY id"
            )
        )
        return [(row.entrypoint, row.status) for row in found]


async def gate(database: Database, run_id: UUID) -> StepRun:
    async with database.reading() as session:
        query = select(StepRun).where(StepRun.run_id == run_id, StepRun.state == "WAITING")
        return (await session.scalars(query)).one()


async def started(database: Database, workspace: UUID, *steps: object) -> UUID:
    async with database.transaction() as session:
        return await begun(session, workspace, list(steps))  # type: ignore[arg-type]


async def test_an_approved_step_is_begun_and_whoever_takes_the_job_over_knows(
    database: Database, workspace: UUID
) -> None:
    run_id = await started(database, workspace, step("act", "do", gate=True))
    row = await gate(database, run_id)
    following = await approved(
        database, workspace, await at_work(database, workspace, row.id), row, StepDecision.APPROVE
    )
    assert following is not None
    assert isinstance(following.begun, Attempt)
    assert await step_states(database, run_id) == {"act": "RUNNING"}
    assert await run_state(database, run_id) == RunState.RUNNING
    # The press is no job any more: it has been carried out, and must not be again.
    assert await queue(database) == [("run_step", "picked")]


@pytest.mark.parametrize("has_row", [True, False])
async def test_where_there_is_no_place_it_goes_through_the_queue(
    database: Database, workspace: UUID, has_row: bool
) -> None:
    run_id = await started(database, workspace, step("act", "do", gate=True))
    row = await gate(database, run_id)
    place = await at_work(database, workspace, row.id, may_go_on=False)
    following = await approved(database, workspace, place if has_row else None, row, StepDecision.APPROVE)
    assert following is None
    assert await step_states(database, run_id) == {"act": "READY"}
    assert await queue(database) == [("decide_run", "picked"), ("run_step", "queued")]


async def rejected(database: Database, workspace: UUID, run_id: UUID) -> StepRun:
    """The step that waited at its gate, which has failed by that."""
    await approved(database, workspace, None, await gate(database, run_id), StepDecision.REJECT)
    async with database.reading() as session:
        query = select(StepRun).where(StepRun.run_id == run_id, StepRun.state == "FAILED")
        return (await session.scalars(query)).one()


async def test_one_goes_on_in_place_and_the_others_through_the_queue(database: Database, workspace: UUID) -> None:
    graph = step("act", "do", gate=True, then=["one", "two"]), step("one", "do"), step("two", "do")
    run_id = await started(database, workspace, *graph)
    row = await rejected(database, workspace, run_id)
    place = await at_work(database, workspace, row.id)
    assert await approved(database, workspace, place, row, StepDecision.SKIP) is not None
    assert sorted((await step_states(database, run_id)).values()) == ["READY", "RUNNING", "SKIPPED"]
    assert await queue(database) == [("run_step", "picked"), ("run_step", "queued")]


async def test_a_step_that_cannot_be_sent_fails_and_its_run_with_it(database: Database, workspace: UUID) -> None:
    graph = step("act", "do", gate=True, then=["two"]), step("two", "do", body__name="{{act.missing}}")
    run_id = await started(database, workspace, *graph)
    row = await rejected(database, workspace, run_id)
    place = await at_work(database, workspace, row.id)
    following = await approved(database, workspace, place, row, StepDecision.SKIP)
    assert following is not None
    assert following.begun is None
    assert await step_states(database, run_id) == {"act": "SKIPPED", "two": "FAILED"}
    assert await run_state(database, run_id) == RunState.FAILED
