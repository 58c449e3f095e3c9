"""What is meant well goes through: forty reports, many of which look like an attack to whoever looks for words."""

from __future__ import annotations

from collections.abc import Callable

from bot.sandbox.slack import Message
from services.mentions import escaped
from tests.hostile.benign import BENIGN
from tests.support.town_hall import TownHall, buttons, cards, hall

__all__ = ["hall"]


async def test_all_of_them_get_a_plan(hall: TownHall, record_property: Callable[[str, object], None]) -> None:
    for number, text in enumerate(BENIGN):
        # As fast by a command as by a mention, and of one person no more than a person writes in a minute.
        if number % 2:
            await hall.slack.send_mention("priya", "works", escaped(text))
        else:
            await hall.slack.send_command("dana", "works", "/mudda", escaped(text))

    def drawn() -> list[Message] | None:
        found = [card for card in cards(hall.slack) if buttons(card)]
        return found if len(found) == len(BENIGN) else None

    found = await hall.slack.wait_for(drawn, 180)
    planned = sum("Approve and run" in buttons(card) for card in found)
    record_property("hostile", {"benign": len(BENIGN), "passed": planned})
    assert planned == len(BENIGN), [card.text for card in found if "Approve and run" not in buttons(card)]
