"""Runs in the town: plans as people would approve them, and the presses that carry them on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.slack import ids
from db.models import Run, StepRun
from tests.support.notifications import told
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import LEAK, TownHall, buttons, cards, drafted


def step(step_id: str, component: str, *, after: str = "", gate: bool = False, **inputs: str) -> dict[str, Any]:
    """A step on the wire; an input's name is `place__name`."""
    return {
        "step_id": step_id,
        "component_id": component,
        "description": f"Do {step_id}",
        "inputs": [
            {"in": name.split("__")[0], "name": name.split("__")[1], "value": value}
            for name, value in inputs.items()
        ],
        "outputs": [],
        "next": after.split() if after else [],
        "requires_approval": gate,
    }


LOOK = step("look", "open311.find_requests", after="order")


def reply(**more: Any) -> dict[str, Any]:
    """A step that is not safe to repeat."""
    return step(
        "reply",
        "notifications.reply_to_reporter",
        body__reporter="{{issue.reporter}}",
        body__message="We are on it",
        **more,
    )


CHECK = step("check", "workorders.get", path__work_order_id="{{reply.reply_id}}")


def order(**more: Any) -> dict[str, Any]:
    return step(
        "order",
        "workorders.create",
        path__area="downtown",
        body__title="Mend the main",
        body__category="water",
        **more,
    )


async def approved(hall: TownHall, *steps: dict[str, Any], told_first: Iterable[str] = ()) -> Message:
    """Have a plan of these steps drafted, and approve it once some people, by their names, were told of it."""
    plan = {"workflow_name": "Stop the leak", "description": "Mend it.", "steps": list(steps)}
    script_plan(hall.gemini, plan)
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert "Approve and run" in buttons(card), json.dumps(card.blocks)[:2000]
    for name in told_first:
        await told(hall, name)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    return card


async def run_state(hall: TownHall) -> str:
    async with hall.database.reading() as session:
        return str(await session.scalar(select(Run.state)))


async def step_states(hall: TownHall) -> dict[str, str]:
    async with hall.database.reading() as session:
        rows = await session.execute(select(StepRun.step_id, StepRun.state))
        return {row.step_id: row.state for row in rows}


async def with_button(hall: TownHall, label: str) -> Message:
    return await hall.slack.wait_for(
        lambda: next((card for card in cards(hall.slack) if label in buttons(card)), None), 20
    )


async def press(hall: TownHall, label: str, user: str = "marco") -> None:
    card = await with_button(hall, label)
    button = buttons(card)[label]
    await hall.slack.click(user, "works", card.ts, button["action_id"], button["value"])


async def skip(hall: TownHall, user: str = "marco", reason: str | None = None) -> None:
    """Press Skip step, and submit its form."""
    await press(hall, "Skip step", user)
    [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: reason}})


async def outcome(hall: TownHall) -> Message:
    return await hall.slack.wait_for(
        lambda: next(
            (
                message
                for message in hall.slack.channel("works").messages.values()
                if (message.metadata or {}).get("event_type") == ids.METADATA_OUTCOME
            ),
            None,
        ),
        20,
    )
