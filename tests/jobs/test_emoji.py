"""An emoji on a message plans it, as the workspace has set it; nothing that people do with it makes two plans."""

from __future__ import annotations

import asyncio

import pytest

from bot.sandbox.slack import Message
from services.audit import OPERATOR
from services.workspaces import settings
from tests.support.homes import opened
from tests.support.talk import plans, told
from tests.support.town_hall import LEAK, TownHall, cards, drafted


def posted(hall: TownHall, text: str = LEAK, channel: str = "works") -> Message:
    message, _ = hall.slack.post_user_message("dana", channel, text)
    return message


async def put(hall: TownHall, message: Message, user: str = "priya", name: str = "mudda") -> None:
    """Somebody puts an emoji on a message, and the app has heard of it where it hears of any."""
    delivery = await hall.slack.gestures.react(user, message.channel, message.ts, name)
    assert delivery is None or delivery.acked


async def set_emoji(hall: TownHall, name: str) -> None:
    async with hall.database.transaction() as session:
        await settings.change(session, hall.deps.workspace.id, {"plan_emoji": name}, OPERATOR)
    async with asyncio.timeout(30):
        while (await hall.deps_now()).workspace.settings.get("plan_emoji") != name:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_the_emoji_plans_a_message_as_its_authors(hall: TownHall) -> None:
    message = posted(hall)
    await put(hall, message)
    card = await drafted(hall)
    [plan] = await plans(hall)
    people = {name: hall.slack.user(name).id for name in ("dana", "priya")}
    assert (plan.issue_text, plan.source, plan.reporter_id) == (LEAK, "emoji", people["dana"])
    assert plan.requester_id == people["priya"]
    assert card.thread_ts == message.ts
    assert plan.permalink is not None


async def test_taken_away_put_on_again_and_by_many_it_is_one_plan(hall: TownHall) -> None:
    message = posted(hall)
    await put(hall, message)
    await put(hall, message)
    assert message.reactions == {}
    await asyncio.gather(*(put(hall, message, user) for user in ("priya", "marco", "dana")))
    await drafted(hall)
    other = posted(hall, "The street lamp at 9 Elm Street is dark")
    await put(hall, other)
    await hall.slack.wait_for(lambda: len(cards(hall.slack)) == 2)
    assert len(await plans(hall)) == 2
    assert [hall.slack.ephemerals("works", user) for user in ("priya", "marco", "dana")] == [[], [], []]


async def test_another_emoji_the_bots_own_and_one_on_its_card_do_nothing(hall: TownHall) -> None:
    await put(hall, posted(hall), name="eyes")
    await put(hall, posted(hall), hall.slack.workspace.bot.id)
    message = posted(hall)
    await put(hall, message, name="mudda::skin-tone-3")
    card = await drafted(hall)
    await put(hall, card)
    await put(hall, message, "marco", "eyes")
    await put(hall, posted(hall, " "), "marco")
    await told(hall, "marco", "says nothing")
    assert len(await plans(hall)) == 1
    assert hall.slack.ephemerals("works", "priya") == []


@pytest.mark.parametrize(("chosen", "other"), [("rotating_light", "mudda"), ("off", "off")])
async def test_a_workspace_chooses_its_emoji_or_none(hall: TownHall, chosen: str, other: str) -> None:
    await set_emoji(hall, chosen)
    await put(hall, posted(hall), name=other)
    await put(hall, posted(hall), name="mudda")
    assert "Emoji that plans a message" in await opened(hall, "marco", "none" if chosen == "off" else chosen)
    last = posted(hall, "The street lamp at 9 Elm Street is dark")
    await hall.slack.send_mention("priya", "works", "please handle this", last.ts)
    await drafted(hall)
    assert [plan.source for plan in await plans(hall)] == ["mention"]
    if chosen != "off":
        await put(hall, posted(hall), name=chosen)
        await hall.slack.wait_for(lambda: len(cards(hall.slack)) == 2)


async def test_where_the_bot_is_not_nobody_hears_of_it(hall: TownHall) -> None:
    message = posted(hall, channel="town-square")
    assert await hall.slack.gestures.react("priya", "town-square", message.ts, "mudda") is None
