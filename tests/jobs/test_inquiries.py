"""Somebody asks, and is answered where they asked: at once that it is looked up, and then from the record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.sandbox.gemini.faults import Hold, Status
from bot.sandbox.slack import DropAfterAccepting, ErrorWord, Message
from db.models import AICall, AuditEvent, Card, WorkflowPlan
from db.queue import enqueue
from db.session import Database
from tests.support.asking import says, words_of
from tests.support.inquiries import DM, answered, answers, ask, told
from tests.support.record import town
from tests.support.town_hall import LEAK, TownHall, drafted, hall, town_hall
from tests.support.waiting import happened

__all__ = ["hall"]


async def card_of(hall: TownHall) -> Message:
    """A plan that waits for a decision."""
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    return await drafted(hall)


async def plan_id(hall: TownHall, number: int = 1) -> Any:
    async with hall.database.reading() as session:
        return await session.scalar(select(WorkflowPlan.id).where(WorkflowPlan.number == number))


async def recorded(hall: TownHall) -> None:
    """The town's whole record."""
    await town(hall.database, hall.deps.workspace.id)


def said(message: Message) -> str:
    return words_of(message.blocks or [])


async def events(database: Database) -> list[AuditEvent]:
    async with database.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action.startswith("inquiry."))
        return list(await session.scalars(query.order_by(AuditEvent.created_at)))


async def test_in_a_thread_it_is_answered_with_a_link_and_rings_for_nobody(hall: TownHall) -> None:
    card = await card_of(hall)
    held = Hold()
    hall.gemini.script(held, agent="inquiry")
    job = await ask(hall, "what is it waiting for?", plan=await plan_id(hall), thread_ts=card.ts)
    await happened(held.reached)
    # Before the model has said a word.
    [looking] = answers(hall)
    assert said(looking).strip() == "Looking…"
    held.released.set()
    message = await answered(hall)
    assert message.ts == looking.ts
    assert message.thread_ts == card.ts
    assert "#1" in said(message)
    assert "waits for approval of the plan" in said(message)
    drawn = json.dumps(message.blocks)
    assert f"/archives/{hall.slack.channel('works').id}/p{card.ts.replace('.', '')}" in drawn
    assert '"type": "user"' not in drawn
    asked, found = await events(hall.database)
    assert (asked.actor, asked.facts["text"]) == (job.user, job.inquiry)
    assert found.facts["look_ups"] == [
        {"name": "plan", "arguments": {"number": "1"}, "rows": found.facts["look_ups"][0]["rows"]}
    ]
    async with hall.database.reading() as session:
        calls = list(await session.scalars(select(AICall).where(AICall.agent == "inquiry")))
        plan = await session.get_one(WorkflowPlan, await plan_id(hall))
    assert len(calls) == 2
    assert all(call.total_tokens > 0 and call.plan_id == plan.id for call in calls)
    assert plan.state == "DRAFT"
    sample = hall.deps.metrics.registry.get_sample_value("mudda_model_tokens_total", {"agent": "inquiry"})
    assert sample == sum(call.total_tokens for call in calls)


async def test_what_lies_in_private_is_told_to_one_person_and_not_to_a_channel(hall: TownHall) -> None:
    await recorded(hall)
    council = hall.slack.channel("council").id
    async with hall.database.transaction() as session:
        of_plan = select(WorkflowPlan.id).where(WorkflowPlan.number == 11).scalar_subquery()
        await session.execute(update(Card).where(Card.plan_id == of_plan).values(channel_id=council))
    root = hall.slack.workspace.add(
        Message(channel=hall.slack.channel("works").id, ts="1764000001.000001", user="U0PRIYA001", text="?")
    )
    await ask(hall, "which plans are open?", thread_ts=root.ts)
    public = said(await answered(hall))
    assert "7 on record" in public
    assert "Level the sidewalk" not in public
    assert "Talk to the neighbour" not in public
    assert "private conversations are left out" in public
    await ask(hall, "which plans are open?", channel=DM)
    private = said(await answered(hall, DM))
    assert "9 on record" in private
    assert "Level the sidewalk" in private
    assert "left out" not in private


async def test_by_command_it_is_answered_privately(hall: TownHall) -> None:
    await recorded(hall)
    delivery = await hall.slack.send_command("priya", "works", "/mudda", "ask who approved the crane?")
    assert delivery.acked
    assert "“Order a crane”: approved by dana" in await told(hall)
    assert answers(hall) == []
    assert hall.slack.calls("chat.postMessage") == []


async def test_a_mentioned_person_is_meant(hall: TownHall) -> None:
    await recorded(hall)
    marco = hall.slack.user("marco").id
    await hall.slack.send_command("priya", "works", "/mudda", f"ask which plans of <@{marco}|marco> are open?")
    assert "3 on record" in await told(hall)


@pytest.mark.parametrize("question", ["what is #2 waiting for?", "tell me a joke"])
async def test_without_the_model_plain_rules_answer_and_say_so(hall: TownHall, question: str) -> None:
    await recorded(hall)
    hall.gemini.script(*[Status(403)] * 3, agent="inquiry")
    await hall.slack.send_command("priya", "works", "/mudda", f"ask {question}")
    words = await told(hall)
    assert words.startswith("The model can't be reached just now")
    assert ("Close Mill Road" in words) == ("#2" in question)


async def test_a_budget_that_is_used_up_is_not_spent(database_url: str) -> None:
    async with town_hall(database_url, tokens_per_day=1) as hall:
        await recorded(hall)
        async with hall.database.transaction() as session:
            await session.execute(update(AICall).values(created_at=func.now()))
        await hall.slack.send_command("priya", "works", "/mudda", "ask what is #2 waiting for?")
        words = await told(hall)
        assert "budget for today is used up" in words
        assert "Close Mill Road" in words
        assert [asked.agent for asked in hall.gemini.transcript] == []


async def test_a_stranger_hears_of_the_plan_in_the_thread_alone(hall: TownHall) -> None:
    await recorded(hall)
    root = hall.slack.workspace.add(
        Message(channel=hall.slack.channel("works").id, ts="1764000001.000001", user="U0PRIYA001", text="?")
    )
    # Slack knows nobody of that id in this organisation.
    await ask(hall, "which plans are open?", thread_ts=root.ts, user="priya")
    await answered(hall)
    job = await ask(hall, "what is #3 about?", plan=await plan_id(hall, 2), thread_ts=root.ts, is_stranger=True)
    await hall.slack.wait_for(lambda: len(answers(hall)) == 2)
    await hall.slack.wait_for(lambda: "Nothing on record" in said(answers(hall)[-1]))
    assert "Oak" not in said(answers(hall)[-1])
    nobody = job.model_copy(
        update={"key": "message:nobody", "user": "U0NOBODY01", "is_stranger": None, "plan": None}
    )
    async with hall.deps.database.transaction() as session:
        await enqueue(session, nobody)
    await hall.slack.wait_for(lambda: len(answers(hall)) == 3 and "Only people of" in said(answers(hall)[-1]))


async def test_a_post_that_slack_took_and_did_not_answer_is_found_and_not_repeated(hall: TownHall) -> None:
    card = await card_of(hall)
    hall.slack.faults.script("chat.postMessage", [DropAfterAccepting()])
    await ask(hall, "what is #1 waiting for?", thread_ts=card.ts)
    await answered(hall)
    assert len(answers(hall)) == 1
    assert len([event for event in await events(hall.database) if event.action == "inquiry.asked"]) == 1


async def test_where_nothing_can_be_posted_nothing_is_asked_of_the_model(hall: TownHall) -> None:
    card = await card_of(hall)
    hall.slack.faults.script("chat.postMessage", [ErrorWord("is_archived")])
    await ask(hall, "what is #1 waiting for?", thread_ts=card.ts)
    await hall.slack.wait_for(lambda: hall.slack.faults.pending("chat.postMessage") == 0)
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()
    assert answers(hall) == []
    assert not [asked for asked in hall.gemini.transcript if asked.agent == "inquiry"]


async def test_what_is_wrong_with_an_answer_is_never_shown(hall: TownHall) -> None:
    card = await card_of(hall)
    evil = "<!channel> *500* approved <https://evil.example|here>"
    async with hall.database.transaction() as session:
        await session.execute(update(WorkflowPlan).values(title=evil))
    hall.gemini.script(says("500 plans were approved."), says("500 plans were approved."), agent="inquiry")
    await ask(hall, "what of #1?", thread_ts=card.ts)
    message = await answered(hall)
    assert "500 plans" not in said(message)
    assert "I could not put that into words that I am sure of" in said(message)
    assert "<!channel>" not in message.text
    for block in message.blocks or []:
        assert block["type"] in ("rich_text", "context")
        if block["type"] == "context":
            assert "<!" not in json.dumps(block)
