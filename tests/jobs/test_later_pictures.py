"""Pictures that come later, or without a word: with a wish, with an answer, before anything was said."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.gemini.faults import Status
from bot.sandbox.slack import Message
from bot.sandbox.slack.state.files import File, file_object
from services.ai.intents import Intent
from tests.support.clarifying import asking, planned
from tests.support.photos import photo
from tests.support.refining import card_where, the_plan, versions
from tests.support.talk import answered, heard, heard_one, plans, told
from tests.support.town_hall import TownHall, card_text, cards, drafted, plan_card


def brought(hall: TownHall, user: str, *files: tuple[str, bytes]) -> tuple[dict[str, Any], ...]:
    """Files that somebody has brought to Slack, as Slack describes them in a message."""
    workspace, made = hall.slack.workspace, []
    for name, content in files:
        kept = hall.slack.upload(user, name)
        file = File(kept.id, kept.user, kept.name, kept.mimetype, content, kept.at)
        workspace.files.add(file, most=50_000_000)
        made.append(file_object(file, workspace.team, hall.slack.url))
    return tuple(made)


def say(
    hall: TownHall, user: str, channel: str, text: str, *files: tuple[str, bytes], thread_ts: str | None = None
) -> Message:
    """Somebody writes, with files."""
    sent = brought(hall, user, *files)
    message, _ = hall.slack.post_user_message(
        user, channel, text, thread_ts, files=sent, subtype="file_share" if files else None
    )
    return message


def seen(hall: TownHall, agent: str) -> int:
    """How many pictures an agent was shown last."""
    return len([each for each in hall.gemini.transcript if each.agent == agent][-1].pictures)


def names(plan: Any) -> list[str]:
    return [each["name"] for each in plan.pictures]


WISH = "Ask before the crew is assigned"


async def test_a_wish_comes_with_its_pictures_and_those_of_the_issue(hall: TownHall) -> None:
    root = say(hall, "priya", "works", "Water is coming up through the road at 5th and Main", ("a.png", photo()))
    await hall.slack.send_mention("priya", "works", "please handle this", root.ts)
    card = await drafted(hall)
    say(
        hall,
        "priya",
        "works",
        WISH,
        ("b.png", photo()),
        ("no.png", b"no"),
        ("list.pdf", b"%PDF"),
        thread_ts=card.thread_ts,
    )
    card = await card_where(hall, "Changed by")
    assert (seen(hall, "selector"), seen(hall, "refiner")) == (2, 2)
    assert "“no.png” is not a picture" in card_text(card)
    assert names(await the_plan(hall)) == ["b.png", "no.png", "a.png"]
    assert (await versions(hall))[-1].wish == f"{WISH}\n(Attached: list.pdf)"


async def test_of_more_pictures_than_are_looked_at_those_of_the_wish_come_first(hall: TownHall) -> None:
    await plan_card(hall)
    card = cards(hall.slack)[0]
    say(hall, "priya", "works", WISH, *((f"{n}.png", photo()) for n in range(4)), thread_ts=card.ts)
    await card_where(hall, "Changed by")
    say(hall, "priya", "works", "Leave out the notice to residents", ("new.png", photo()), thread_ts=card.ts)
    card = await card_where(hall, "Leave out the notice")
    assert seen(hall, "refiner") == 4
    assert "Only the first 4 pictures of 5 were looked at." in card_text(card)
    pictures = {each["name"]: each["unseen"] for each in (await the_plan(hall)).pictures}
    assert pictures["new.png"] is None
    assert list(pictures.values()).count("too_many") == 1


async def test_a_picture_alone_in_a_plans_thread_goes_along_with_the_wish_that_follows(hall: TownHall) -> None:
    card = await plan_card(hall)
    before = len(await heard(hall))
    say(hall, "priya", "works", "", ("b.png", photo()), thread_ts=card.ts)
    row = await heard_one(hall, before + 1)
    assert (row.intent, row.reply_started_at) == ("picture", None)
    say(hall, "priya", "works", WISH, thread_ts=card.ts)
    await card_where(hall, "Changed by")
    assert seen(hall, "refiner") == 1
    assert len(await versions(hall)) == 2


async def test_a_mention_with_only_a_picture_in_a_plans_thread_is_asked_what_to_change(hall: TownHall) -> None:
    card = await plan_card(hall)
    await hall.slack.send_mention(
        "priya", "works", "", card.ts, files=brought(hall, "priya", ("b.png", photo())), subtype="file_share"
    )
    await told(hall, "priya", "What should be different about the plan?")


@pytest.mark.parametrize("in_thread", [True, False])
async def test_a_direct_message_of_a_picture_is_asked_what_happened_and_planned_with_it(
    hall: TownHall, in_thread: bool
) -> None:
    dm = hall.slack.dm("dana").id
    first = say(hall, "dana", dm, "", ("dm.png", photo()))
    await answered(hall, dm, first.ts, "What has happened, and where?")
    assert await plans(hall) == []
    say(hall, "dana", dm, "The lamp at 9 Elm Street is dark", thread_ts=first.ts if in_thread else None)
    card = await drafted(hall, dm)
    assert seen(hall, "planner") == 1
    [plan] = await plans(hall)
    assert names(plan) == ["dm.png"]
    assert plan.issue_text.startswith("The lamp at 9 Elm Street is dark")
    # It was for that one issue.
    say(hall, "dana", dm, "A tree has fallen on the path at 12 Oak Street")
    await hall.slack.wait_for(lambda: len([each for each in cards(hall.slack, dm) if each.ts != card.ts]) or None)
    assert names((await plans(hall))[1]) == []


@pytest.mark.parametrize("is_down", [False, True])
async def test_a_mention_with_only_a_picture_below_a_complaint_plans_the_complaint(
    hall: TownHall, is_down: bool
) -> None:
    if is_down:
        hall.gemini.script(*[Status(400, reason="API_KEY_INVALID")] * 2, agent="intent")
    root = say(hall, "dana", "works", "The hydrant at 12 Elm Street is leaking")
    files = brought(hall, "priya", ("b.png", photo()))
    await hall.slack.send_mention("priya", "works", "", root.ts, files=files, subtype="file_share")
    await drafted(hall)
    [plan] = await plans(hall)
    assert plan.reporter_id == hall.slack.user("dana").id
    assert "The hydrant at 12 Elm Street is leaking" in plan.issue_text
    assert seen(hall, "planner") == 1
    assert (await heard_one(hall)).intent == Intent.ISSUE


async def test_a_picture_is_no_answer_and_is_looked_at_all_the_same(hall: TownHall) -> None:
    card = await asking(hall)
    say(hall, "priya", "works", "", ("where.png", photo()), thread_ts=card.ts)
    await told(hall, "priya", "Please answer in words, too")
    say(hall, "priya", "works", "Elm Street", ("more.png", photo()), thread_ts=card.ts)
    await planned(hall, "Elm Street")
    assert seen(hall, "planner") == 2
    assert (await the_plan(hall)).place == "Elm Street"
