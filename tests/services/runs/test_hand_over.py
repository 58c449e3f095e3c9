"""What a step that is over lets start is begun in its transaction, and goes on in the row of its job."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import StepRun
from db.queue import JobRow
from db.session import Database
from services.jobs import JobDeferral, RunStep
from services.runs.claims import Attempt, AttemptOutcome, NextStep, RecordResult
from services.steps.calls import StepCall
from services.steps.results import StepResult
from tests.support.run_graphs import DO, RESULTS
from tests.support.run_starts import attempts, begun, now, registered, step, step_states

WORKER = uuid4()


@pytest.fixture
async def workspace(database: Database, workspace_id: UUID) -> UUID:
    await registered(database, workspace_id, DO)
    return workspace_id


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


async def test_the_next_step_goes_on_in_the_same_row(database: Database, workspace: UUID) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    named = await ids(database, run_id)
    jobs = await picked(database)
    [following] = await recorded(database, jobs, await claimed(database, jobs))
    assert isinstance(following, NextStep)
    assert isinstance(following.begun, Attempt)
    assert following.job.step == named["two"]
    assert await step_states(database, run_id) == {"one": "DONE", "two": "RUNNING"}
    assert await queue(database) == {jobs[0][0].id: ("picked", named["two"])}
    assert await recorded(database, [(jobs[0][0], following.job)], [following.begun]) == [True]
    assert await step_states(database, run_id) == {"one": "DONE", "two": "DONE"}


@pytest.mark.parametrize("why", ["it is somebody else's turn", "another worker has the row"])
async def test_else_it_goes_through_the_queue(database: Database, workspace: UUID, why: str) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    named = await ids(database, run_id)
    jobs = await picked(database, may_go_on=why != "it is somebody else's turn")
    claims = await claimed(database, jobs)
    if why == "another worker has the row":
        async with database.transaction() as session:
            await session.execute(text("UPDATE pgqueuer SET queue_manager_id = gen_random_uuid()"))
    assert await recorded(database, jobs, claims) == [True]
    assert await step_states(database, run_id) == {"one": "DONE", "two": "READY"}
    rows = await queue(database)
    assert rows.pop(jobs[0][0].id) == ("picked", named["one"])
    assert list(rows.values()) == [("queued", named["two"])]


async def test_as_many_as_there_are_places(database: Database, workspace: UUID) -> None:
    after = [f"after{number}" for number in range(3)]
    run_id = await started(
        database, workspace, step("one", "do", then=after), *(step(name, "do") for name in after)
    )
    jobs = await picked(database)
    await recorded(database, jobs, await claimed(database, jobs))
    assert sorted((await step_states(database, run_id)).values()) == ["DONE", "READY", "READY", "RUNNING"]
    assert sorted(state for state, _ in (await queue(database)).values()) == ["picked", "queued", "queued"]


async def test_two_that_end_at_once_have_one_follower(database: Database, workspace: UUID) -> None:
    run_id = await started(
        database, workspace, step("a", "do", then=["c"]), step("b", "do", then=["c"]), step("c", "do")
    )
    jobs = await picked(database)
    came = await recorded(database, jobs, await claimed(database, jobs))
    assert sorted(type(each).__name__ for each in came) == ["NextStep", "bool"]
    assert await step_states(database, run_id) == {"a": "DONE", "b": "DONE", "c": "RUNNING"}


async def test_a_follower_at_a_gate_or_with_a_condition_starts_as_ever(
    database: Database, workspace: UUID
) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["gated"]), step("gated", "do", gate=True))
    jobs = await picked(database)
    assert await recorded(database, jobs, await claimed(database, jobs)) == [True]
    assert await step_states(database, run_id) == {"one": "DONE", "gated": "WAITING"}


async def test_a_follower_that_cannot_be_sent_fails_and_its_place_is_free(
    database: Database, workspace: UUID
) -> None:
    run_id = await started(
        database, workspace, step("one", "do", then=["two"]), step("two", "do", body__name="{{one.missing}}")
    )
    jobs = await picked(database)
    [following] = await recorded(database, jobs, await claimed(database, jobs))
    assert isinstance(following, NextStep)
    assert following.begun is None
    assert await step_states(database, run_id) == {"one": "DONE", "two": "FAILED"}


async def test_a_commit_of_which_nobody_told_is_found_by_its_row(database: Database, workspace: UUID) -> None:
    """The connection broke after the commit: the result is recorded again, and the row is the next step's."""
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    jobs = await picked(database)
    claims = await claimed(database, jobs)
    await recorded(database, jobs, claims)
    [again] = await recorded(database, jobs, claims)
    assert isinstance(again, NextStep)
    assert isinstance(again.begun, JobDeferral)
    assert await step_states(database, run_id) == {"one": "DONE", "two": "RUNNING"}


async def test_what_fails_is_nobody_elses_place(database: Database, workspace: UUID) -> None:
    run_id = await started(database, workspace, step("one", "do", then=["two"]), step("two", "do"))
    jobs = await picked(database)
    assert await recorded(database, jobs, await claimed(database, jobs), RESULTS["fail"]) == [True]
    assert await step_states(database, run_id) == {"one": "FAILED", "two": "PENDING"}
