"""Which earlier plans are examples for an issue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, update

from db.models import PlanVersion, Run, WorkflowPlan
from db.session import Database
from services import workspaces
from services.learning.examples import LATEST, MAX_LOADED, similar_plans
from services.states import PlanState, RunState
from tests.support.plans_on_record import NOW

ISSUE = "A tree has fallen on the road near the school"


async def approved(
    database: Database, workspace_id: UUID, text: str, key: str, *, state: str = PlanState.APPROVED
) -> UUID:
    """A plan for an issue, of one step with a component."""
    plan_id = uuid4()
    async with database.transaction() as session:
        await session.execute(insert(WorkflowPlan).values(plan_row(workspace_id, plan_id, text, state)))
        await session.execute(insert(PlanVersion).values(version_row(workspace_id, plan_id, key)))
    return plan_id


def plan_row(workspace_id: UUID, plan_id: UUID, text: str, state: str, days: int = 0) -> dict[str, Any]:
    return {
        "id": plan_id,
        "workspace_id": workspace_id,
        "number": plan_id.int % 2_000_000_000,
        "inbox_key": str(plan_id),
        "source": "command",
        "channel_id": "C1",
        "reporter_id": "U1",
        "issue_text": text,
        "state": state,
        "version": 1,
        "decided_at": NOW - timedelta(days=days),
    }


def version_row(workspace_id: UUID, plan_id: UUID, key: str) -> dict[str, Any]:
    steps = [{"step_id": "a", "component_id": key, "description": "For Mrs Miller", "inputs": [], "next": []}]
    return {
        "workspace_id": workspace_id,
        "plan_id": plan_id,
        "version": 1,
        "document": {"workflow_name": "Miller", "steps": steps},
        "components": [{"key": key}],
        "selected": [key],
        "warnings": [],
        "model": "m",
        "tokens": 1,
        "seconds": 0.1,
    }


async def ran(database: Database, workspace_id: UUID, plan_id: UUID, *states: str) -> None:
    async with database.transaction() as session:
        for number, state in enumerate(states, 1):
            row = {
                "workspace_id": workspace_id,
                "plan_id": plan_id,
                "version": 1,
                "number": number,
                "state": state,
            }
            await session.execute(insert(Run).values(**row, components={}, started_by="U1"))


async def found(database: Database, workspace_id: UUID, text: str = ISSUE) -> list[str]:
    """The component that each example used."""
    async with database.of(workspace_id).reading() as session:
        return [key for each in await similar_plans(session, workspace_id, text) for key in each.components]


async def test_the_likest_issue_comes_first(database: Database, workspace_id: UUID) -> None:
    await approved(database, workspace_id, "The lamp on Elm Street is out", "lamps")
    await approved(database, workspace_id, "A fallen tree near the school blocks the road", "likest")
    await approved(database, workspace_id, "Trees are falling in the park", "trees")
    await approved(database, workspace_id, "There is a hole in the road", "holes")
    keys = await found(database, workspace_id)
    assert keys[0] == "likest"
    assert set(keys) == {"likest", "trees", "holes"}
    async with database.of(workspace_id).reading() as session:
        examples = await similar_plans(session, workspace_id, ISSUE)
    assert examples[0].likeness == 1
    assert [each.likeness for each in examples] == sorted((each.likeness for each in examples), reverse=True)
    assert "Miller" not in str(examples)


@pytest.mark.parametrize("state", [state for state in PlanState if state is not PlanState.APPROVED])
async def test_only_what_was_approved_is_an_example(database: Database, workspace_id: UUID, state: str) -> None:
    await approved(database, workspace_id, ISSUE, "a", state=state)
    assert await found(database, workspace_id) == []


@pytest.mark.parametrize(
    ("runs", "is_example"),
    [
        ([], True),
        ([RunState.RUNNING], True),
        ([RunState.WAITING], True),
        ([RunState.COMPLETED], True),
        ([RunState.FAILED], False),
        ([RunState.CANCELLED], False),
        ([RunState.FAILED, RunState.COMPLETED], True),
        ([RunState.COMPLETED, RunState.CANCELLED], False),
    ],
)
async def test_what_people_thought_better_of_is_none(
    database: Database, workspace_id: UUID, runs: list[str], is_example: bool
) -> None:
    await ran(database, workspace_id, await approved(database, workspace_id, ISSUE, "a"), *runs)
    assert await found(database, workspace_id) == (["a"] if is_example else [])


async def test_another_workspace_teaches_nothing(database: Database, workspace_id: UUID) -> None:
    async with database.transaction() as session:
        other = await workspaces.ensure(session, "T0002", "Shelbyville")
    await approved(database, other, ISSUE, "theirs")
    assert await found(database, workspace_id) == []
    async with database.reading() as session:
        assert await similar_plans(session, workspace_id, ISSUE) == ()


async def test_no_more_than_so_many_are_read(database: Database, workspace_id: UUID) -> None:
    for number in range(MAX_LOADED + 3):
        await approved(database, workspace_id, ISSUE, f"c{number}")
    assert len(await found(database, workspace_id)) == MAX_LOADED


async def test_a_plan_that_is_no_example_is_left_out(database: Database, workspace_id: UUID) -> None:
    plan_id = await approved(database, workspace_id, ISSUE, "a")
    await approved(database, workspace_id, ISSUE, "b")
    async with database.transaction() as session:
        empty = update(PlanVersion).where(PlanVersion.plan_id == plan_id)
        await session.execute(empty.values(document={"workflow_name": "x", "steps": []}))
    assert await found(database, workspace_id) == ["b"]


@pytest.mark.parametrize(
    "text", ["", " \n", "\x00", "\ud800", "':* & | !", "the of and", "x" * 40_000, "道路から水", "words " * 6_000]
)
async def test_no_text_is_an_error(database: Database, workspace_id: UUID, text: str) -> None:
    await approved(database, workspace_id, "Вода на дороге у школы", "a")
    assert await found(database, workspace_id, text) == []
    assert await found(database, workspace_id, "Опять вода у школы") == ["a"]


async def test_the_longest_issue_can_be_kept(database: Database, workspace_id: UUID) -> None:
    await approved(database, workspace_id, "é" * 40_000, "a")
    await approved(database, workspace_id, " ".join(f"w{n}ö" for n in range(40_000)), "b")
    await approved(database, workspace_id, "a.b/c@d " * 5_000, "c")


async def test_of_ten_thousand_plans_the_latest_are_looked_through(database: Database, workspace_id: UUID) -> None:
    """What is old makes no example, even where nothing newer fits; how long it takes is in bench_examples."""
    ids = [uuid4() for _ in range(LATEST + 1)]
    async with database.transaction() as session:
        rows = [plan_row(workspace_id, each, "A lamp", PlanState.APPROVED, n) for n, each in enumerate(ids)]
        rows[-1]["issue_text"] = rows[-2]["issue_text"] = ISSUE
        await session.execute(insert(WorkflowPlan), rows)
        await session.execute(insert(PlanVersion), version_row(workspace_id, ids[-2], "late"))
        await session.execute(insert(PlanVersion), version_row(workspace_id, ids[-1], "too_old"))
    assert await found(database, workspace_id) == ["late"]
