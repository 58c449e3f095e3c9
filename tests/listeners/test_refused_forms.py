"""A form that Slack does not open, or not in time: the person is told privately, and it is acked in time."""

from __future__ import annotations

import time

import pytest

from bot.sandbox.slack import ErrorWord, Hold, ServerError
from bot.slack import ids
from tests.support.town_hall import LEAK, TownHall, drafted


@pytest.mark.parametrize("fault", [ErrorWord("expired_trigger_id"), ErrorWord("odd"), ServerError(503)])
async def test_a_command_whose_form_is_refused_is_answered(hall: TownHall, fault: ErrorWord | ServerError) -> None:
    hall.slack.faults.script("views.open", [fault])
    assert (await hall.slack.send_command("priya", "works", "/mudda")).acked
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "priya"))
    assert "did not open the form" in told.text


async def test_a_press_whose_form_takes_too_long_is_acked_in_time_and_answered(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    held = Hold()
    hall.slack.faults.script("views.open", [held])
    pressed = time.monotonic()
    delivery = await hall.slack.click("marco", "works", card.ts, ids.ACTION_PLAN_MORE, choice(card.blocks))
    assert delivery.acked
    assert time.monotonic() - pressed < 3
    held.released.set()
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert "did not open the form" in told.text


def choice(blocks: list[dict[str, object]]) -> object:
    """The value of the menu's option that shows all steps."""
    [menu] = [
        element
        for block in blocks
        if block["type"] == "actions"
        for element in block["elements"]  # type: ignore[attr-defined]
        if element["type"] == "overflow"
    ]
    return next(each["value"] for each in menu["options"] if each["value"].startswith(ids.CHOICE_SHOW_ALL))
