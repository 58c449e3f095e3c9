"""From Approve and run to the end of it: gates, failures, doubts and decisions, over the real town."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import select

from bot.sandbox.slack import Message
from bot.sandbox.town import Hang, Hold, Reset, Status
from bot.slack import ids
from db.models import AuditEvent, Decision, StepAttempt
from tests.support.run_starts import until
from tests.support.town_hall import TownHall, buttons, card_text, town_hall
from tests.support.town_runs import (
    CHECK,
    LOOK,
    approved,
    order,
    outcome,
    press,
    reply,
    run_state,
    skip,
    step,
    step_states,
    with_button,
)
from tests.support.waiting import happened


async def test_a_plan_runs_to_its_end_and_the_reporter_is_told(hall: TownHall) -> None:
    card = await approved(hall, LOOK, order())
    told = await outcome(hall)
    assert await run_state(hall) == "COMPLETED"
    assert await step_states(hall) == {"look": "DONE", "order": "DONE"}
    assert len(hall.town.received("workorders.create")) == 1
    assert told.thread_ts == card.ts
    assert hall.slack.user("priya").id in json.dumps([told.text, told.blocks])


async def test_a_gate_stops_its_branch_until_somebody_agrees(hall: TownHall) -> None:
    await approved(hall, LOOK, order(gate=True))
    await with_button(hall, "Approve step")
    assert await run_state(hall) == "WAITING"
    assert hall.town.received("workorders.create") == []
    await press(hall, "Approve step")
    await outcome(hall)
    assert len(hall.town.received("workorders.create")) == 1


async def test_a_rejected_step_fails_with_the_reason_and_sends_nothing(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    await press(hall, "Reject step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: "Not our road"}})
    await with_button(hall, "Stop run")
    assert await step_states(hall) == {"order": "FAILED"}
    assert hall.town.received("workorders.create") == []
    async with hall.database.reading() as session:
        decision = (await session.scalars(select(Decision).where(Decision.kind == "reject"))).one()
    assert (decision.reason, decision.user_id) == ("Not our road", hall.slack.user("marco").id)


async def test_two_people_at_a_gate_make_one_decision(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    card = await with_button(hall, "Approve step")
    button = buttons(card)["Approve step"]
    clicks = [
        hall.slack.prepare_click(user, "works", card.ts, button["action_id"], button["value"])
        for user in ("marco", "dana")
    ]
    await asyncio.gather(*(hall.slack.deliver(click) for click in clicks))
    await outcome(hall)
    told = await hall.slack.wait_for(
        lambda: hall.slack.ephemerals("works", "marco") + hall.slack.ephemerals("works", "dana")
    )
    assert len(told) == 1
    # Who was first is named.
    first = {"marco": "dana", "dana": "marco"}[hall.slack.user(told[0].ephemeral_to or "").name]
    assert f"<@{hall.slack.user(first).id}>" in told[0].text
    assert len(hall.town.received("workorders.create")) == 1


async def test_one_who_presses_twice_makes_one_decision_and_is_told(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    card = await with_button(hall, "Approve step")
    button = buttons(card)["Approve step"]
    clicks = [
        hall.slack.prepare_click("marco", "works", card.ts, button["action_id"], button["value"]) for _ in range(2)
    ]
    await asyncio.gather(*(hall.slack.deliver(click) for click in clicks))
    await outcome(hall)
    [told] = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "marco"))
    assert told.text
    assert len(hall.town.received("workorders.create")) == 1


@pytest.mark.parametrize("fault", [Status(429, retry_after="1"), Status(503)])
async def test_what_asks_for_patience_is_tried_again(hall: TownHall, fault: Status) -> None:
    hall.town.script("workorders.create", fault)
    await approved(hall, order())
    await outcome(hall)
    assert len(hall.town.received("workorders.create")) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
async def test_a_refusal_fails_the_step_and_retry_goes_on_from_there(hall: TownHall, status: int) -> None:
    hall.town.script("workorders.create", Status(status))
    await approved(hall, LOOK, order())
    await with_button(hall, "Stop run")
    assert await step_states(hall) == {"look": "DONE", "order": "FAILED"}
    await press(hall, "Retry")
    await outcome(hall)
    assert len(hall.town.received("open311.find_requests")) == 1
    assert await run_state(hall) == "COMPLETED"


async def test_a_press_of_stop_does_not_end_a_run_that_somebody_has_let_go_on(hall: TownHall) -> None:
    held = Hold()
    hall.town.script("workorders.create", Status(422), held)
    await approved(hall, order())
    card = await with_button(hall, "Stop run")
    stop = buttons(card)["Stop run"]
    late = hall.slack.prepare_click("dana", "works", card.ts, stop["action_id"], stop["value"])
    await press(hall, "Retry")
    await happened(held.reached)
    await hall.slack.deliver(late)
    told = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", "dana"))
    assert "under way" in told[0].text
    held.released.set()
    await outcome(hall)
    assert await run_state(hall) == "COMPLETED"


@pytest.mark.parametrize("fault", [Status(500), Reset(), Reset(applied=True)])
async def test_a_call_whose_fate_is_unknown_is_not_repeated_behind_peoples_backs(
    hall: TownHall, fault: Status | Reset
) -> None:
    hall.town.script("notifications.reply_to_reporter", fault)
    await approved(hall, reply())
    await with_button(hall, "Mark done")
    assert await step_states(hall) == {"reply": "UNCERTAIN"}
    assert await run_state(hall) == "WAITING"
    assert len(hall.town.received("notifications.reply_to_reporter")) == 1
    await press(hall, "Mark done")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: "Seen on the site"}})
    await outcome(hall)
    assert len(hall.town.received("notifications.reply_to_reporter")) == 1


async def test_mark_done_asks_for_what_later_steps_take(hall: TownHall) -> None:
    hall.town.script("notifications.reply_to_reporter", Reset(applied=True))
    await approved(hall, reply(after="check"), CHECK)
    await press(hall, "Mark done")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    assert [block["label"]["text"] for block in view.blocks if block["type"] == "input"] == [
        "Reply id",
        "What was done, and how do you know?",
    ]
    given = {ids.BLOCK_REASON: {ids.INPUT_REASON: "Seen"}, "output.0": {ids.INPUT_OUTPUT: " WO-101 "}}
    await hall.slack.submit_view(view.id, given)
    checked = await hall.slack.wait_for(lambda: hall.town.received("workorders.get"), 20)
    assert "WO-101" in checked[0].path
    async with hall.database.reading() as session:
        facts = await session.scalar(select(AuditEvent.facts).where(AuditEvent.action == "step.mark_done"))
    assert facts is not None
    assert facts["outputs"] == {"reply_id": "WO-101"}


async def test_what_a_skipped_step_did_not_answer_can_be_said_later(hall: TownHall) -> None:
    hall.town.script("notifications.reply_to_reporter", Reset(applied=True))
    await approved(hall, reply(after="check"), CHECK)
    await skip(hall)
    await press(hall, "Fill in answer")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    given = {ids.BLOCK_REASON: {ids.INPUT_REASON: "Found it"}, "output.0": {ids.INPUT_OUTPUT: "WO-7"}}
    await hall.slack.submit_view(view.id, given)

    async def is_kept() -> bool:
        async with hall.database.reading() as session:
            return await session.scalar(select(Decision).where(Decision.kind == "edit_outputs")) is not None

    await until(is_kept, 10)
    await press(hall, "Retry")
    checked = await hall.slack.wait_for(lambda: hall.town.received("workorders.get"), 20)
    assert "WO-7" in checked[0].path


async def test_who_may_decide_is_told_that_a_step_waits(hall: TownHall) -> None:
    await approved(hall, order(gate=True))
    marco = hall.slack.user("marco").id
    [said] = await waits(hall, 1)
    assert said.text == (
        f"<@{marco}>: step 1 of plan #1, “Do order”, needs approval. Approve or reject it on the card."
    )
    await press(hall, "Approve step")
    await outcome(hall)
    assert len(await waits(hall, 1)) == 1


async def test_who_may_decide_is_told_that_nobody_knows_whether_a_step_was_done(hall: TownHall) -> None:
    hall.town.script("notifications.reply_to_reporter", Reset(applied=True))
    card = await approved(hall, reply())
    [said] = await waits(hall, 1)
    assert said.thread_ts == card.ts
    assert "may have been done, or not" in said.text


async def waits(hall: TownHall, count: int) -> list[Message]:
    """What was said of steps that wait, once there is so much of it."""
    return await hall.slack.wait_for(
        lambda: said if len(said := of_kind(hall, ids.METADATA_WAIT)) >= count else None, 20
    )


def of_kind(hall: TownHall, event_type: str) -> list[Message]:
    messages = hall.slack.channel("works").messages.values()
    return [message for message in messages if (message.metadata or {}).get("event_type") == event_type]


async def test_details_says_what_was_not_sent(hall: TownHall) -> None:
    await approved(hall, order(gate=True), LOOK)
    await press(hall, "Reject step")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: "Not our road"}})
    card = await with_button(hall, "Skip step")
    assert "“Do order” was rejected" in card_text(card)
    assert "Failed" not in card_text(card)
    await skip(hall)
    await outcome(hall)
    await press(hall, "Details")
    details = await hall.slack.wait_for(lambda: hall.slack.views("marco"))
    text = json.dumps(details[-1].blocks)
    assert "Not sent: POST" in text
    assert "Sent: POST" not in text


async def test_a_hang_is_waited_for_as_long_as_the_component_says(database_url: str) -> None:
    async with town_hall(database_url) as hall:
        async with hall.database.transaction() as session:
            from sqlalchemy import update

            from db.models import Component

            await session.execute(
                update(Component)
                .where(Component.key == "open311.find_requests")
                .values(timeout_seconds=1, attempts=1)
            )
        hall.town.script("open311.find_requests", Hang())
        await approved(hall, step("look", "open311.find_requests"))
        await with_button(hall, "Stop run")
        assert await step_states(hall) == {"look": "FAILED"}


async def test_cancel_stops_what_has_not_started(hall: TownHall) -> None:
    await approved(hall, LOOK, order(gate=True))
    await press(hall, "Cancel run")
    await outcome(hall)
    assert await run_state(hall) == "CANCELLED"
    assert await step_states(hall) == {"look": "DONE", "order": "CANCELLED"}
    assert hall.town.received("workorders.create") == []


async def test_attempts_are_kept_one_by_one(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(503), Status(422))
    await approved(hall, order())
    await press(hall, "Retry")
    await outcome(hall)
    async with hall.database.reading() as session:
        attempts = (await session.scalars(select(StepAttempt).order_by(StepAttempt.number))).all()
    assert [(attempt.number, attempt.outcome, attempt.status) for attempt in attempts] == [
        (1, "retry", 503),
        (2, "failed", 422),
        (3, "done", 201),
    ]
