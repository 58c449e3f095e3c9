"""A Home at work: what waits is decided there, it follows what happens, and admins set up the workspace."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from bot.sandbox.slack import ErrorWord, SlackStandIn
from bot.sandbox.slack.state.model import User
from bot.sandbox.slack.state.workspace import DEFAULT_PEOPLE, Setup
from bot.slack import ids
from db.models import AuditEvent, Home, WorkflowPlan
from tests.support.approvals import form
from tests.support.clarifying import asking, planned
from tests.support.homes import home_buttons, home_text, no_longer_saying, opened, press_home, saying, settings
from tests.support.own_steps import ask, output
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, cards, drafted, plan_card, town_hall
from tests.support.town_runs import LOOK, approved, order, outcome, step_states


async def test_a_new_workspace_is_told_how_to_begin_and_begins_there(hall: TownHall) -> None:
    await opened(hall, "priya", "Welcome to Mudda", "/mudda")
    assert "Setup" not in home_text(hall, "priya")
    await press_home(hall, "priya", "Report an issue")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("priya"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: LEAK}})
    card = await drafted(hall, hall.slack.dm("priya").id)
    assert "Where should others see it" in card_text(card)
    await saying(hall, "priya", "Your reports · 1", "To be reviewed")


async def test_a_plan_is_approved_on_the_home_and_all_who_look_see_it(hall: TownHall) -> None:
    card = await plan_card(hall)
    await opened(hall, "marco", "Waiting for you · 1", "Approve and run")
    await opened(hall, "priya", "Your reports · 1", "To be reviewed")
    await press_home(hall, "marco", "Approve and run")
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(card))
    await saying(hall, "marco", "Running now · 1")
    await saying(hall, "priya", "Running now · 1")
    assert "To be reviewed" not in home_text(hall, "priya")
    async with hall.database.reading() as session:
        event = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "plan.approved"))).one()
    assert (event.actor, event.channel_id, event.message_ts) == (hall.slack.user("marco").id, None, None)


async def test_a_gate_is_rejected_on_the_home_with_a_reason(hall: TownHall) -> None:
    await approved(hall, LOOK, order(gate=True))
    await opened(hall, "marco", "Approve step", "Approve to send this")
    await press_home(hall, "marco", "Reject step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: "Not at night"}})
    await saying(hall, "marco", "Not at night", "Retry")
    assert "FAILED" in (await step_states(hall)).values()
    await press_home(hall, "marco", "Skip step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {})
    await outcome(hall)
    await saying(hall, "marco", "Nothing waits for you.")


async def test_a_question_is_answered_on_the_home_and_the_one_in_the_dm_says_so(hall: TownHall) -> None:
    await approved(hall, ask())
    await opened(hall, "priya", "A question for you")
    await press_home(hall, "priya", "Answer")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("priya"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_ANSWER: {ids.INPUT_ANSWER: "Two"}})
    await outcome(hall)
    assert (await output(hall, "ask"))["answer"] == "Two"
    [message] = hall.slack.messages(hall.slack.dm("priya").id)
    await hall.slack.wait_for(lambda: "Answered: " in card_text(message))


async def test_what_an_issue_does_not_say_is_asked_and_answered_on_the_home(hall: TownHall) -> None:
    await opened(hall, "priya")
    await asking(hall)
    await saying(hall, "priya", "Waiting for you · 1", "Where is it?", "Plan anyway")
    await press_home(hall, "priya", "Answer")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("priya"))
    await hall.slack.submit_view(view.id, {f"{ids.BLOCK_LACK}place": {ids.INPUT_LACK: "Elm Street"}})
    await planned(hall, "Place: Elm Street")
    await no_longer_saying(hall, "priya", "Where is it?")
    await opened(hall, "dana")
    await asking(hall, "The graffiti is back and it is rude")
    await saying(hall, "priya", "Where is it?")
    assert "Where is it?" not in home_text(hall, "dana")


async def test_what_may_not_be_decided_is_said_on_the_home(hall: TownHall) -> None:
    await plan_card(hall)
    await opened(hall, "priya", "Approve and run")
    home = hall.slack.home("priya")
    assert home is not None
    button = next(each for each in home_buttons(hall, "priya") if each["text"]["text"] == "Approve and run")
    await form(hall, "marco", approvers=[hall.slack.user("marco").id])
    await no_longer_saying(hall, "priya", "Approve and run")
    # A press that was on its way when the rules changed.
    home.blocks = [{"type": "actions", "block_id": "late", "elements": [button]}]
    await hall.slack.click_in_view("priya", home.id, button["action_id"])
    await saying(hall, "priya", "You can't decide this")
    await opened(hall, "priya")
    assert "You can't decide this" not in home_text(hall, "priya")


async def test_a_home_that_somebody_else_published_is_read_and_drawn_again(hall: TownHall) -> None:
    await opened(hall, "priya", "Welcome")
    hall.slack.faults.script("views.publish", [ErrorWord("hash_conflict")])
    await hall.slack.send_command("marco", "works", "/mudda", LEAK)
    await saying(hall, "priya", "You have not reported anything yet.")
    calls = hall.slack.calls("views.publish")
    refused = next(number for number, call in enumerate(calls) if call.fault == ErrorWord("hash_conflict"))
    assert "hash" in calls[refused].args
    assert "hash" not in calls[refused + 1].args


async def test_an_unseen_publication_in_between_is_no_obstacle(hall: TownHall) -> None:
    await opened(hall, "priya", "Welcome")
    home = hall.slack.home("priya")
    assert home is not None
    hall.slack.workspace.replace_view(home, home.body)  # as another replica would, of which nothing is on record
    await plan_card(hall)
    await saying(hall, "priya", "Waiting for you · 1")


async def test_what_nobody_looks_at_is_not_drawn(hall: TownHall) -> None:
    await plan_card(hall)
    assert hall.slack.calls("views.publish") == []
    async with hall.database.reading() as session:
        assert (await session.scalars(select(Home))).all() == []


async def test_lists_are_turned(hall: TownHall) -> None:
    await plan_card(hall)
    async with hall.database.transaction() as session:
        plan = (await session.scalars(select(WorkflowPlan))).one()
        for number in range(2, 9):
            session.add(
                WorkflowPlan(
                    workspace_id=plan.workspace_id,
                    number=number,
                    inbox_key=f"k{number}",
                    source="command",
                    channel_id="C1",
                    reporter_id=plan.reporter_id,
                    issue_text=f"Lamp {number} is out",
                    state="DISCARDED",
                )
            )
    await opened(hall, "priya", "Lamp 8 is out", "Page 1 of 2")
    assert "Lamp 2 is out" not in home_text(hall, "priya")
    await press_home(hall, "priya", "Next")
    await saying(hall, "priya", "Lamp 2 is out", "Page 2 of 2")


async def test_who_may_plan_is_set_on_the_home_and_holds_at_once(hall: TownHall) -> None:
    await opened(hall, "priya", "Welcome")
    await opened(hall, "marco", "Setup", "Change settings")
    await settings(hall, "marco", may_plan="named", planners=[hall.slack.user("dana").id])
    await saying(hall, "marco", "Saved.", "May have plans drafted")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    message, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "priya"))
    assert "nothing was started" in message.text
    assert f"<@{hall.slack.user('dana').id}>" in message.text
    assert cards(hall.slack) == []
    await hall.slack.send_command("dana", "works", "/mudda", LEAK)
    await drafted(hall)
    async with hall.database.reading() as session:
        event = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "workspace.set"))).one()
    assert event.actor == hall.slack.user("marco").id
    assert event.facts["may_plan"] == "named"


async def test_the_budget_and_own_reports_are_set_on_the_home(hall: TownHall) -> None:
    await form(hall, "marco", approvers=[hall.slack.user("marco").id])
    await opened(hall, "marco", "Setup")
    await settings(hall, "marco", self_approval="true", tokens="500000", remind_after="5", plan_days="90")
    await saying(hall, "marco", "approvers may decide about what they reported", "500,000 tokens", "90 days")
    assert (await hall.deps_now()).budget.tokens_per_day == 500_000
    await hall.slack.send_command("marco", "works", "/mudda", LEAK)
    card = await drafted(hall)
    await press_home_when(hall, "marco", "Approve and run")
    await hall.slack.wait_for(lambda: "Approve and run" not in buttons(card))


async def press_home_when(hall: TownHall, user: str, label: str) -> None:
    await saying(hall, user, label)
    await press_home(hall, user, label)


@pytest.mark.parametrize(
    ("changes", "block"),
    [
        ({"time_zone": "Springfield/Evergreen"}, ids.BLOCK_TIME_ZONE),
        ({"plan_days": "3"}, ids.BLOCK_PLAN_DAYS),
        ({"remind_after": "99999999"}, ids.BLOCK_REMIND_AFTER),
        ({"may_plan": "named"}, ids.BLOCK_PLANNERS),
    ],
)
async def test_what_can_not_be_meant_shows_in_the_form(
    hall: TownHall, changes: dict[str, str], block: str
) -> None:
    await opened(hall, "marco", "Setup")
    delivery = await settings(hall, "marco", **changes)
    assert delivery.errors is not None
    assert set(delivery.errors) == {block}


async def test_only_admins_and_approvers_change_settings(hall: TownHall) -> None:
    await opened(hall, "marco", "Setup")
    await press_home(hall, "marco", "Change settings")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await opened(hall, "priya", "Welcome")
    # Slack says that Marco is no admin any more by the time he saves.
    marco = hall.slack.user("marco")
    hall.slack.workspace.users[marco.id] = User(marco.id, marco.name, marco.real_name)
    await hall.slack.submit_view(view.id, {ids.BLOCK_TOKENS: {ids.INPUT_TOKENS: "5"}})
    await saying(hall, "marco", "Only approvers and admins")
    assert (await hall.deps_now()).workspace.settings == {}


async def test_a_channel_that_takes_no_plan_is_not_set(hall: TownHall) -> None:
    await opened(hall, "marco", "Setup")
    await settings(hall, "marco", default_channel=hall.slack.channel("town-square").id)
    await saying(hall, "marco", "I can't post in the channel that you chose")
    await settings(hall, "marco", default_channel=hall.slack.channel("water").id)
    await saying(hall, "marco", "Saved.")
    await press_home(hall, "marco", "Report an issue")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: LEAK}})
    card = await drafted(hall, "water")
    assert "Where should others see it" not in card_text(card)
    assert hall.slack.messages(hall.slack.dm("marco").id) == []


async def test_a_stranger_gets_a_word_and_nothing_else(database_url: str) -> None:
    guest = User("U0GUEST001", "guest", "A guest", team_id="T0OTHER001")
    async with town_hall(database_url, slack=SlackStandIn(Setup(people=(*DEFAULT_PEOPLE, guest)))) as hall:
        await plan_card(hall)
        text = await opened(hall, "guest", "Only people of the organisation")
        assert LEAK not in text
        assert len(json.loads(text)) == 1
