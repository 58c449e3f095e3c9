"""Policies from end to end: what is loaded reaches the model, the plan obeys and cites it, people read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import select

from bot.slack import ids
from bot.views.private.notes import Note, note_text, with_people
from db.models import PlanVersion
from services.audit import Actor
from tests.support.policies import ROAD_WORKS, card_menu, load, menu
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, drafted, plan_card

PASSAGE = "Create a work order for water on a road <!channel> & *at once*."


async def test_a_plan_obeys_and_cites_what_is_in_force(hall: TownHall) -> None:
    await load(hall)
    card = await plan_card(hall)
    assert "Follows: Road works, 3.1 Work orders." in card_text(card)
    async with hall.database.reading() as session:
        version = (await session.scalars(select(PlanVersion))).one()
    [order] = [step for step in version.document["steps"] if step["component_id"] == "workorders.create"]
    assert order["requires_approval"]
    assert order["cites"] == ["road-works@1#3.1"]
    assert {each["id"]: each["heading"] for each in version.citations}["road-works@1#3.1"] == "3.1 Work orders"
    planner = next(asked for asked in hall.gemini.transcript if asked.agent == "planner")
    lines = planner.prompt.partition('<data name="policies">\n')[2].partition("</data>")[0].splitlines()
    assert {each["id"]: each["text"] for each in map(json.loads, lines)}["road-works@1#3.1"] == PASSAGE
    assert "<!channel>" not in planner.prompt


async def test_a_passage_is_read_from_the_card_and_from_the_whole_plan(hall: TownHall) -> None:
    await load(hall)
    card = await plan_card(hall)
    value = card_menu(card)["Road works: 3.1 Work orders"]
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_POLICY_READ, value)
    [view] = hall.slack.views("marco")
    assert view.body["callback_id"] == ids.VIEW_POLICY
    said = json.dumps(view.blocks, ensure_ascii=False)
    assert "Version 1 · in force from 2020-01-01" in said
    assert PASSAGE in said  # in rich text, where nothing is parsed
    await hall.slack.close_view(view.id)
    more = ids.Choice(ids.CHOICE_SHOW_ALL, ids.Ref.decode(buttons(card)["Approve and run"]["value"])).encode()
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_PLAN_MORE, more)
    [details] = hall.slack.views("marco")
    assert menu(details.blocks) == card_menu(card)
    await hall.slack.click_in_view("marco", details.id, ids.ACTION_POLICY_READ, value)
    assert [each.body["callback_id"] for each in hall.slack.views("marco")] == ["plan.details", "policy"]


async def test_a_policy_that_has_changed_since_is_read_as_it_was_cited(hall: TownHall) -> None:
    await load(hall)
    card = await plan_card(hall)
    await load(hall, ROAD_WORKS.replace("at once", "tomorrow"))
    async with hall.deps.database.transaction() as session:
        now = datetime(2027, 1, 1, tzinfo=UTC)
        await hall.deps.policies.remove(session, hall.deps.workspace.id, "road-works", Actor("U1"), now)
    value = card_menu(card)["Road works: 3.1 Work orders"]
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_POLICY_READ, value)
    said = json.dumps(hall.slack.views("marco")[0].blocks, ensure_ascii=False)
    assert "Version 1 · out of force since 2027-01-01 · there is a version 2 by now" in said
    assert "at once" in said


async def test_only_those_whom_a_policy_names_may_agree(hall: TownHall) -> None:
    dana = hall.slack.user("dana").id
    await load(hall, ROAD_WORKS.replace("needs_gate: true", f"needs_gate: {{people: {dana}}}"))
    card = await plan_card(hall)
    assert dana not in "".join(asked.prompt for asked in hall.gemini.transcript)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
    await hall.slack.wait_for(lambda: "Approve step" in buttons(card), 20)
    assert f"By a policy, only <@{dana}> can approve this." in card_text(card)
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert hall.slack.ephemerals("works", "marco")[-1].text == note_text(with_people(Note.NOT_NAMED, [dana]))
    assert hall.town.received("workorders.create") == []
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_STEP_APPROVE)
    await hall.slack.wait_for(lambda: hall.town.received("workorders.create"), 20)


async def test_what_is_forbidden_comes_to_no_plan_and_the_card_says_by_which_passage(hall: TownHall) -> None:
    await load(hall, ROAD_WORKS.replace("needs_gate", "forbidden"))
    card = await plan_card(hall)
    assert "“Road works”, 3.1 Work orders forbids “workorders.create”." in card_text(card)
    assert "Try again" in buttons(card)


async def test_policies_that_are_not_in_force_yet_change_nothing(hall: TownHall) -> None:
    await load(hall, ROAD_WORKS.replace("2020", "2999"))
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert card_menu(card) == {}
    assert all('<data name="policies">' not in asked.prompt for asked in hall.gemini.transcript)
