"""A wish in words becomes a new version of a draft, or the draft stands as it was, and somebody hears why."""

from __future__ import annotations

import json

from sqlalchemy import select

from bot.sandbox.gemini.faults import Hold, Status, Text
from bot.slack import ids
from db.models import AuditEvent
from db.queue import enqueue
from services.jobs import DraftPlan
from services.plans.differences import differences
from services.plans.model import Plan
from tests.support.refining import approval, card_where, keys, the_plan, told, versions, wish, with_school
from tests.support.town_hall import TownHall, buttons, card_text, cards, plan_card
from tests.support.waiting import happened


async def test_a_component_that_was_not_chosen_comes_in_by_a_wish(hall: TownHall) -> None:
    await with_school(hall)
    await plan_card(hall)
    await wish(hall, "Notify the school too")
    await card_where(hall, "Changed by")
    first, second = await versions(hall)
    assert "schools.notify" not in keys(first)
    assert set(keys(second)) == {*keys(first), "schools.notify"}
    assert (second.kind, second.wish, second.based_on) == ("refined", "Notify the school too", 1)
    assert second.made_by == hall.slack.user("priya").id
    plan = await the_plan(hall)
    assert (plan.state, plan.version, plan.change) == ("DRAFT", 2, None)
    kept = Plan.model_validate(first.document).steps
    now = {step.step_id: step for step in Plan.model_validate(second.document).steps}
    assert all(step.step_id in now for step in kept)


async def test_who_wished_for_what_is_on_record(hall: TownHall) -> None:
    await plan_card(hall)
    await wish(hall, "Ask before the crew is assigned")
    await card_where(hall, "Changed by")
    async with hall.database.reading() as session:
        rows = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.created_at)))
    priya = hall.slack.user("priya").id
    rows = [row for row in rows if row.action.startswith("plan.")]
    assert [(row.action, row.actor) for row in rows] == [
        ("plan.opened", priya),
        ("plan.drafted", "mudda"),
        ("plan.change_wished", priya),
        ("plan.refined", priya),
    ]
    assert rows[-1].facts == {"version": 2, "wish": "Ask before the crew is assigned"}


async def test_a_model_that_is_down_leaves_the_plan_as_it_was(hall: TownHall) -> None:
    await plan_card(hall)
    hall.gemini.script(*[Status(400, reason="API_KEY_INVALID")] * 2)
    await wish(hall, "Without the notice to residents")
    answer = await told(hall)
    assert "was not changed" in card_text(answer)
    assert "Without the notice to residents" in card_text(answer)
    plan = await the_plan(hall)
    assert (plan.state, plan.version, len(await versions(hall))) == ("DRAFT", 1, 1)
    card = await card_where(hall, "was not changed")
    assert "Approve and run" in buttons(card)


async def test_a_change_that_makes_no_valid_plan_is_not_kept(hall: TownHall) -> None:
    await plan_card(hall)
    # The crew is assigned to a work order, whose number that step needs.
    await wish(hall, "Without the work order")
    answer = await told(hall)
    assert "was not changed" in card_text(answer)
    assert (await the_plan(hall)).state == "DRAFT"
    assert len(await versions(hall)) == 1


async def test_a_wish_that_changes_nothing_says_so(hall: TownHall) -> None:
    await plan_card(hall)
    await wish(hall, "Just carry on as you think best")
    assert "stays as it is" in card_text(await told(hall))
    assert [row.version for row in await versions(hall)] == [1]
    assert (await the_plan(hall)).state == "DRAFT"


async def test_only_spaces_are_no_wish(hall: TownHall) -> None:
    await plan_card(hall)
    await wish(hall, "  \n ")
    assert "Say in a sentence" in card_text(await told(hall))
    assert (await the_plan(hall)).revision == 2


async def test_while_it_is_changed_the_old_plan_can_not_be_approved(hall: TownHall) -> None:
    await plan_card(hall)
    held = Hold()
    hall.gemini.script(held, agent="refiner")
    await wish(hall, "Ask before the crew is assigned")
    await happened(held.reached)
    await hall.slack.wait_for(
        lambda: next((c for c in cards(hall.slack) if "Changing the plan" in card_text(c)), None)
    )
    assert buttons(cards(hall.slack)[-1]) == {}
    async with hall.database.transaction() as session:
        await enqueue(session, approval(hall, await the_plan(hall), revision=2))
    assert "A new draft of this plan is on its way" in (await told(hall)).text
    held.released.set()
    await card_where(hall, "Changed by")


async def test_of_two_wishes_at_once_the_second_is_given_back(hall: TownHall) -> None:
    await plan_card(hall)
    held = Hold()
    hall.gemini.script(held, agent="refiner")
    await wish(hall, "Ask before the crew is assigned")
    await happened(held.reached)
    await wish(hall, "No notice to residents, please", "marco")
    answer = card_text(await told(hall, "marco"))
    assert "No notice to residents, please" in answer
    assert f"<@{hall.slack.user('priya').id}> is having the plan changed" in answer
    held.released.set()
    await card_where(hall, "Changed by")
    assert [row.wish for row in await versions(hall)] == [None, "Ask before the crew is assigned"]


async def test_the_same_wish_handed_over_twice_is_one(hall: TownHall) -> None:
    await plan_card(hall)
    await wish(hall, "Ask before the crew is assigned", key="event:one")
    await card_where(hall, "Changed by")
    await wish(hall, "Ask before the crew is assigned", key="event:one")
    await wish(hall, "nothing", key="event:two")
    await told(hall)
    assert len(await versions(hall)) == 2


async def test_a_wish_for_a_discarded_plan_is_given_back(hall: TownHall) -> None:
    card = await plan_card(hall)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
    await hall.slack.wait_for(lambda: "Discard" not in buttons(cards(hall.slack)[-1]) or None)
    await wish(hall, "Notify the school too")
    answer = card_text(await told(hall))
    assert f"<@{hall.slack.user('marco').id}> has discarded the plan" in answer
    assert "Notify the school too" in answer


async def test_order_gates_and_removal_by_plain_words(hall: TownHall) -> None:
    await plan_card(hall)
    await wish(hall, "Assign the crew first, then notify the residents. Ask before the crew is assigned.")
    await card_where(hall, "Changed by")
    first, second = (Plan.model_validate(row.document) for row in await versions(hall))
    found = {(each.kind.value, each.step.component_id) for each in differences(first, second) if each.step}
    assert ("reordered", "notifications.notify_residents") in found
    await wish(hall, "Without the notice to residents")
    await card_where(hall, "Without the notice to residents")
    third = Plan.model_validate((await versions(hall))[-1].document)
    assert "notifications.notify_residents" not in [step.component_id for step in third.steps]


async def test_a_change_whose_worker_was_replaced_is_thrown_away(hall: TownHall) -> None:
    await plan_card(hall)
    held = Hold()
    hall.gemini.script(held, agent="refiner")
    await wish(hall, "Ask before the crew is assigned")
    await happened(held.reached)
    plan = await the_plan(hall)
    # As a second worker would: the job is there again, and takes the claim.
    again = DraftPlan(workspace=hall.deps.workspace.id, plan=plan.id, draft=plan.draft)
    async with hall.database.transaction() as session:
        await enqueue(session, again)
    await card_where(hall, "Changed by")
    held.released.set()
    assert hall.bot.worker is not None
    await hall.bot.worker.idle()
    assert [row.version for row in await versions(hall)] == [1, 2]
    assert (await the_plan(hall)).state == "DRAFT"


async def test_a_plan_that_failed_can_be_helped_with_a_word(hall: TownHall) -> None:
    hall.gemini.script(Text(json.dumps({"selected_component_ids": []})), agent="selector")
    await plan_card(hall)
    assert "Request changes" in buttons(cards(hall.slack)[-1])
    await wish(hall, "It is about water in the road")
    await card_where(hall, "Approve and run")
    [row] = await versions(hall)
    assert (row.kind, row.wish, row.based_on) == ("drafted", "It is about water in the road", None)
