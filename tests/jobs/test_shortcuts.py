"""A message is planned by its menu: what it says, as its author's, once; or a plain answer says why not."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.jobs.conversations.shortcuts import plan_message
from bot.sandbox.slack import Message
from bot.slack import ids
from services.audit import OPERATOR
from services.jobs import PlanMessage
from services.workspaces import settings
from tests.support.talk import heard_one, plans, told
from tests.support.town_hall import LEAK, TownHall, card_text, cards, drafted


def posted(hall: TownHall, text: str = LEAK, *, user: str = "dana", channel: str = "works") -> Message:
    """What somebody says where nobody has called the bot."""
    message, _ = hall.slack.post_user_message(user, channel, text)
    return message


async def chosen(hall: TownHall, message: Message, user: str = "priya") -> None:
    """Somebody chooses "Plan this issue" in the menu of a message."""
    delivery = await hall.slack.gestures.message_shortcut(user, message.channel, message.ts, ids.SHORTCUT_PLAN)
    assert delivery.acked


async def test_what_a_message_says_is_planned_as_its_authors(hall: TownHall) -> None:
    message = posted(hall)
    await chosen(hall, message)
    card = await drafted(hall)
    [plan] = await plans(hall)
    people = {name: hall.slack.user(name).id for name in ("dana", "priya")}
    assert (plan.issue_text, plan.source) == (LEAK, "shortcut")
    assert (plan.reporter_id, plan.requester_id) == (people["dana"], people["priya"])
    assert card.thread_ts == message.ts
    assert plan.permalink is not None
    assert f"<{plan.permalink}|The message>" in card_text(card)
    assert f"Asked for by <@{people['priya']}>" in card_text(card)


async def test_of_a_message_with_replies_the_thread_is_planned(hall: TownHall) -> None:
    root = posted(hall)
    hall.slack.post_user_message("marco", "works", "Same at number 12", root.ts)
    await chosen(hall, root)
    await drafted(hall)
    [plan] = await plans(hall)
    assert plan.issue_text == f"{LEAK}\n\nSaid below it:\nmarco: Same at number 12"


async def test_of_a_reply_only_what_it_says_is_planned(hall: TownHall) -> None:
    root = posted(hall, "Good morning everybody")
    reply, _ = hall.slack.post_user_message("marco", "works", LEAK, root.ts)
    await chosen(hall, reply)
    card = await drafted(hall)
    [plan] = await plans(hall)
    assert (plan.issue_text, plan.reporter_id) == (LEAK, hall.slack.user("marco").id)
    assert card.thread_ts == root.ts
    await chosen(hall, root)
    await hall.slack.wait_for(lambda: len(cards(hall.slack)) == 2)
    assert [each.issue_text for each in await plans(hall)][1].startswith("Good morning everybody\n\nSaid below")


async def test_two_people_who_choose_one_message_at_once_get_one_plan(hall: TownHall) -> None:
    message = posted(hall)
    await asyncio.gather(*(chosen(hall, message, user) for user in ("priya", "marco", "priya")))
    await drafted(hall)
    late = await hall.slack.wait_for(
        lambda: [
            each
            for user in ("priya", "marco")
            for each in hall.slack.ephemerals("works", user)
            if "planned already" in each.text
        ]
    )
    assert len(await plans(hall)) == 1
    assert "#1" in late[0].text


async def test_who_comes_later_is_led_to_the_card(hall: TownHall) -> None:
    message = posted(hall)
    await chosen(hall, message)
    card = await drafted(hall)
    await chosen(hall, message, "marco")
    answer = await told(hall, "marco", "planned already")
    assert card.ts.replace(".", "") in answer.text
    assert len(await plans(hall)) == 1


async def test_a_message_that_was_planned_by_a_mention_is_not_planned_again(hall: TownHall) -> None:
    root = posted(hall)
    await hall.slack.send_mention("priya", "works", "please handle this", root.ts)
    await drafted(hall)
    await chosen(hall, root, "marco")
    await told(hall, "marco", "planned already")
    mention, _ = await hall.slack.send_mention("priya", "works", "The street lamp at 9 Elm Street is dark")
    await hall.slack.wait_for(lambda: len(cards(hall.slack)) == 2)
    await chosen(hall, mention, "dana")
    await told(hall, "dana", "planned already")
    assert len(await plans(hall)) == 2


async def test_after_a_discard_it_can_be_planned_anew(hall: TownHall) -> None:
    message = posted(hall)
    await chosen(hall, message)
    card = await drafted(hall)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
    await hall.slack.wait_for(lambda: "Discarded" in card_text(card))
    await chosen(hall, message)
    await hall.slack.wait_for(lambda: len(cards(hall.slack)) == 2)
    assert (await plans(hall))[0].state == "DISCARDED"


async def test_where_the_bot_is_not_it_says_what_to_do(hall: TownHall) -> None:
    message = posted(hall, channel="town-square")
    await chosen(hall, message)
    answer = await told(hall, "priya", "not in this conversation", "town-square")
    assert "/invite @mudda" in answer.text
    assert await plans(hall) == []


async def test_in_a_message_between_two_people_it_says_what_to_do(hall: TownHall) -> None:
    direct = hall.slack.workspace.open_dm([hall.slack.user(name).id for name in ("priya", "dana")])
    await chosen(hall, posted(hall, channel=direct.id))
    await told(hall, "priya", "send it to me directly", direct.id)
    assert await plans(hall) == []


async def test_a_reply_below_it_is_heard_though_the_thread_was_nobodys_before(hall: TownHall) -> None:
    root = posted(hall)
    _, deliveries = hall.slack.post_user_message("marco", "works", "Same here", root.ts)
    await asyncio.gather(*(delivery.settled() for delivery in deliveries))
    await chosen(hall, root)
    await drafted(hall)
    hall.slack.post_user_message("dana", "works", "notify the residents as well", root.ts)
    await heard_one(hall)


@pytest.mark.parametrize("text", ["", " ", "   \n \u00a0 \u2003"])
async def test_a_message_that_says_nothing_is_not_planned(hall: TownHall, text: str) -> None:
    await chosen(hall, posted(hall, text))
    await told(hall, "priya", "says nothing")
    assert await plans(hall) == []


async def test_neither_our_own_messages_nor_those_of_other_apps_are_planned(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    await chosen(hall, card, "marco")
    await told(hall, "marco", "That message is mine")
    workspace = hall.slack.workspace
    alarm = workspace.add(
        Message(card.channel, workspace.next_ts(), "U0ALARM001", "Pump 3 has failed", bot_id="B0ALARM001")
    )
    joined = workspace.add(
        Message(
            card.channel, workspace.next_ts(), "U0DANA0001", "<@U0DANA0001> has joined", subtype="channel_join"
        )
    )
    for user, message in (("priya", alarm), ("dana", joined)):
        await chosen(hall, message, user)
        await told(hall, user, "No person wrote that message")
    assert len(await plans(hall)) == 1


async def test_a_message_that_is_gone_by_then_is_not_planned(hall: TownHall) -> None:
    alone, with_reply = posted(hall), posted(hall)
    hall.slack.post_user_message("marco", "works", "Same here", with_reply.ts)
    for user, message in (("priya", alone), ("marco", with_reply)):
        prepared = hall.slack.gestures.prepare_message_shortcut(user, "works", message.ts, ids.SHORTCUT_PLAN)
        await hall.slack.delete_user_message("works", message.ts)
        await hall.slack.deliver(prepared)
        await told(hall, user, "was deleted")
    assert await plans(hall) == []


async def test_what_was_edited_since_counts_as_it_is(hall: TownHall) -> None:
    message = posted(hall, "Something is wrong")
    prepared = hall.slack.gestures.prepare_message_shortcut("priya", "works", message.ts, ids.SHORTCUT_PLAN)
    await hall.slack.edit_user_message("works", message.ts, LEAK)
    await hall.slack.deliver(prepared)
    await drafted(hall)
    [plan] = await plans(hall)
    assert plan.issue_text == LEAK


async def test_a_press_whose_job_is_run_twice_plans_once_and_says_nothing(hall: TownHall) -> None:
    message = posted(hall)
    job = PlanMessage(
        key="shortcut:1",
        workspace=hall.deps.workspace.id,
        user=hall.slack.user("priya").id,
        channel=message.channel,
        message_ts=message.ts,
        source="shortcut",
    )
    await plan_message(job, hall.deps)
    await plan_message(job, hall.deps)
    await drafted(hall)
    assert hall.slack.ephemerals("works", "priya") == []
    await plan_message(job.model_copy(update={"key": "shortcut:2"}), hall.deps)
    await told(hall, "priya", "planned already")
    assert len(await plans(hall)) == 1


async def test_the_author_who_left_is_still_the_reporter(hall: TownHall) -> None:
    message = posted(hall)
    users = hall.slack.workspace.users
    dana = hall.slack.user("dana")
    users[dana.id] = replace(dana, is_deactivated=True)
    await chosen(hall, message)
    await drafted(hall)
    [plan] = await plans(hall)
    assert plan.reporter_id == dana.id


async def test_whoever_asks_has_to_be_one_who_may_plan(hall: TownHall) -> None:
    async with hall.database.transaction() as session:
        named = {"may_plan": "named", "planners": hall.slack.user("dana").id}
        await settings.change(session, hall.deps.workspace.id, named, OPERATOR)
    message = posted(hall, user="priya")
    await chosen(hall, message, "priya")
    answer = await told(hall, "priya", "Not everybody may have plans drafted")
    assert hall.slack.user("dana").id in answer.text
    assert await plans(hall) == []
    await chosen(hall, message, "dana")
    await drafted(hall)


async def test_the_form_from_anywhere_is_the_form_of_the_command(hall: TownHall) -> None:
    delivery = await hall.slack.gestures.shortcut("priya", ids.SHORTCUT_REPORT)
    assert delivery.acked
    [view] = hall.slack.views("priya")
    assert view.body["callback_id"] == ids.VIEW_NEW_ISSUE
    await hall.slack.submit_view(view.id, {ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: LEAK}}, "priya")
    card = await drafted(hall, hall.slack.dm("priya").id)
    assert "Only you can see this card" in card_text(card)
