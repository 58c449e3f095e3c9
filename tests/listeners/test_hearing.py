"""What people say: judged before anything is done, whichever way it comes."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from bot.jobs.conversations.hearing import MAX_A_MINUTE
from bot.sandbox.gemini.faults import BrokenJson, Status
from bot.sandbox.slack import SlackStandIn
from bot.slack import ids
from db.models import AICall, InboxEntry
from services.conversations.service import TOO_MUCH
from services.jobs import Say
from tests.support.gates import queued
from tests.support.talk import answered, heard, heard_one, plans, said_by_bot, told
from tests.support.town_hall import LEAK, TownHall, buttons, cards, drafted, plan_card, town_hall


async def rows_of_inbox(hall: TownHall) -> int:
    async with hall.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(InboxEntry)) or 0


async def jobs_of(hall: TownHall, kind: str) -> int:
    async with hall.database.reading() as session:
        query = select(func.count()).select_from(InboxEntry).where(InboxEntry.kind == kind)
        return await session.scalar(query) or 0


async def all_said(hall: TownHall) -> None:
    """Wait until no answer is left to be given."""
    async with asyncio.timeout(30):
        while await queued(hall.database, Say.entrypoint):  # noqa: ASYNC110 - rows tell nobody that they are gone
            await asyncio.sleep(0.02)


# By mention


async def test_a_mention_that_asks_is_answered_and_never_drafted(hall: TownHall) -> None:
    message, _ = await hall.slack.send_mention("priya", "works", "what is #9 waiting for?")
    row = await heard_one(hall)
    assert (row.intent, row.judged_by) == ("question", "model")
    await hall.slack.wait_for(
        lambda: said_by_bot(hall, "works", message.ts) or hall.slack.ephemerals("works", "priya")
    )
    assert await plans(hall) == []


async def test_who_is_heard_sees_so_before_anything_else(hall: TownHall) -> None:
    message, _ = await hall.slack.send_mention("priya", "works", LEAK)
    await drafted(hall)
    calls = [call for call in hall.slack.transcript if call.args.get("thread_ts") == message.ts]
    assert calls[0].method == "assistant.threads.setStatus"
    assert hall.slack.channel("works").statuses == {}


async def test_a_greeting_gets_a_word_and_costs_nothing(hall: TownHall) -> None:
    message, _ = await hall.slack.send_mention("priya", "works", "hello!")
    await answered(hall, "works", message.ts, "Tell me what has happened")
    assert await plans(hall) == []
    assert not [call for call in hall.gemini.transcript if call.agent == "intent"]


async def test_a_lone_word_is_left_to_its_writer(hall: TownHall) -> None:
    message, _ = await hall.slack.send_mention("priya", "works", "flooding")
    reply = await answered(hall, "works", message.ts, "not sure what you mean")
    assert await plans(hall) == []
    [plan_this] = [each for label, each in buttons(reply).items() if label == "Plan this"]
    await hall.slack.click("marco", "works", reply.ts, ids.ACTION_HEARD_ISSUE, plan_this["value"])
    await told(hall, "marco", "Only whoever wrote that")
    assert await plans(hall) == []
    await hall.slack.click("priya", "works", reply.ts, ids.ACTION_HEARD_ISSUE, plan_this["value"])
    await drafted(hall)
    [plan] = await plans(hall)
    assert (plan.issue_text, plan.thread_ts, plan.reporter_id) == (
        "flooding",
        message.ts,
        hall.slack.user("priya").id,
    )
    await hall.slack.wait_for(lambda: not buttons(hall.slack.message("works", reply.ts) or reply))


async def test_two_presses_are_one_plan(hall: TownHall) -> None:
    message, _ = await hall.slack.send_mention("priya", "works", "flooding")
    reply = await answered(hall, "works", message.ts, "not sure")
    value = buttons(reply)["Plan this"]["value"]
    presses = [
        hall.slack.prepare_click("priya", "works", reply.ts, action, value)
        for action in (ids.ACTION_HEARD_ISSUE, ids.ACTION_HEARD_QUESTION, ids.ACTION_HEARD_ISSUE)
    ]
    await asyncio.gather(*map(hall.slack.deliver, presses))
    await told(hall, "priya", "settled already")
    assert len(await plans(hall)) <= 1


async def test_the_models_calls_are_on_record(hall: TownHall) -> None:
    await hall.slack.send_mention("priya", "works", LEAK)
    await drafted(hall)
    async with hall.database.reading() as session:
        call = await session.scalar(select(AICall).where(AICall.agent == "intent"))
    assert call is not None
    assert (call.outcome, call.plan_id) == ("ok", None)
    assert call.total_tokens > 0


# Once


@pytest.mark.parametrize("order", [("app_mention", "message"), ("message", "app_mention")])
async def test_both_events_of_a_mention_in_either_order_are_one_plan(
    database_url: str, order: tuple[str, str]
) -> None:
    # It sends no events by itself, so that the test has their order in its hands.
    silent = SlackStandIn(events=frozenset({"app_home_opened"}))
    async with town_hall(database_url, slack=silent) as hall:
        text = f"<@{hall.slack.workspace.bot.id}> {LEAK}"
        message, _ = hall.slack.post_user_message("priya", "works", text)
        event = {"user": message.user, "channel": message.channel, "ts": message.ts, "text": text}
        for kind in (*order, *order):
            channel_type = {"channel_type": "channel"} if kind == "message" else {}
            await hall.slack.tell_app({"type": kind, **event, **channel_type})
        await drafted(hall)
        assert len(await plans(hall)) == 1
        assert len(await heard(hall)) == 1
        assert await jobs_of(hall, "hear") == 1


async def test_an_edit_or_a_deletion_plans_nothing_more(hall: TownHall) -> None:
    message, _ = await hall.slack.send_mention("priya", "works", LEAK)
    await drafted(hall)
    before = await rows_of_inbox(hall)
    await hall.slack.edit_user_message("works", message.ts, f"<@{hall.slack.workspace.bot.id}> {LEAK}, badly")
    await hall.slack.delete_user_message("works", message.ts)
    assert await rows_of_inbox(hall) == before
    assert len(await plans(hall)) == 1


# Not for the bot


async def test_what_people_say_in_channels_leaves_no_trace(hall: TownHall) -> None:
    before = await rows_of_inbox(hall)
    root, [delivery] = hall.slack.post_user_message("priya", "works", "Lunch at noon?")
    await delivery.settled()
    _, [delivery] = hall.slack.post_user_message(
        "marco", "works", "Water is coming up at the pizza place", root.ts
    )
    await delivery.settled()
    assert await rows_of_inbox(hall) == before
    assert await heard(hall) == []
    assert not hall.slack.calls("chat.postMessage")


async def test_people_who_talk_to_each_other_below_a_card_are_let_alone(hall: TownHall) -> None:
    card = await plan_card(hall)
    for text in ("I'll drive by later", "thanks!", "ok"):
        _, [delivery] = hall.slack.post_user_message("marco", "works", text, card.ts)
        await delivery.settled()
    await heard_one(hall, 3)
    assert {row.intent for row in await heard(hall)} == {"not_for_me"}
    assert said_by_bot(hall, "works", card.ts) == []
    assert hall.slack.ephemerals("works", "marco") == []


@pytest.mark.parametrize("where", ["card", "mention"])
async def test_another_app_is_never_answered(hall: TownHall, where: str) -> None:
    card = await plan_card(hall)
    before = await rows_of_inbox(hall)
    event = {
        "type": "app_mention" if where == "mention" else "message",
        "channel": hall.slack.channel("works").id,
        "channel_type": "channel",
        "user": "U0OTHERBOT",
        "bot_id": "B0OTHERBOT",
        "app_id": "A0OTHERBOT",
        "text": f"<@{hall.slack.workspace.bot.id}> {LEAK}",
        "ts": "1700000000.000100",
        "thread_ts": card.ts,
    }
    await hall.slack.tell_app(event)
    assert await rows_of_inbox(hall) == before


async def test_the_bot_does_not_hear_itself(hall: TownHall) -> None:
    card = await plan_card(hall)
    before = await heard(hall)
    await hall.slack.send_mention("priya", "works", "hello", card.ts)
    await answered(hall, "works", card.ts, "Hello!")
    assert len(await heard(hall)) == len(before) + 1


async def test_who_talks_without_end_is_asked_for_patience_once(hall: TownHall) -> None:
    """All of it comes at once and is heard in several places: one of them, and only one, is the first."""
    root, _ = await hall.slack.send_mention("priya", "works", "hello")
    assert hall.bot.worker is not None
    said = MAX_A_MINUTE + hall.bot.worker.talk_limit + 15
    for _ in range(said - 1):
        hall.slack.post_user_message("priya", "works", "thanks", root.ts)
    await heard_one(hall, said)
    rows = await heard(hall)
    assert len([row for row in rows if row.intent == TOO_MUCH]) >= 15
    await all_said(hall)
    assert len([e for e in hall.slack.ephemerals("works", "priya") if "at once" in e.text]) == 1


# By slash command


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("status", "/workflows"),
        ("list", "/workflows"),
        ("halp", "drafts a plan"),
        ("approver", "/mudda approvers"),
        ("note", "/mudda notes"),
        ("component", "/components"),
        ("#12", "/workflows #12"),
        ("flooding", "Say in a sentence"),
        ("`<!channel>`", "Say in a sentence"),
    ],
)
async def test_a_slip_is_helped_and_never_a_plan(hall: TownHall, typed: str, meant: str) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", typed)
    [answer] = hall.slack.ephemerals("works", "priya")
    assert meant in answer.text
    assert "<!channel>" not in answer.text
    assert await plans(hall) == []
    assert await rows_of_inbox(hall) == 0


async def test_a_plain_report_by_command_is_not_judged_by_the_model(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)
    assert {call.agent for call in hall.gemini.transcript} == {"selector", "planner"}


async def test_a_question_by_command_is_answered_privately(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", "which component sends SMS?")
    row = await heard_one(hall)
    assert (row.intent, row.judged_by) == ("question", "rules")
    assert await plans(hall) == []


async def test_a_command_that_could_be_either_is_judged_and_says_so_at_once(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", "Could you get the light at 5th and Main fixed?")
    assert "Reading" in hall.slack.ephemerals("works", "priya")[0].text
    await drafted(hall)
    [plan] = await plans(hall)
    assert plan.source == "command"


# In the thread of a plan


async def test_a_decision_in_words_decides_nothing_and_shows_the_buttons(hall: TownHall) -> None:
    card = await plan_card(hall)
    hall.slack.post_user_message("marco", "works", "looks good, go", card.ts)
    reply = await answered(hall, "works", card.ts, "Nothing is decided by words")
    assert f"p{card.ts.replace('.', '')}" in reply.text
    [plan] = await plans(hall)
    assert plan.state == "DRAFT"


async def test_a_wish_in_the_thread_of_a_card_needs_no_mention(hall: TownHall) -> None:
    card = await plan_card(hall)
    hall.slack.post_user_message("marco", "works", "notify the school too", card.ts)
    row = await heard_one(hall)
    [plan] = await plans(hall)
    assert (row.intent, row.plan_id, len(await plans(hall))) == ("change", plan.id, 1)


async def test_a_question_in_the_thread_of_a_card_is_about_its_plan(hall: TownHall) -> None:
    card = await plan_card(hall)
    hall.slack.post_user_message("marco", "works", "who can approve this?", card.ts)
    row = await heard_one(hall)
    [plan] = await plans(hall)
    assert (row.intent, row.plan_id) == ("question", plan.id)


async def test_a_wish_without_a_plan_is_asked_which(hall: TownHall) -> None:
    message, _ = await hall.slack.send_mention("priya", "works", "change #99 so that the school is told")
    await answered(hall, "works", message.ts, "Which plan")


# Without the model


async def test_without_a_budget_plain_rules_decide_and_say_so(database_url: str) -> None:
    async with town_hall(database_url, tokens_per_day=1) as hall:
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        card = await drafted(hall)
        asked = len(hall.gemini.transcript)
        message, _ = await hall.slack.send_mention("priya", "works", "please do something for us")
        await answered(hall, "works", message.ts, "Today's budget for the model is used up")
        hall.slack.post_user_message("marco", "works", "crew first, then the notice", card.ts)
        await told(hall, "marco", "hear only what begins with `@mudda`")
        hall.slack.post_user_message("marco", "works", "the crew before the notice", card.ts)
        await heard_one(hall, 3)
        assert len(hall.gemini.transcript) == asked
        assert len([e for e in hall.slack.ephemerals("works", "marco") if "@mudda" in e.text]) == 1


async def test_a_model_that_is_down_leaves_it_to_plain_rules(hall: TownHall) -> None:
    hall.gemini.script(*[Status(400, message="No.")] * 4, agent="intent")
    message, _ = await hall.slack.send_mention("priya", "works", LEAK)
    await drafted(hall)
    row = await heard_one(hall)
    assert (row.intent, row.judged_by, row.lacking) == ("issue", "rules", "unavailable")
    assert [plan.thread_ts for plan in await plans(hall)] == [message.ts]


async def test_an_answer_that_can_not_be_read_is_asked_for_once_more(hall: TownHall) -> None:
    hall.gemini.script(BrokenJson(), agent="intent")
    await hall.slack.send_mention("priya", "works", LEAK)
    await drafted(hall)
    row = await heard_one(hall)
    assert (row.intent, row.judged_by) == ("issue", "model")


async def test_cards_are_still_the_only_cards(hall: TownHall) -> None:
    await hall.slack.send_mention("priya", "works", LEAK)
    await drafted(hall)
    assert len(cards(hall.slack)) == 1
