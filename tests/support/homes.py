"""Somebody's Home, opened and looked at, and what is done there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack import Delivery
from bot.slack import ids
from tests.support.town_hall import TownHall


async def opened(hall: TownHall, user: str, *said: str) -> str:
    """Open a Home, and wait until it says all of these; all that it says then."""
    before = home_text(hall, user)
    delivery = await hall.slack.open_home(user)
    assert delivery is not None
    assert delivery.acked
    if not said:
        return await hall.slack.wait_for(
            lambda: home_text(hall, user) if home_text(hall, user) != before else None
        )
    return await saying(hall, user, *said)


async def saying(hall: TownHall, user: str, *said: str) -> str:
    """Wait until a Home says all of these; all that it says then."""

    def found() -> str | None:
        text = home_text(hall, user)
        return text if text and all(words in text for words in said) else None

    return await hall.slack.wait_for(found)


async def no_longer_saying(hall: TownHall, user: str, said: str) -> None:
    """Wait until a Home no longer says this."""
    await hall.slack.wait_for(lambda: said not in home_text(hall, user))


def home_text(hall: TownHall, user: str) -> str:
    """All that a Home says, to look for words in; empty where there is none."""
    home = hall.slack.home(user)
    return json.dumps(home.blocks, ensure_ascii=False) if home else ""


def home_buttons(hall: TownHall, user: str) -> Iterator[dict[str, Any]]:
    """The buttons on a Home, from top to bottom."""
    home = hall.slack.home(user)
    for block in home.blocks if home else ():
        if block["type"] == "actions":
            yield from (each for each in block["elements"] if each["type"] == "button")


async def press_home(hall: TownHall, user: str, label: str) -> Delivery:
    """Press the first button of that label on a Home."""
    home = hall.slack.home(user)
    assert home is not None
    button = next(each for each in home_buttons(hall, user) if each["text"]["text"] == label)
    return await hall.slack.click_in_view(user, home.id, button["action_id"], button.get("value"))


async def settings(hall: TownHall, user: str, **changes: Any) -> Delivery:
    """Open the form of settings on a Home, and submit it with these changes, each by the name of its input."""
    await press_home(hall, user, "Change settings")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views(user))
    values: dict[str, dict[str, Any]] = {}
    for name, value in changes.items():
        block, action = getattr(ids, f"BLOCK_{name.upper()}"), getattr(ids, f"INPUT_{name.upper()}")
        values[block] = {action: value}
    return await hall.slack.submit_view(view.id, values)
