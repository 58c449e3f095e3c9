"""Plans that leave as Arazzo documents and come back: valid or refused, and approved by people as any other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.cli import plans as cli
from bot.cli.command import CommandFailed
from bot.sandbox.slack import Message
from bot.slack import ids
from db.models import AICall, AuditEvent, PlanVersion, WorkflowPlan
from tests.support.town_hall import TownHall, buttons, cards
from tests.support.town_runs import LOOK, approved, order, outcome

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SETTINGS = cli.ImportSettings(max_steps=200, time_zone="UTC", card_interval_seconds=0.2)


def request(hall: TownHall, **more: Any) -> cli.ImportRequest:
    return cli.ImportRequest(hall.slack.channel("works").id, hall.slack.user("priya").id, **more)


async def imported(hall: TownHall, document: Any, **more: Any) -> str:
    team_id = hall.slack.workspace.team.id
    source = json.dumps(document).encode()
    return await cli.import_(hall.database, team_id, source, request(hall, **more), NOW, SETTINGS)


async def count(hall: TownHall, table: Any) -> int:
    async with hall.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_plan_that_was_exported_is_imported_approved_and_carried_out(hall: TownHall) -> None:
    await approved(hall, order(), LOOK)
    await outcome(hall)
    arazzo, openapi = await cli.export(hall.database, hall.slack.workspace.team.id, 1, "plan-1.openapi.json")
    assert {each["operationId"] for path in openapi["paths"].values() for each in path.values()} == {
        "workorders.create",
        "open311.find_requests",
    }
    said = await imported(hall, arazzo, issue="The main broke again")
    assert said.splitlines()[0].endswith("this is plan #2 now. Its card is posted for approval.")

    def card() -> Message | None:
        found = (each for each in cards(hall.slack) if "main broke again" in json.dumps(each.blocks))
        return next((each for each in found if "Approve and run" in buttons(each)), None)

    shown = await hall.slack.wait_for(card, 20)
    assert len(hall.town.received("workorders.create")) == 1
    await hall.slack.click("marco", "works", shown.ts, ids.ACTION_APPROVE)
    await hall.town.wait_for("workorders.create", 2)
    async with hall.database.reading() as session:
        first, second = (await session.scalars(select(PlanVersion).order_by(PlanVersion.created_at))).all()
        actions = (await session.scalars(select(AuditEvent.action).where(AuditEvent.actor == "operator"))).all()
        calls = (await session.scalars(select(AICall.plan_id).distinct())).all()
    ordered = sorted(first.document["steps"], key=lambda step: step["step_id"])
    again = sorted(second.document["steps"], key=lambda step: step["step_id"])
    assert [step["inputs"] for step in again] == [step["inputs"] for step in ordered]
    assert list(actions) == ["plan.imported"]
    # No agent has seen it.
    assert list(calls) == [first.plan_id]


async def test_a_plan_that_is_not_valid_here_is_refused_and_nothing_is_kept(hall: TownHall) -> None:
    step: dict[str, Any] = {"stepId": "a", "operationId": "nobody.knows", "requestBody": {"payload": {"x": 1}}}
    document = {"arazzo": "1.0.1", "workflows": [{"workflowId": "w", "steps": [step]}]}
    with pytest.raises(CommandFailed, match=r"nobody\.knows(.|\n)*Nothing was imported"):
        await imported(hall, document)
    step["onFailure"] = [{"name": "n", "type": "goto"}]
    with pytest.raises(CommandFailed, match=r"onFailure: a plan has no goto"):
        await imported(hall, document)
    assert await count(hall, WorkflowPlan) == 0


async def test_what_is_asked_for_wrongly_is_said(hall: TownHall) -> None:
    team_id = hall.slack.workspace.team.id
    with pytest.raises(CommandFailed, match="There is no plan #7"):
        await cli.export(hall.database, team_id, 7, "x")
    with pytest.raises(CommandFailed, match="not the id of a channel"):
        cli.ImportRequest("works", "U0PRIYA001")
    with pytest.raises(CommandFailed, match="not the id of a person"):
        cli.ImportRequest("C0WORKS001", "priya")
