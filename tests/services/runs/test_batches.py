"""Steps of many runs in one transaction: what holds one of them up holds up no other."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.models import Run, StepRun
from db.session import Database
from services.errors import NotFound
from services.jobs import RunStep
from services.runs.batches import StepBatches
from services.runs.claims import Attempt
from services.states import StepState
from services.steps.results import StepResult
from tests.support.run_starts import attempts, begun, registered, step, step_states

DO = {"key": "do", "http_method": "POST", "endpoint_url": "https://works.example.gov/do"}
DONE = StepResult(StepState.DONE, "done", 200, {"ok": True})


@pytest.fixture
async def jobs(database: Database, workspace_id: UUID) -> list[RunStep]:
    """The first steps of two runs."""
    await registered(database, workspace_id, DO)
    async with database.transaction() as session:
        run_ids = [await begun(session, workspace_id, [step("act", "do")]) for _ in range(2)]
    async with database.reading() as session:
        rows = [
            (await session.execute(select(StepRun.id).where(StepRun.run_id == run_id))).scalar_one()
            for run_id in run_ids
        ]
    return [
        RunStep(workspace=workspace_id, run=run_id, step=step_id, attempt=1)
        for run_id, step_id in zip(run_ids, rows, strict=True)
    ]


async def test_a_run_that_somebody_holds_holds_up_no_other(database: Database, jobs: list[RunStep]) -> None:
    commits = StepBatches(database, attempts)
    held, other = jobs
    async with database.transaction() as session:
        await session.execute(select(Run.id).where(Run.id == held.run).with_for_update())
        beginning = asyncio.create_task(commits.begin(held))
        attempt = await asyncio.wait_for(commits.begin(other), 10)
        assert isinstance(attempt, Attempt)
        assert await asyncio.wait_for(commits.record(other, attempt, DONE), 10)
        assert not beginning.done()
    assert isinstance(await beginning, Attempt)
    await commits.close()


async def test_a_job_that_is_wrong_takes_no_other_along(database: Database, jobs: list[RunStep]) -> None:
    commits = StepBatches(database, attempts)
    wrong = jobs[1].model_copy(update={"run": jobs[0].run})
    begun_steps = await asyncio.gather(commits.begin(jobs[0]), commits.begin(wrong), return_exceptions=True)
    assert [type(each) for each in begun_steps] == [Attempt, NotFound]


async def test_of_another_workspace_nothing_is_carried_out(database: Database, jobs: list[RunStep]) -> None:
    strange = jobs[0].model_copy(update={"workspace": jobs[0].run})
    with pytest.raises(NotFound):
        await StepBatches(database, attempts).begin(strange)
    assert await step_states(database, jobs[0].run) == {"act": "READY"}


async def test_a_result_is_kept_until_it_can_be_written(database: Database, jobs: list[RunStep]) -> None:
    commits = StepBatches(database, attempts)
    attempt = await commits.begin(jobs[0])
    assert isinstance(attempt, Attempt)
    async with database.engine.begin() as session:
        # What a server that shuts down answers with, for this table alone.
        await session.execute(
            text(
                "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'away' USING ERRCODE = '57P01'; END $$"
            )
        )
        await session.execute(
            text("CREATE TRIGGER away BEFORE INSERT ON step_attempts FOR EACH ROW EXECUTE FUNCTION away()")
        )
    recording = asyncio.create_task(commits.record(jobs[0], attempt, DONE))
    again = asyncio.create_task(
        commits.begin(jobs[0])
    )  # which must not take the step for one that nobody knows of
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(recording), 0.5)
    recording.cancel()
    async with database.engine.begin() as session:
        await session.execute(text("DROP TRIGGER away ON step_attempts"))
    assert await again is None
    assert await step_states(database, jobs[0].run) == {"act": "DONE"}
    await commits.close()
