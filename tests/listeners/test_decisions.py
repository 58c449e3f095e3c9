"""Buttons: the first decision counts, an older card decides nothing, and everybody is told politely."""

from __future__ import annotations

import asyncio
import dataclasses

from sqlalchemy import select

from bot.sandbox.gemini.faults import Hold, NoCandidates
from bot.sandbox.slack import Message
from bot.sandbox.slack.outbound.delivery import interactive_delivery
from bot.slack import ids
from db.models import AuditEvent, WorkflowPlan
from services.approvals import ApprovalRules
from services.audit import Actor
from tests.support.stand_in_plans import script_plan
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, cards, drafted, plan_card
from tests.support.waiting import happened


def long_plan(steps: int) -> dict[str, object]:
    """A valid plan of many looks at the same list, one after the other."""
    return {
        "workflow_name": "A long plan",
        "description": "Looks again and again.",
        "steps": [
            {
                "step_id": f"look_{number}",
                "component_id": "open311.find_requests",
                "description": f"Look for the {number}th time",
                "inputs": [],
                "outputs": [],
                "next": [f"look_{number + 1}"] if number < steps else [],
                "requires_approval": False,
            }
            for number in range(1, steps + 1)
        ],
    }


async def state(hall: TownHall) -> str:
    async with hall.database.reading() as session:
        return str(await session.scalar(select(WorkflowPlan.state)))


async def redrawn_without(hall: TownHall, label: str) -> Message:
    return await hall.slack.wait_for(
        lambda: next((card for card in cards(hall.slack) if label not in buttons(card)), None)
    )


async def test_discard_locks_the_card_and_says_who(hall: TownHall) -> None:
    card = await plan_card(hall)
    delivery = await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
    assert delivery.acked
    after = await redrawn_without(hall, "Discard")
    assert list(buttons(after)) == ["Show all"]
    assert hall.slack.user("marco").id in card_text(after)
    assert await state(hall) == "DISCARDED"


async def test_a_plan_is_not_approved_while_a_new_draft_is_made(hall: TownHall) -> None:
    card = await plan_card(hall)
    button = buttons(card)["Approve and run"]
    # As the card is now: it is redrawn as soon as the new draft begins.
    click = hall.slack.prepare_click("marco", "works", card.ts, button["action_id"], button["value"])
    held = Hold()
    hall.gemini.script(held)
    async with hall.database.transaction() as session:
        plan = (await session.scalars(select(WorkflowPlan))).one()
        deps = hall.deps
        await deps.workflows.try_again(session, deps.workspace.id, plan.id, plan.revision, Actor("U0DANA0001"))
    await happened(held.reached)
    await hall.slack.deliver(click)
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert "A new draft of this plan is on its way, so nothing was started." in told.text
    assert await state(hall) == "DRAFTING"
    held.released.set()


async def test_two_people_at_once_make_one_decision_and_one_is_told(hall: TownHall) -> None:
    card = await plan_card(hall)
    clicks = [hall.slack.prepare_click(user, "works", card.ts, ids.ACTION_DISCARD) for user in ("priya", "marco")]
    await asyncio.gather(*(hall.slack.deliver(click) for click in clicks))
    told = await hall.slack.wait_for(
        lambda: hall.slack.ephemerals("works", "priya") + hall.slack.ephemerals("works", "marco")
    )
    assert len(told) == 1
    assert "discarded" in told[0].text
    async with hall.database.reading() as session:
        events = list(await session.scalars(select(AuditEvent.action)))
    assert events.count("plan.discarded") == 1


async def test_the_same_click_delivered_again_changes_and_says_nothing(hall: TownHall) -> None:
    card = await plan_card(hall)
    click = await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
    await redrawn_without(hall, "Discard")
    before = len(hall.slack.transcript)
    again = await hall.slack.redeliver(click)
    assert again.failure is None
    # A second decision would be a job; the list proves that none came of it.
    await hall.slack.send_command("priya", "works", "/workflows")
    assert hall.slack.ephemerals("works", "marco") == []
    assert len(hall.slack.transcript) == before


async def test_a_click_on_an_older_card_is_answered_privately_and_changes_nothing(hall: TownHall) -> None:
    hall.gemini.script(NoCandidates(), NoCandidates())
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    failed = await drafted(hall)
    stale_discard = hall.slack.prepare_click("marco", "works", failed.ts, ids.ACTION_DISCARD)
    await hall.slack.click("priya", "works", failed.ts, ids.ACTION_TRY_AGAIN)
    await redrawn_without(hall, "Try again")
    await hall.slack.wait_for(lambda: [card for card in cards(hall.slack) if "Discard" in buttons(card)])
    assert await state(hall) == "DRAFT"
    assert (await hall.slack.deliver(stale_discard)).acked
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert "changed" in told.text
    assert await state(hall) == "DRAFT"


async def test_a_value_that_we_did_not_write_is_acked_and_does_nothing(hall: TownHall) -> None:
    card = await plan_card(hall)
    click = hall.slack.prepare_click("marco", "works", card.ts, ids.ACTION_DISCARD)
    value = str(click.context["payload"]["actions"][0]["value"])
    click.body = click.body.replace(value.encode(), b"not-ours")
    assert (await hall.slack.deliver(click)).acked
    assert await state(hall) == "DRAFT"


async def test_show_all_opens_every_step(hall: TownHall) -> None:
    script_plan(hall.gemini, long_plan(60))
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert "Show all" in buttons(card)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_SHOW_ALL)
    [view] = hall.slack.views("marco")
    assert view.body["callback_id"] == ids.VIEW_PLAN_DETAILS


async def test_a_person_of_another_organisation_decides_nothing(hall: TownHall) -> None:
    card = await plan_card(hall)
    users = hall.slack.workspace.users
    marco = hall.slack.user("marco")
    users[marco.id] = dataclasses.replace(marco, team_id="T0NEIGHBOUR")
    for label in ("Approve and run", "Discard"):
        button = buttons(card)[label]
        delivery = await hall.slack.click("marco", "works", card.ts, button["action_id"], button["value"])
        assert delivery.acked
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco")[1:])
    assert "Only people of the organisation" in told[0].text
    assert await state(hall) == "DRAFT"
    # The same press by one of our own counts.
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_DISCARD)
    await redrawn_without(hall, "Discard")
    assert await state(hall) == "DISCARDED"


async def test_a_person_of_another_organisation_sees_no_more_than_the_card(hall: TownHall) -> None:
    card = await plan_card(hall)
    users = hall.slack.workspace.users
    marco = hall.slack.user("marco")
    users[marco.id] = dataclasses.replace(marco, team_id="T0NEIGHBOUR")
    click = hall.slack.prepare_click("marco", "works", card.ts, ids.ACTION_DISCARD)
    payload = click.context["payload"]
    payload["actions"][0]["action_id"] = ids.ACTION_SHOW_ALL
    await hall.slack.deliver(interactive_delivery(payload, click.context))
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert "see more than the card" in told.text
    assert hall.slack.views("marco") == []


async def test_a_person_of_another_organisation_who_was_named_decides(hall: TownHall) -> None:
    card = await plan_card(hall)
    users = hall.slack.workspace.users
    marco = hall.slack.user("marco")
    users[marco.id] = dataclasses.replace(marco, team_id="T0NEIGHBOUR")
    async with hall.database.transaction() as session:
        rules = ApprovalRules(approvers=(marco.id,))
        await hall.deps.approvals.set_settings(session, hall.deps.workspace.id, rules, Actor("U0DANA0001"))
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_DISCARD)
    await redrawn_without(hall, "Discard")
    assert await state(hall) == "DISCARDED"
