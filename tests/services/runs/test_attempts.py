"""Attempts of one step: how they count, and what is kept of them."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import StepAttempt, StepRun
from db.session import Database
from services.connectors import Response
from services.jobs import RunStep
from services.runs.claims import Attempt, AttemptOutcome
from services.states import StepState
from services.steps.calls import ComponentCall
from services.steps.results import StepResult, result_of
from tests.support.run_starts import attempts, begun, decided, now, registered, step, step_states

DO = {"key": "do", "http_method": "POST", "endpoint_url": "https://works.example.gov/do", "attempts": 2}
ODD = {"code": "not_json", "at": "", "keyword": "", "expected": ""}


@pytest.fixture
async def run_id(database: Database, workspace_id: UUID) -> UUID:
    await registered(database, workspace_id, DO)
    async with database.transaction() as session:
        return await begun(session, workspace_id, [step("one", "do")])


async def carried_out(database: Database, workspace_id: UUID, run_id: UUID, status: int | None) -> int:
    """Make an attempt of the step that is answered like this; which it is since a person last had it tried."""
    async with database.transaction() as session:
        row = (await session.scalars(select(StepRun).where(StepRun.run_id == run_id))).one()
        job = RunStep(workspace=workspace_id, run=run_id, step=row.id, attempt=row.attempt)
        [attempt] = await attempts.begin(session, [job], now())
    assert isinstance(attempt, Attempt)
    assert isinstance(attempt.call, ComponentCall)
    if status is None:
        result = StepResult(StepState.DONE, "done", 200, {}, None, (ODD,))
    else:
        answer = Response(status, "application/json", None, 0.1, 0)
        result = result_of(answer, attempt.call.definition, attempt.tries)
    async with database.transaction() as session:
        assert await attempts.record(session, [AttemptOutcome(job, attempt, result)], now()) == [True]
    return attempt.tries


@pytest.mark.parametrize("last", [429, 500])
async def test_a_retry_by_a_person_gives_all_attempts_anew(
    database: Database, workspace_id: UUID, run_id: UUID, last: int
) -> None:
    tried = [await carried_out(database, workspace_id, run_id, status) for status in (429, last)]
    ended = {429: "FAILED", 500: "UNCERTAIN"}[last]
    assert await step_states(database, run_id) == {"one": ended}
    await decided(database, workspace_id, run_id, "one", "retry")
    tried += [await carried_out(database, workspace_id, run_id, 429)]
    assert await step_states(database, run_id) == {"one": "READY"}
    tried += [await carried_out(database, workspace_id, run_id, 429)]
    assert await step_states(database, run_id) == {"one": "FAILED"}
    assert tried == [1, 2, 1, 2]
    async with database.reading() as session:
        numbers = await session.scalars(select(StepAttempt.number).order_by(StepAttempt.number))
        assert list(numbers) == [1, 2, 3, 4]


async def test_what_was_odd_is_kept_with_the_step(database: Database, workspace_id: UUID, run_id: UUID) -> None:
    await carried_out(database, workspace_id, run_id, None)
    async with database.reading() as session:
        assert await session.scalar(select(StepRun.warnings).where(StepRun.run_id == run_id)) == [ODD]
