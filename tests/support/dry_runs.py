"""A dry run, as people ask for one."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.slack import Message
from bot.slack import ids
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import LEAK, TownHall, buttons, drafted


async def draft(hall: TownHall, *steps: dict[str, Any]) -> Message:
    plan = {"workflow_name": "Stop the leak", "description": "Mend it.", "steps": list(steps)}
    script_plan(hall.gemini, plan)
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert "Approve and run" in buttons(card), json.dumps(card.blocks)[:2000]
    return card


def option(card: Message, label: str) -> str:
    """The value of an option of the card's menu."""
    [menu] = [
        element
        for block in card.blocks or []
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "overflow"
    ]
    return next(str(item["value"]) for item in menu["options"] if item["text"]["text"] == label)


async def choose(hall: TownHall, card: Message, label: str, user: str = "marco") -> None:
    await hall.slack.click(user, "works", card.ts, ids.ACTION_PLAN_MORE, option(card, label))
