"""A report of what is planned already: people say whether it is the same, and hear what comes of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.jobs.messages.replies import tell_of_same
from bot.jobs.workflows import clarifying
from bot.sandbox.slack import Message
from bot.slack import ids
from db.models import PlanVersion, Run, WorkflowPlan
from services.audit import Actor
from services.jobs import AnswerClarification, TellOfSame
from services.workflows import look_alikes
from tests.support.same_issue import AGAIN, card_with, first_plan, reported_again
from tests.support.talk import plans, told
from tests.support.town_hall import LEAK, TownHall, buttons, card_text


async def press(hall: TownHall, card: Message, action: str, user: str = "dana") -> None:
    await hall.slack.click(user, "works", card.ts, action)


async def idle(hall: TownHall) -> None:
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()


async def job(hall: TownHall, key: str, number: int = 2, user: str = "dana", **what: Any) -> AnswerClarification:
    plan = (await plans(hall))[number - 1]
    return AnswerClarification(
        key=key,
        workspace=hall.deps.workspace.id,
        plan=plan.id,
        user=hall.slack.user(user).id,
        channel=hall.slack.channel("works").id,
        **what,
    )


async def ended(hall: TownHall, state: str = "COMPLETED") -> Run:
    """A run of the first plan that has come to its end, as rows have it."""
    plan = (await plans(hall))[0]
    async with hall.database.transaction() as session:
        await session.execute(update(WorkflowPlan).where(WorkflowPlan.id == plan.id).values(state="APPROVED"))
        run = Run(
            workspace_id=plan.workspace_id,
            plan_id=plan.id,
            number=1,
            version=1,
            state=state,
            started_by=plan.reporter_id,
            components={},
        )
        session.add(run)
        await session.flush()
        return run


async def test_the_same_issue_is_put_away_for_the_open_plan_which_counts_who_reported_it(hall: TownHall) -> None:
    await first_plan(hall)
    card = await reported_again(hall)
    assert "Is this the same as #1?" in card_text(card)
    assert [*buttons(card)] == ["Same issue", "New plan", "Discard"]
    await press(hall, card, ids.ACTION_CLARIFY_SAME)
    card = await card_with(hall, 2, "Same as #1", "Plan it anyway")
    await card_with(hall, 1, "2 people reported this", "Approve and run")
    [_, second] = await plans(hall)
    assert (second.state, second.version) == ("DISCARDED", None)


async def test_new_plan_drafts_it_without_a_word_of_doubt(hall: TownHall) -> None:
    await first_plan(hall)
    card = await reported_again(hall)
    await press(hall, card, ids.ACTION_CLARIFY_ANYWAY)
    card = await card_with(hall, 2, "Approve and run")
    assert "Planned without" not in card_text(card)
    assert "people reported" not in card_text(card)


async def test_a_reply_of_yes_is_the_same_issue(hall: TownHall) -> None:
    await first_plan(hall)
    card = await reported_again(hall)
    await hall.slack.wait_for(lambda: hall.slack.messages("works", thread_ts=card.ts) or None)
    hall.slack.post_user_message("dana", "works", "yes", card.ts)
    await card_with(hall, 2, "Same as #1")


async def test_it_can_be_planned_after_all_and_the_count_goes_down(hall: TownHall) -> None:
    await first_plan(hall)
    card = await reported_again(hall)
    await press(hall, card, ids.ACTION_CLARIFY_SAME)
    card = await card_with(hall, 2, "Plan it anyway")
    await press(hall, card, ids.ACTION_CLARIFY_UNDO)
    await card_with(hall, 2, "Approve and run")
    await idle(hall)
    assert "people reported this" not in card_text(await card_with(hall, 1, "Approve and run"))
    # Once only.
    await clarifying.answer(await job(hall, "click:late", is_undone=True), hall.deps)
    await told(hall, "dana", "There is a newer draft")
    assert (await plans(hall))[1].draft == 2


async def test_who_presses_twice_is_counted_once_and_told(hall: TownHall) -> None:
    await first_plan(hall)
    await reported_again(hall)
    one, two = await job(hall, "click:1", is_same=True), await job(hall, "click:2", is_same=True)
    await asyncio.gather(clarifying.answer(one, hall.deps), clarifying.answer(two, hall.deps))
    await clarifying.answer(one, hall.deps)
    await card_with(hall, 1, "2 people reported this")
    await told(hall, "dana", "has answered this already")
    await idle(hall)
    assert len(hall.slack.ephemerals("works", "dana")) == 1


async def test_the_same_person_twice_is_one_person(hall: TownHall) -> None:
    await first_plan(hall)
    card = await reported_again(hall, user="priya")
    await press(hall, card, ids.ACTION_CLARIFY_SAME, "priya")
    await card_with(hall, 2, "Same as #1")
    await idle(hall)
    assert "people reported this" not in card_text(await card_with(hall, 1, "Approve and run"))


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELLED"])
async def test_a_plan_that_is_over_meanwhile_is_not_the_same_any_more(hall: TownHall, state: str) -> None:
    await first_plan(hall)
    card = await reported_again(hall)
    await ended(hall, state)
    await press(hall, card, ids.ACTION_CLARIFY_SAME)
    await card_with(hall, 2, "Approve and run", "was over by then")


async def test_whoever_reported_the_same_hears_how_it_ended_once(hall: TownHall) -> None:
    first = await first_plan(hall)
    card = await reported_again(hall)
    await press(hall, card, ids.ACTION_CLARIFY_SAME)
    await card_with(hall, 1, "2 people reported this")
    await hall.slack.click("marco", "works", first.ts, ids.ACTION_APPROVE)
    await card_with(hall, 1, "Cancel run")
    async with hall.database.transaction() as session:
        run = (await session.scalars(select(Run))).one()
    await hall.slack.click("marco", "works", first.ts, ids.ACTION_RUN_CANCEL)

    def heard() -> list[Message]:
        return [
            each
            for each in hall.slack.messages("works", thread_ts=card.ts)
            if (each.metadata or {}).get("event_type") == ids.METADATA_OUTCOME
        ]

    await hall.slack.wait_for(heard)
    second = (await plans(hall))[1]
    same = TellOfSame(workspace=second.workspace_id, plan=second.id, run=run.id)
    await tell_of_same(same, hall.deps)
    await tell_of_same(same, hall.deps)
    [message] = heard()
    assert f"<@{hall.slack.user('dana').id}>" in message.text


async def test_of_two_reports_at_once_only_the_later_asks(hall: TownHall) -> None:
    await asyncio.gather(
        hall.slack.send_command("priya", "works", "/mudda", LEAK),
        hall.slack.send_command("dana", "works", "/mudda", AGAIN),
    )
    await card_with(hall, 1, "Approve and run")
    await card_with(hall, 2, "Same issue")


async def test_what_was_put_away_leads_on_to_what_it_was_put_away_for(hall: TownHall) -> None:
    await first_plan(hall)
    await reported_again(hall)
    await hall.slack.send_command("marco", "works", "/mudda", AGAIN)
    await card_with(hall, 3, "Same issue")
    [first, second, third] = await plans(hall)
    async with hall.database.transaction() as session:
        asked = {**(third.clarification or {}), "look_alike": str(second.id)}
        await session.execute(update(WorkflowPlan).where(WorkflowPlan.id == third.id).values(clarification=asked))
    await clarifying.answer(await job(hall, "click:1", is_same=True), hall.deps)
    await clarifying.answer(await job(hall, "click:2", 3, "marco", is_same=True), hall.deps)
    await card_with(hall, 1, "3 people reported this")
    assert [plan.same_as for plan in await plans(hall)] == [None, first.id, first.id]


@pytest.mark.parametrize(("shown", "asked"), [("council", "works"), ("works", "works"), ("works", "water")])
async def test_nothing_is_offered_that_the_channel_may_not_see(hall: TownHall, shown: str, asked: str) -> None:
    await first_plan(hall, shown)
    await hall.slack.send_command("dana", asked, "/mudda", AGAIN)
    words = "Approve and run" if shown == "council" else "Same issue"
    card = await card_with(hall, 2, words, channel=asked)
    assert ("#1" in card_text(card)) is (shown != "council")


async def test_what_is_open_elsewhere_is_not_offered_where_another_organisation_reads_along(
    hall: TownHall,
) -> None:
    await first_plan(hall, "water")
    plan = (await plans(hall))[0]
    async with hall.database.transaction() as session:
        now = hall.deps.now()
        new = WorkflowPlan(id=plan.id, workspace_id=plan.workspace_id)
        found = await look_alikes.still_open(session, new, plan.id, wide=False, now=now)
    assert found is None


async def test_what_was_reported_long_ago_is_another_story(hall: TownHall) -> None:
    await first_plan(hall)
    async with hall.database.transaction() as session:
        before = func.now() - timedelta(days=15)
        await session.execute(update(WorkflowPlan).values(created_at=before))
    await hall.slack.send_command("dana", "works", "/mudda", AGAIN)
    await card_with(hall, 2, "Approve and run")


async def test_what_is_elsewhere_in_town_asks_nobody(hall: TownHall) -> None:
    await first_plan(hall)
    await hall.slack.send_command("dana", "works", "/mudda", "Water is coming up through the road at 9th and Oak")
    await card_with(hall, 2, "Approve and run")
    async with hall.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(PlanVersion)) == 2


async def test_a_card_that_is_moved_takes_no_more_than_the_number_of_the_other_with_it(hall: TownHall) -> None:
    await first_plan(hall, "council")
    await reported_again(hall, channel="council")
    second = (await plans(hall))[1]
    async with hall.database.transaction() as session:
        to, actor = hall.slack.channel("works").id, Actor(second.reporter_id)
        await hall.deps.cards.move(session, second.workspace_id, second.id, to, actor)
    card = await card_with(hall, 2, "Is this the same as #1?")
    assert LEAK not in card_text(card)
    # And what is no longer where both can be seen is not the same any more: it is planned.
    await press(hall, card, ids.ACTION_CLARIFY_SAME)
    assert LEAK not in card_text(await card_with(hall, 2, "Approve and run"))
