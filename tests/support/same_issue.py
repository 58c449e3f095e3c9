"""Two reports of the same thing."""

from __future__ import annotations

from bot.sandbox.slack import Message
from tests.support.town_hall import LEAK, TownHall, card_text, cards

AGAIN = "There is a burst water main at 5th and Main"


def card_of(hall: TownHall, number: int, channel: str = "works") -> Message | None:
    """The card of a plan, if it is there."""
    return next((card for card in cards(hall.slack, channel) if f"#{number} " in card_text(card)), None)


async def card_with(hall: TownHall, number: int, *words: str, channel: str = "works") -> Message:
    """The card of a plan once it has these words, on a button or anywhere."""
    return await hall.slack.wait_for(
        lambda: next(
            (
                card
                for card in cards(hall.slack, channel)
                if f"#{number} " in card_text(card) and all(each in card_text(card) for each in words)
            ),
            None,
        ),
        60,
    )


async def first_plan(hall: TownHall, channel: str = "works") -> Message:
    """A plan for the leak, to be decided about, whose channel Slack has been asked about."""
    await hall.slack.send_command("priya", channel, "/mudda", LEAK)
    card = await card_with(hall, 1, "Approve and run", channel=channel)
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()
    return card


async def reported_again(hall: TownHall, user: str = "dana", channel: str = "works", number: int = 2) -> Message:
    """The card of the second report once it asks whether it is the same."""
    await hall.slack.send_command(user, channel, "/mudda", AGAIN)
    return await card_with(hall, number, "Same issue", channel=channel)
