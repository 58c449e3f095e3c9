"""A draft that is no longer wanted is thrown away, however far it has come."""

from __future__ import annotations

import logging
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from bot.sandbox.gemini.faults import Hold
from db.models import PlanVersion, WorkflowPlan
from tests.support.town_hall import TownHall, cards
from tests.support.waiting import happened


@pytest.mark.parametrize("agent", ["selector", "planner"])
async def test_a_draft_whose_claim_has_passed_to_another_is_thrown_away(
    hall: TownHall, agent: str, caplog: pytest.LogCaptureFixture
) -> None:
    held = Hold()
    hall.gemini.script(held, agent=agent)
    await hall.slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main")
    await hall.slack.wait_for(lambda: cards(hall.slack))
    await happened(held.reached)
    async with hall.database.transaction() as session:
        await session.execute(update(WorkflowPlan).values(claim=uuid4()))
    with caplog.at_level(logging.INFO, "mudda.drafts"):
        held.released.set()
        assert hall.bot.worker is not None
        await hall.bot.worker.idle()
    assert "thrown away" in caplog.text
    async with hall.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(PlanVersion)) == 0
