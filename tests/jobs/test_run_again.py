"""Run again: another run of the same version, for whoever may start one, once."""

from __future__ import annotations

import asyncio
import json
from functools import partial

import pytest
from sqlalchemy import select, update

from bot.jobs.messages.replies import reply_to_reporter
from bot.sandbox.slack import Message
from bot.sandbox.town import Hang, Status
from bot.slack import ids
from db.models import AuditEvent, Decision, Run, WorkflowPlan
from services.approvals import ApprovalRules
from services.audit import Actor
from services.errors import MoveNotAllowed
from services.jobs import ReplyToReporter
from services.states import PlanState, RunState
from tests.support.town_hall import TownHall, buttons, card_text, cards
from tests.support.town_runs import LOOK, approved, order, press, with_button


async def runs(hall: TownHall) -> list[Run]:
    async with hall.database.reading() as session:
        query = select(Run).order_by(Run.number)
        return list((await session.scalars(query)).all())


def outcomes(hall: TownHall) -> list[Message]:
    found = hall.slack.channel("works").messages.values()
    return [message for message in found if (message.metadata or {}).get("event_type") == ids.METADATA_OUTCOME]


async def told(hall: TownHall, count: int) -> list[Message]:
    """The replies to the reporter, when there are so many."""
    return await hall.slack.wait_for(lambda: outcomes(hall) if len(outcomes(hall)) >= count else None, 20)


async def shows(hall: TownHall, words: str) -> Message:
    return await hall.slack.wait_for(
        lambda: next((card for card in cards(hall.slack) if words in card_text(card)), None), 20
    )


async def test_a_run_that_is_done_can_be_run_again(hall: TownHall) -> None:
    await approved(hall, LOOK, order())
    await told(hall, 1)
    await press(hall, "Run again", "dana")
    replies = await told(hall, 2)
    first, second = await runs(hall)
    assert (first.number, second.number) == (1, 2)
    assert (first.version, second.version) == (1, 1)
    assert (first.state, second.state) == (RunState.COMPLETED, RunState.COMPLETED)
    assert second.started_by == hall.slack.user("dana").id
    assert len(hall.town.received("workorders.create")) == 2
    assert {(reply.metadata or {})["event_payload"]["run"] for reply in replies} == {str(first.id), str(second.id)}
    await shows(hall, "run 2")
    assert len(cards(hall.slack)) == 1
    async with hall.database.reading() as session:
        plan = (await session.scalars(select(WorkflowPlan))).one()
        decision = (await session.scalars(select(Decision))).one()
        event = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "plan.run_again"))).one()
    assert plan.state == PlanState.APPROVED
    assert (decision.kind, decision.run_id, decision.user_id) == ("again", second.id, second.started_by)
    assert (event.actor, event.facts["after"]) == (second.started_by, str(first.id))


async def test_cancel_and_then_run_again(hall: TownHall) -> None:
    await approved(hall, LOOK, order(gate=True))
    await press(hall, "Cancel run")
    await press(hall, "Run again")
    await press(hall, "Approve step")
    await told(hall, 2)
    first, second = await runs(hall)
    assert (first.state, second.state) == (RunState.CANCELLED, RunState.COMPLETED)
    assert len(hall.town.received("workorders.create")) == 1
    assert len(hall.town.received("open311.find_requests")) == 2


async def test_a_failed_run_has_to_be_stopped_first(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422))
    await approved(hall, order())
    card = await with_button(hall, "Stop run")
    assert "Run again" not in buttons(card)
    await press(hall, "Stop run")
    await press(hall, "Run again")
    await hall.slack.wait_for(lambda: len(hall.town.received("workorders.create")) == 2 or None, 20)
    await with_button(hall, "Run again")
    assert [run.state for run in await runs(hall)] == [RunState.CANCELLED, RunState.COMPLETED]


async def test_a_cancelled_run_whose_call_is_under_way_is_not_run_again_yet(hall: TownHall) -> None:
    hall.town.script("workorders.create", Hang())
    await approved(hall, order())
    await hall.town.wait_for("workorders.create")
    await press(hall, "Cancel run")
    card = await shows(hall, "Cancelled · 0 of 1 done")
    assert "Run again" not in buttons(card)
    [run] = await runs(hall)
    deps, dana = hall.deps, hall.slack.user("dana").id
    async with hall.database.transaction() as session:
        revision = (await session.get_one(WorkflowPlan, run.plan_id)).revision
        again = deps.runs.rerun(session, run.workspace_id, run.id, revision, Actor(dana), deps.now())
        with pytest.raises(MoveNotAllowed):
            await again
    assert len(await runs(hall)) == 1


async def test_two_presses_of_one_button_are_one_run(hall: TownHall) -> None:
    await approved(hall, order())
    card = await with_button(hall, "Run again")
    clicks = [
        hall.slack.prepare_click(user, "works", card.ts, ids.ACTION_RUN_AGAIN)
        for user in ("marco", "dana", "dana")
    ]
    await asyncio.gather(*(hall.slack.deliver(click) for click in clicks))
    await told(hall, 2)
    private = await hall.slack.wait_for(
        lambda: hall.slack.ephemerals("works", "marco") + hall.slack.ephemerals("works", "dana")
    )
    assert "nothing was done" in private[0].text or "That run is over" in private[0].text
    assert len(await runs(hall)) == 2


async def test_an_older_button_after_the_second_run_does_nothing(hall: TownHall) -> None:
    await approved(hall, order())
    card = await with_button(hall, "Run again")
    old = hall.slack.prepare_click("marco", "works", card.ts, ids.ACTION_RUN_AGAIN)
    await press(hall, "Run again", "dana")
    await told(hall, 2)
    await hall.slack.deliver(old)
    await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert len(await runs(hall)) == 2


async def test_only_who_may_approve_may_run_again(hall: TownHall) -> None:
    await approved(hall, order())
    await with_button(hall, "Run again")
    async with hall.database.transaction() as session:
        settings = ApprovalRules(approvers=(hall.slack.user("dana").id, hall.slack.user("priya").id))
        user = hall.slack.user("dana").id
        await hall.deps.approvals.set_settings(session, hall.deps.workspace.id, settings, Actor(user))
    for user_name in ("marco", "priya"):
        await press(hall, "Run again", user_name)
        await hall.slack.wait_for(partial(hall.slack.ephemerals, "works", user_name))
    assert len(await runs(hall)) == 1
    await press(hall, "Run again", "dana")
    await told(hall, 2)
    assert len(await runs(hall)) == 2


async def test_a_late_reply_is_about_its_own_run(hall: TownHall) -> None:
    await approved(hall, order())
    await press(hall, "Run again")
    await told(hall, 2)
    first, _ = await runs(hall)
    async with hall.database.transaction() as session:
        unsaid = update(Run).where(Run.id == first.id)
        await session.execute(unsaid.values(reply_ts=None, reply_started_at=None))
    job = ReplyToReporter(workspace=first.workspace_id, plan=first.plan_id, run=first.id)
    await reply_to_reporter(job, hall.deps)
    about = [(reply.metadata or {})["event_payload"]["run"] for reply in outcomes(hall)]
    assert about[-1] == str(first.id)


async def test_the_page_of_a_plan_has_the_history_of_its_runs(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422))
    await approved(hall, order())
    await press(hall, "Retry")
    await press(hall, "Run again", "dana")
    await told(hall, 2)
    await hall.slack.send_command("priya", "works", "/workflows", "#1")
    page = hall.slack.ephemerals("works", "priya")[-1]
    said = card_text(page)
    assert "Run 2 · " in said
    assert "Run 1 · Done" in said
    assert "attempt 1 (201): done" in said
    assert "attempt 2" not in said, "of the first run, which has a page of its own behind Details"
    assert "Started it again" in said
    assert hall.slack.user("dana").id in said


async def test_details_of_an_earlier_run_are_of_that_run(hall: TownHall) -> None:
    await approved(hall, order())
    card = await with_button(hall, "Run again")
    details = hall.slack.prepare_click("marco", "works", card.ts, ids.ACTION_RUN_DETAILS)
    hall.town.script("workorders.create", Status(422))
    await press(hall, "Run again")
    await with_button(hall, "Stop run")
    await hall.slack.deliver(details)
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    assert "Done in" in json.dumps(view.blocks)


async def test_an_earlier_run_has_a_page_of_its_own(hall: TownHall) -> None:
    await approved(hall, order())
    await with_button(hall, "Run again")
    hall.town.script("workorders.create", Status(422))
    await press(hall, "Run again")
    await with_button(hall, "Stop run")
    await hall.slack.send_command("priya", "works", "/workflows", "#1")
    said = card_text(hall.slack.ephemerals("works", "priya")[-1])
    assert "run 2 of 2" in said
    assert "attempt 1 (422)" in said
    assert "`/workflows #1.1` shows run 1 of this plan" in said
    await press(hall, "Stop run")
    await with_button(hall, "Run again")
    await hall.slack.send_command("priya", "works", "/workflows", "#1.1")
    page = hall.slack.ephemerals("works", "priya")[-1]
    said = card_text(page)
    assert "run 1 of 2" in said
    assert "attempt 1 (201): done" in said
    assert "(422)" not in said
    assert list(buttons(page)) == ["Details", "Show all", "Report", "Show card"], (
        "only the last run can be run again"
    )
    await hall.slack.send_command("priya", "works", "/workflows", "1.2")
    assert "Run again" in buttons(hall.slack.ephemerals("works", "priya")[-1])
    for text in ("#1.3", "#2.1", "1.0"):
        await hall.slack.send_command("priya", "works", "/workflows", text)
        assert hall.slack.ephemerals("works", "priya")[-1].text.startswith("There is no such run.")


async def test_one_step_is_shown_in_full_from_its_gate_and_from_details(hall: TownHall) -> None:
    title = "word " * 400 + "end"
    await approved(hall, order(body__description=title, gate=True))
    card = await with_button(hall, "Show in full")
    await hall.slack.click("marco", "works", card.ts, ids.ACTION_STEP_DETAILS)
    [alone] = hall.slack.views("marco")
    assert title in json.dumps(alone.blocks)
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_RUN_DETAILS)
    [below] = hall.slack.views("dana")
    [menu] = [block["elements"][0] for block in below.blocks if block["type"] == "actions"]
    chosen = menu["option_groups"][0]["options"][0]["value"]
    await hall.slack.click_in_view("dana", below.id, ids.ACTION_STEP_DETAILS, chosen)
    _, above = hall.slack.views("dana")
    assert title in json.dumps(above.blocks)
