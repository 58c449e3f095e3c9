"""One workspace's rush, limits and spending are no matter of another's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from bot.sandbox.slack import RateLimited
from db.models import AICall, WorkflowPlan, Workspace
from db.session import Database
from services.ai.budget import TokenBudget
from services.states import FailureCode, PlanState
from tests.support.town_hall import LEAK, card_text, cards
from tests.support.towns import Towns, rush, two_towns


@pytest.fixture
async def towns(database_url: str) -> AsyncIterator[Towns]:
    async with two_towns(database_url) as running:
        yield running


@pytest.mark.parametrize("commands", [150, pytest.param(1_000, marks=pytest.mark.soak)])
async def test_a_rush_does_not_hold_up_another_town(towns: Towns, commands: int) -> None:
    """By order and not by the clock, which `tests.bench.bench_fairness` looks at."""
    await rush(towns, commands)
    busy, calm = towns.slacks
    await calm.send_command("priya", "works", "/mudda", LEAK)
    await calm.wait_for(lambda: cards(calm), timeout=90)
    assert len(cards(busy)) < commands / 2


async def test_slacks_limit_for_one_town_holds_up_nobody_else(towns: Towns) -> None:
    limited, other = towns.slacks
    limited.faults.script("chat.postMessage", [RateLimited(30)] * 5)
    for _ in range(5):
        await limited.send_command("priya", "works", "/mudda", LEAK)
    await limited.wait_for_calls("chat.postMessage", 5)
    await other.send_command("priya", "works", "/mudda", LEAK)
    await other.wait_for(lambda: cards(other), timeout=10)
    assert cards(limited) == []


async def test_a_budget_that_is_used_up_is_said_in_that_town_only(towns: Towns) -> None:
    poor, other = towns.slacks
    deps = await towns.deps(0)
    async with towns.database.transaction() as session:
        own = {"tokens_per_day": 100}
        await session.execute(update(Workspace).where(Workspace.id == deps.workspace.id).values(settings=own))
        await session.execute(insert(AICall).values(call(deps.workspace.id, 100)))
    known = towns.bot.tenants
    known.forget()  # type: ignore[attr-defined]
    for slack in towns.slacks:
        await slack.send_command("priya", "works", "/mudda", LEAK)
    plans = await towns.until(
        WorkflowPlan, lambda found: sorted(plan.state for plan in found) == [PlanState.DRAFT, PlanState.FAILED]
    )
    [failed] = [plan for plan in plans if plan.state == PlanState.FAILED]
    assert (failed.workspace_id, failed.failure["code"]) == (deps.workspace.id, FailureCode.BUDGET)
    said = "may spend on the model today is used up"
    await poor.wait_for(lambda: said in card_text(cards(poor)[0]))
    assert said not in card_text(cards(other)[0])


def call(workspace_id: UUID, tokens: int, at: datetime | None = None) -> dict[str, object]:
    return {
        "workspace_id": workspace_id,
        "agent": "planner",
        "model": "m",
        "prompt_tokens": tokens,
        "output_tokens": 0,
        "total_tokens": tokens,
        "latency_ms": 1,
        "attempts": 1,
        "outcome": "ok",
        "created_at": at or datetime.now(UTC),
    }


@pytest.mark.parametrize(
    ("used", "hours_ago", "limit", "is_used_up"),
    [
        (99, 1, 100, False),
        (100, 1, 100, True),
        (500, 1, 0, False),
        # 03:00 in Chicago: an hour ago is today, four hours ago was yesterday.
        (500, 4, 100, False),
    ],
)
async def test_a_day_is_the_towns_own(
    database: Database, workspace_id: UUID, used: int, hours_ago: int, limit: int, is_used_up: bool
) -> None:
    now = datetime(2027, 1, 15, 9, tzinfo=UTC)
    async with database.transaction() as session:
        await session.execute(insert(AICall).values(call(workspace_id, used, now - timedelta(hours=hours_ago))))
        budget = TokenBudget(limit, ZoneInfo("America/Chicago"))
        assert await budget.is_used_up(session, workspace_id, now) == is_used_up
