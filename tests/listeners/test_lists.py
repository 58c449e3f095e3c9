"""`/components` and `/workflows`: private lists that can be searched and turned."""

from __future__ import annotations

import json

from bot.sandbox.slack import Message
from bot.slack import ids
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, cards, drafted, town_hall


def answer(hall: TownHall, user: str = "priya") -> Message:
    return hall.slack.ephemerals("works", user)[-1]


async def test_components_are_listed_privately(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/components")
    assert "open311" in card_text(answer(hall))
    assert hall.slack.ephemerals("works", "marco") == []
    assert hall.slack.messages("works") == []


async def test_components_can_be_searched(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/components", "crew")
    assert "crew" in card_text(answer(hall)).lower()
    await hall.slack.send_command("priya", "works", "/components", "zeppelin")
    assert "zeppelin" in card_text(answer(hall))


async def test_a_search_of_nothing_but_signs_is_no_error(hall: TownHall) -> None:
    for search in ("' OR 1=1 --", "!!!", ":*&|", "\\", "<!channel>", "x" * 3000):
        delivery = await hall.slack.send_command("priya", "works", "/components", search)
        assert delivery.acked, search
        delivery = await hall.slack.send_command("priya", "works", "/workflows", search)
        assert delivery.acked, search


async def test_pages_are_turned_in_place(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/components")
    first = answer(hall)
    before = card_text(first)
    assert "Next" in "".join(buttons(first))
    await hall.slack.click("priya", "works", first.ts, f"{ids.ACTION_COMPONENTS_PAGE}.next")
    await hall.slack.wait_for(lambda: card_text(answer(hall)) != before)
    assert len(hall.slack.ephemerals("works", "priya")) == 1
    assert "Previous" in "".join(buttons(answer(hall)))


async def test_an_empty_workspace_is_told_what_to_do(database_url: str) -> None:
    async with town_hall(database_url, components=False) as hall:
        await hall.slack.send_command("priya", "works", "/components")
        assert "components load" in card_text(answer(hall))
        await hall.slack.send_command("priya", "works", "/workflows")
        assert "/mudda" in card_text(answer(hall))


async def test_plans_are_listed_and_found_by_number_and_by_word(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    await hall.slack.send_command("marco", "works", "/workflows")
    assert "#1" in card_text(answer(hall, "marco"))
    for text in ("#1", "1"):
        await hall.slack.send_command("marco", "works", "/workflows", text)
        assert LEAK in card_text(answer(hall, "marco"))
    await hall.slack.send_command("marco", "works", "/workflows", "through the ROAD")
    assert "#1" in card_text(answer(hall, "marco"))
    await hall.slack.send_command("marco", "works", "/workflows", "zeppelin")
    assert "#1" not in card_text(answer(hall, "marco"))


async def test_a_number_that_nobody_has_is_said_plainly(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/workflows", "#999")
    message = answer(hall)
    assert "find" in message.text or "find" in json.dumps(message.blocks)


async def test_nothing_of_a_list_is_seen_by_others(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/workflows")
    assert cards(hall.slack) == []
    assert hall.slack.ephemerals("works", "marco") == []
