"""Issues that leave something out, and what is asked about them."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack import Message
from bot.slack import ids
from services.jobs import AnswerClarification
from tests.support.refining import the_plan
from tests.support.town_hall import TownHall, buttons, card_text, cards

PLACELESS = "The street light is broken and it is dark"


async def asking(hall: TownHall, text: str = PLACELESS, user: str = "priya") -> Message:
    """State an issue by command, and wait until its card asks."""
    await hall.slack.send_command(user, "works", "/mudda", text)
    return await asked_card(hall)


async def asked_card(hall: TownHall) -> Message:
    """The card once it asks."""
    return await hall.slack.wait_for(
        lambda: next((card for card in cards(hall.slack) if "Plan anyway" in buttons(card)), None), 60
    )


async def planned(hall: TownHall, *words: str) -> Message:
    """The card once there is a plan on it, with these words."""
    return await hall.slack.wait_for(
        lambda: next(
            (
                card
                for card in cards(hall.slack)
                if "Approve and run" in buttons(card) and all(each in card_text(card) for each in words)
            ),
            None,
        ),
        60,
    )


async def thread_of(hall: TownHall, card: Message) -> list[Message]:
    """What the bot has asked in the thread of a card."""
    found = hall.slack.messages("works", thread_ts=card.ts)
    return [each for each in found if (each.metadata or {}).get("event_type") == ids.METADATA_CLARIFICATION]


async def answer_job(
    hall: TownHall, key: str = "click:1", user: str = "priya", **what: Any
) -> AnswerClarification:
    """An answer as a listener hands it over."""
    return AnswerClarification(
        key=key,
        workspace=hall.deps.workspace.id,
        plan=(await the_plan(hall)).id,
        user=hall.slack.user(user).id,
        channel=hall.slack.channel("works").id,
        **what,
    )
