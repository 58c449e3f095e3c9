"""A forecast is read from what the workspace's own steps came to, of late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepAttempt, StepRun, WorkflowPlan, Workspace
from db.session import Database
from services.ai.usage import Usage
from services.plans.forecast import Forecast
from services.queries import forecasts
from services.states import PlanState, RunState, StepState
from tests.support import runs_on_record
from tests.support.plans_on_record import drafted, issue, opened, queries, workflows

NOW = datetime.now(UTC)
Went = Sequence[tuple[str, float]]
"""The attempts of a step: the outcome of each, and when it ended, in seconds; each began when the last ended."""


async def planted(
    session: AsyncSession, workspace_id: UUID, went: Went, times: int, *, key: str = "look", days: float = 1
) -> None:
    """So many steps of a component that all went like this, in a run of a plan of their own."""
    plan_id = await runs_on_record.plan(session, workspace_id, number=uuid4().int % 2**30)
    run_id = uuid4()
    run = {"id": run_id, "plan_id": plan_id, "version": 1, "number": 1, "state": RunState.COMPLETED}
    await session.execute(insert(Run).values(workspace_id=workspace_id, components={}, started_by="U2", **run))
    began = NOW - timedelta(days=days)
    for number in range(times):
        step_id = uuid4()
        await session.execute(
            insert(StepRun).values(
                id=step_id,
                workspace_id=workspace_id,
                run_id=run_id,
                step_id=f"s{number}",
                position=number,
                step={},
                component_key=key,
                followers=[],
                waiting_for=0,
                state=StepState.DONE,
                gated=False,
                warnings=[],
                ended_at=began + timedelta(seconds=went[-1][1]) if went else began,
            )
        )
        starts = [0.0, *(end for _, end in went)]
        for attempt, (outcome, end) in enumerate(went):
            await session.execute(
                insert(StepAttempt).values(
                    workspace_id=workspace_id,
                    step_run_id=step_id,
                    number=attempt + 1,
                    outcome=outcome,
                    facts={},
                    started_at=began + timedelta(seconds=starts[attempt]),
                    ended_at=began + timedelta(seconds=end),
                )
            )


@pytest.fixture
async def plan_id(database: Database, workspace_id: UUID) -> UUID:
    """A draft of one step of the component "look"."""
    plan_id = await opened(database, workspace_id)
    await drafted(database, workspace_id, plan_id)
    return plan_id


async def told(database: Database, workspace_id: UUID, plan_id: UUID) -> Forecast:
    async with database.of(workspace_id).reading() as session:
        found = (await queries.get(session, workspace_id, plan_id)).forecast
    assert found is not None
    return found


async def test_without_a_history_it_says_so(database: Database, workspace_id: UUID, plan_id: UUID) -> None:
    assert await told(database, workspace_id, plan_id) == Forecast(unknown=("look",))


@pytest.mark.parametrize(
    ("went", "seconds", "chance"),
    [
        ([("done", 4)], 4, 1),
        ([("retry", 1), ("retry", 3), ("done", 9)], 9, 1),
        ([("failed", 1)], None, 0),
        ([("failed", 1), ("done", 500)], None, 0),
        ([("uncertain", 1)], None, 0),
        ([("interrupted", 1)], None, 0),
        ([("retry", 1), ("failed", 2)], None, 0),
        ([("done", -1)], 0, 1),
    ],
)
async def test_what_attempts_come_to(
    database: Database, workspace_id: UUID, plan_id: UUID, went: Went, seconds: float | None, chance: float
) -> None:
    async with database.transaction() as session:
        await planted(session, workspace_id, went, 5)
    assert await told(database, workspace_id, plan_id) == Forecast(seconds, seconds, chance)


async def test_shares_and_spread_are_those_on_record(
    database: Database, workspace_id: UUID, plan_id: UUID
) -> None:
    async with database.transaction() as session:
        await planted(session, workspace_id, [("done", 2)], 7)
        await planted(session, workspace_id, [("done", 90)], 2)
        await planted(session, workspace_id, [("failed", 1)], 1)
    made = await told(database, workspace_id, plan_id)
    assert (made.usual_seconds, made.long_seconds, made.chance) == (2, 90, 0.9)


@pytest.mark.parametrize("case", ["few", "old", "of another component", "never tried", "still at it"])
async def test_what_does_not_count(database: Database, workspace_id: UUID, plan_id: UUID, case: str) -> None:
    async with database.transaction() as session:
        match case:
            case "few":
                await planted(session, workspace_id, [("retry", 1), ("done", 2)], 4)
            case "old":
                await planted(session, workspace_id, [("done", 2)], 9, days=91)
            case "of another component":
                await planted(session, workspace_id, [("done", 2)], 9, key="other")
            case "never tried":
                await planted(session, workspace_id, [], 9)
            case "still at it":
                await planted(session, workspace_id, [("retry", 1)], 9)
                await session.execute(update(StepRun).values(ended_at=None))
    assert await told(database, workspace_id, plan_id) == Forecast(unknown=("look",))


async def test_what_other_workspaces_did_does_not_count(
    database: Database, workspace_id: UUID, plan_id: UUID
) -> None:
    async with database.transaction() as session:
        other = (
            await session.execute(insert(Workspace).values(team_id="T9", name="Other").returning(Workspace.id))
        ).scalar_one()
        await planted(session, other, [("done", 2)], 9)
        await planted(session, workspace_id, [("done", 30)], 4)
    # Also where PostgreSQL shows all of them, and the query alone has to keep them apart.
    for scope in (database.of(workspace_id), database):
        async with scope.reading() as session:
            found = (await queries.get(session, workspace_id, plan_id)).forecast
        assert found == Forecast(unknown=("look",))
    async with database.transaction() as session:
        await planted(session, workspace_id, [("done", 30)], 1)
    assert (await told(database, workspace_id, plan_id)).usual_seconds == 30


async def test_of_many_steps_the_last_are_looked_at(database: Database, workspace_id: UUID, plan_id: UUID) -> None:
    async with database.transaction() as session:
        await planted(session, workspace_id, [("done", 60)], 50, days=2)
        await planted(session, workspace_id, [("done", 3)], forecasts.STEPS, days=1)
    made = await told(database, workspace_id, plan_id)
    assert (made.usual_seconds, made.long_seconds) == (3, 3)


async def test_the_tokens_of_every_draft_of_the_plan_count(
    database: Database, workspace_id: UUID, plan_id: UUID
) -> None:
    other_plan = await opened(database, workspace_id, issue("k2"))
    usage = Usage("m", "planner", 10, 5, 15, 100, "ok", 1)
    async with database.transaction() as session:
        await workflows.record_calls(session, workspace_id, plan_id, [usage, usage])
        await workflows.record_calls(session, workspace_id, plan_id, [usage])
        await workflows.record_calls(session, workspace_id, other_plan, [usage])
    assert (await told(database, workspace_id, plan_id)).tokens == 45


@pytest.mark.parametrize("state", set(PlanState) - {PlanState.DRAFT})
async def test_only_what_is_to_be_decided_about_has_one(
    database: Database, workspace_id: UUID, plan_id: UUID, state: PlanState
) -> None:
    async with database.transaction() as session:
        await session.execute(update(WorkflowPlan).values(state=state))
        assert (await queries.get(session, workspace_id, plan_id)).forecast is None
