"""Buttons about what is not there any more: the person is told so privately, and Slack gets its 200."""

from __future__ import annotations

from uuid import uuid4

import pytest

from bot.sandbox.town import Status
from bot.slack import ids
from tests.support.town_hall import TownHall, buttons
from tests.support.town_runs import approved, order, press, step, with_button


@pytest.mark.parametrize("label", ["Details", "Reject step", "Skip step"])
async def test_a_button_of_what_is_not_there_any_more(hall: TownHall, label: str) -> None:
    hall.town.script("open311.find_requests", Status(422))
    await approved(hall, order(gate=True), step("look", "open311.find_requests"))
    card = await with_button(hall, label)
    button = buttons(card)[label]
    click = hall.slack.prepare_click("dana", "works", card.ts, button["action_id"], button["value"])
    gone = ids.Ref(uuid4(), ids.Ref.decode(button["value"]).revision).encode()
    click.body = click.body.replace(button["value"].encode(), gone.encode())
    assert (await hall.slack.deliver(click)).acked
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "dana"))
    assert "can't find that" in told.text
    assert hall.slack.views("dana") == []
    await press(hall, "Cancel run")
