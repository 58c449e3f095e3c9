"""Request changes, Edit step and Versions, pressed on the card of a draft."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.slack import ids
from db.models import PlanningNoteRow
from services.approvals import ApprovalRules
from services.audit import Actor
from services.components.service import ComponentService
from tests.support.approvals import rules
from tests.support.dry_runs import choose
from tests.support.homes import opened, press_home, saying
from tests.support.notifications import prefers
from tests.support.refining import card_where, keys, plans, the_plan, told, versions
from tests.support.town_hall import TownHall, buttons, card_text, cards, drafted, plan_card

RESIDENTS = "notifications.notify_residents"


async def modal(hall: TownHall, callback: str, user: str = "priya") -> Any:
    """The modal on top, once it is of that kind."""
    return await hall.slack.wait_for(
        lambda: next((each for each in hall.slack.views(user)[-1:] if each.body["callback_id"] == callback), None)
    )


async def requested(hall: TownHall, card: Message, text: str = "", user: str = "priya", **chosen: Any) -> Any:
    await hall.slack.click(user, "works", card.ts, ids.ACTION_REQUEST_CHANGES)
    view = await modal(hall, ids.VIEW_REQUEST_CHANGES, user)
    values = {
        ids.BLOCK_WISH: {ids.INPUT_WISH: text},
        ids.BLOCK_LEAVE_OUT: {ids.INPUT_LEAVE_OUT: chosen.get("left_out", [])},
        ids.BLOCK_ASK_BEFORE: {ids.INPUT_ASK_BEFORE: chosen.get("asked_before", [])},
    }
    return await hall.slack.submit_view(view.id, values)


async def test_who_had_it_planned_for_another_may_say_what_should_be_different(hall: TownHall) -> None:
    await rules(hall, "marco")
    hall.slack.post_user_message("dana", "works", "The hydrant at 12 Elm Street is leaking")
    root = hall.slack.messages("works")[-1]
    await hall.slack.send_mention("priya", "works", "please handle this", root.ts)
    card = await drafted(hall)
    assert (await requested(hall, card, "Ask before the work order")).acked
    await card_where(hall, "Changed by")


async def editing(hall: TownHall, card: Message, component: str, user: str = "priya") -> Any:
    """The form of the step with that component."""
    [*_, row] = await versions(hall)
    step = next(step["step_id"] for step in row.document["steps"] if step["component_id"] == component)
    await choose(hall, card, "Edit step", user)
    view = await modal(hall, ids.VIEW_STEP_CHOICE, user)
    await hall.slack.submit_view(view.id, {ids.BLOCK_STEP: {ids.INPUT_STEP: step}})
    return await modal(hall, ids.VIEW_STEP_EDIT, user)


def field(view: Any, label: str) -> str:
    """The block of the field with that label."""
    return next(
        str(block["block_id"])
        for block in view.blocks
        if block["type"] == "input" and block["label"]["text"] == label
    )


async def write(hall: TownHall, view: Any, label: str, value: str) -> Any:
    """Type something into a field, and save."""
    return await hall.slack.submit_view(view.id, {field(view, label): {ids.INPUT_VALUE: value}})


async def test_what_is_requested_becomes_a_version_that_says_what_is_different(hall: TownHall) -> None:
    card = await plan_card(hall)
    await requested(hall, card, "Ask before the crew is assigned")
    card = await card_where(hall, "Ask before the crew is assigned", "asks a person first now")
    assert json.dumps({"type": "user", "user_id": hall.slack.user("priya").id})[1:-1] in card_text(card)
    assert "Approve and run" in buttons(card)


async def test_steps_can_be_chosen_in_place_of_words(hall: TownHall) -> None:
    card = await plan_card(hall)
    [row] = await versions(hall)
    step = next(step["step_id"] for step in row.document["steps"] if step["component_id"] == RESIDENTS)
    await requested(hall, card, left_out=[step])
    await card_where(hall, "Removed: Notify residents")
    [first, second] = await versions(hall)
    assert set(keys(first)) - set(keys(second)) == {RESIDENTS}
    assert second.wish == "Leave out: Notify residents."


async def test_a_form_without_a_wish_is_sent_back(hall: TownHall) -> None:
    card = await plan_card(hall)
    submitted = await requested(hall, card, "   ")
    assert submitted.errors == {ids.BLOCK_WISH: "Say in a sentence what should be different."}


async def test_who_may_not_change_it_is_told_before_they_write(hall: TownHall) -> None:
    async with hall.database.transaction() as session:
        rules = ApprovalRules(approvers=(hall.slack.user("marco").id,))
        await hall.deps.approvals.set_settings(session, hall.deps.workspace.id, rules, Actor("U0SETUP001"))
    card = await plan_card(hall)
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_REQUEST_CHANGES)
    assert "not among those who may change this plan" in card_text(await told(hall, "dana"))
    assert hall.slack.views("dana") == []
    # Whoever reported it may, and so may those who decide.
    await requested(hall, card, "Ask before the crew is assigned")
    await card_where(hall, "asks a person first now")


async def test_a_form_that_is_sent_after_the_plan_was_approved_gives_the_words_back(hall: TownHall) -> None:
    card = await plan_card(hall)
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_REQUEST_CHANGES)
    view = await modal(hall, ids.VIEW_REQUEST_CHANGES)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(cards(hall.slack)[-1]) or None)
    await hall.slack.submit_view(view.id, {ids.BLOCK_WISH: {ids.INPUT_WISH: "Notify the school too"}})
    answer = card_text(await told(hall))
    assert f"<@{hall.slack.user('marco').id}> has approved the plan" in answer
    assert "Notify the school too" in answer
    assert [row.version for row in await versions(hall)] == [1]


async def test_what_a_person_types_is_kept_as_theirs(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, RESIDENTS)
    await hall.slack.submit_view(
        view.id, {field(view, "Message"): {ids.INPUT_VALUE: "The water is off until noon."}}
    )
    card = await card_where(hall, "Edited by", "The water is off until noon.")
    [first, second] = await versions(hall)
    assert (second.kind, second.made_by, second.based_on) == ("edited", hall.slack.user("priya").id, 1)
    [was, now] = plans([first, second])
    typed = [item for step in now.steps for item in step.inputs if item.typed]
    assert [(item.name, item.value) for item in typed] == [("message", "The water is off until noon.")]
    # What was not touched is as it was, with its references.
    others = [{item for item in step.inputs if item.name != "message"} for step in was.steps]
    assert others == [{item for item in step.inputs if item.name != "message"} for step in now.steps]
    assert "refiner" not in [each.agent for each in hall.gemini.transcript]


async def test_what_a_person_typed_stays_theirs_when_the_agents_change_something_else(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, RESIDENTS)
    await write(hall, view, "Message", "The water is off.")
    card = await card_where(hall, "Edited by")
    await requested(hall, card, "Ask before the crew is assigned")
    await card_where(hall, "asks a person first now")
    typed = [item.value for step in plans(await versions(hall))[-1].steps for item in step.inputs if item.typed]
    assert typed == ["The water is off."]


async def test_gate_and_order_are_set_by_hand(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, RESIDENTS)
    [row] = await versions(hall)
    crew = next(step["step_id"] for step in row.document["steps"] if step["component_id"] == "crews.assign")
    values = {ids.BLOCK_GATE: {ids.INPUT_GATE: ["yes"]}, ids.BLOCK_AFTER: {ids.INPUT_AFTER: [crew]}}
    await hall.slack.submit_view(view.id, values)
    await card_where(hall, "asks a person first now", "comes after step")


async def test_what_does_not_fit_is_said_in_the_form(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, "crews.assign")
    submitted = await hall.slack.submit_view(
        view.id, {field(view, "Work order id"): {ids.INPUT_VALUE: "{{nothing.id}}"}}
    )
    errors = submitted.errors or {}
    assert list(errors) == [field(view, "Work order id")]
    assert "from a step that does not exist" in errors[field(view, "Work order id")]
    assert [each.version for each in await versions(hall)] == [1]


async def test_a_step_that_others_need_can_not_be_removed(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, "workorders.create")
    submitted = await hall.slack.submit_view(view.id, {ids.BLOCK_REMOVE: {ids.INPUT_REMOVE: ["yes"]}})
    assert "from a step that does not exist" in (submitted.errors or {})[ids.BLOCK_REMOVE]


async def test_a_step_that_nobody_needs_is_removed(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, RESIDENTS)
    await hall.slack.submit_view(view.id, {ids.BLOCK_REMOVE: {ids.INPUT_REMOVE: ["yes"]}})
    await card_where(hall, "Removed: Notify residents")
    assert RESIDENTS not in keys((await versions(hall))[-1])


async def test_an_edit_of_a_plan_that_was_changed_meanwhile_gives_back_what_was_typed(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, RESIDENTS)
    await requested(hall, card, "Ask before the crew is assigned", "marco")
    await card_where(hall, "asks a person first now")
    await write(hall, view, "Message", "The water is off.")
    answer = card_text(await told(hall))
    assert "Somebody has changed the plan since you saw it" in answer
    assert "The water is off." in answer
    assert len(await versions(hall)) == 2


async def test_versions_are_compared_and_an_older_one_is_restored(hall: TownHall) -> None:
    card = await plan_card(hall)
    await requested(hall, card, "Ask before the crew is assigned")
    card = await card_where(hall, "asks a person first now")
    await choose(hall, card, "Versions", "priya")
    view = await modal(hall, ids.VIEW_VERSIONS)
    assert "Ask before the crew is assigned" in json.dumps(view.blocks, ensure_ascii=False)
    await hall.slack.click_in_view("priya", view.id, ids.ACTION_VERSION_COMPARE)
    compared = await modal(hall, ids.VIEW_COMPARE)
    assert "asks a person first now" in json.dumps(compared.blocks)
    await hall.slack.submit_view(compared.id, {})
    assert hall.slack.views("priya") == []
    await card_where(hall, "Version 1 brought back by")
    rows = await versions(hall)
    assert rows[2].document == rows[0].document
    assert (rows[2].kind, rows[2].based_on) == ("restored", 1)
    assert (await the_plan(hall)).version == 3


async def test_a_version_that_breaks_the_rules_of_today_is_not_restored(hall: TownHall) -> None:
    card = await plan_card(hall)
    view = await editing(hall, card, RESIDENTS)
    await hall.slack.submit_view(view.id, {ids.BLOCK_REMOVE: {ids.INPUT_REMOVE: ["yes"]}})
    card = await card_where(hall, "Removed: Notify residents")
    async with hall.database.transaction() as session:
        await ComponentService().deactivate(session, hall.deps.workspace.id, RESIDENTS)
    await choose(hall, card, "Versions", "priya")
    listed = await modal(hall, ids.VIEW_VERSIONS)
    await hall.slack.click_in_view("priya", listed.id, ids.ACTION_VERSION_COMPARE)
    compared = await modal(hall, ids.VIEW_COMPARE)
    await hall.slack.submit_view(compared.id, {})
    refused = await modal(hall, ids.VIEW_COMPARE)
    said = json.dumps(refused.blocks)
    assert "Version 1 can't be restored" in said
    assert "switched off" in said
    assert len(await versions(hall)) == 2


async def test_a_plan_that_fits_no_more_is_not_approved_and_can_be_brought_up_to_date(hall: TownHall) -> None:
    card = await plan_card(hall)
    async with hall.database.transaction() as session:
        await ComponentService().deactivate(session, hall.deps.workspace.id, RESIDENTS)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    answer = await told(hall, "marco")
    assert "does not fit what the town has today" in card_text(answer)
    assert "switched off" in card_text(answer)
    assert (await the_plan(hall)).state == "DRAFT"
    await hall.slack.click("marco", "works", answer.ts, ids.ACTION_PLAN_UPDATE)
    card = await card_where(hall, "Removed: Notify residents")
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(cards(hall.slack)[-1]) or None)
    assert (await the_plan(hall)).state == "APPROVED"


async def test_who_approves_such_a_plan_on_their_home_is_told_there_where_to_read_why(hall: TownHall) -> None:
    await plan_card(hall)
    await opened(hall, "marco", "Approve and run")
    async with hall.database.transaction() as session:
        await ComponentService().deactivate(session, hall.deps.workspace.id, RESIDENTS)
    await press_home(hall, "marco", "Approve and run")
    await saying(hall, "marco", "is in our messages here")
    [answer] = hall.slack.ephemerals(hall.slack.dm("marco").id, "marco")
    assert "switched off" in card_text(answer)
    assert (await the_plan(hall)).state == "DRAFT"


async def test_a_deputy_who_approves_such_a_plan_is_told_why_it_was_not_started(hall: TownHall) -> None:
    await rules(hall, "marco")
    await prefers(hall, "marco", deputy="dana")
    card = await plan_card(hall)
    async with hall.database.transaction() as session:
        await ComponentService().deactivate(session, hall.deps.workspace.id, RESIDENTS)
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_APPROVE)
    assert "switched off" in card_text(await told(hall, "dana"))


async def test_what_people_change_becomes_notes_for_later_plans(hall: TownHall) -> None:
    card = await plan_card(hall)
    await requested(hall, card, "Ask before the crew is assigned, not 555 123 4567")
    card = await card_where(hall, "asks a person first now")
    view = await editing(hall, card, RESIDENTS)
    await hall.slack.submit_view(view.id, {ids.BLOCK_REMOVE: {ids.INPUT_REMOVE: ["yes"]}})
    await card_where(hall, "Removed: Notify residents")
    async with hall.database.reading() as session:
        notes = (await session.scalars(select(PlanningNoteRow).order_by(PlanningNoteRow.created_at))).all()
    assert [(note.text, note.component_key, note.origin) for note in notes] == [
        ("A draft was changed: Ask before the crew is assigned, not [number]", None, "changed"),
        (f"In a draft, a step with {RESIDENTS} was left out by a person.", RESIDENTS, "changed"),
    ]
