"""Gates with approvers: who is refused, how many must agree, reminders, time limits, and the form for all that."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text

from bot.sandbox.slack import Message
from bot.slack import ids
from db.models import AuditEvent, Decision, StepGate, WorkflowPlan
from services.approvals import ApprovalRules, LimitOutcome
from tests.support.approvals import form, rules
from tests.support.run_starts import until
from tests.support.town_hall import LEAK, TownHall, buttons, card_text, cards, drafted
from tests.support.town_runs import (
    LOOK,
    approved,
    order,
    outcome,
    press,
    run_state,
    step_states,
    with_button,
)

SOON = 0.01
"""A fraction of a minute: 0.6 s."""


async def told(hall: TownHall, user: str) -> str:
    """The first thing that somebody is told privately."""
    message, *_ = await hall.slack.wait_for(lambda: hall.slack.ephemerals("works", user))
    return message.text


def reminders(hall: TownHall) -> list[Message]:
    messages = hall.slack.channel("works").messages.values()
    return [each for each in messages if (each.metadata or {}).get("event_type") == ids.METADATA_REMINDER]


async def card_saying(hall: TownHall, words: str) -> Message:
    return await hall.slack.wait_for(
        lambda: next((card for card in cards(hall.slack) if words in card_text(card)), None), 20
    )


async def happened(hall: TownHall, action: str) -> int:
    async with hall.database.reading() as session:
        query = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == action)
        return await session.scalar(query) or 0


async def deferred_until_now(hall: TownHall, entrypoint: str) -> None:
    """Let what is deferred be due, as if the time had passed."""
    async with hall.database.transaction() as session:
        await session.execute(
            text("UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = :of"), {"of": entrypoint}
        )


async def is_gone(hall: TownHall, entrypoint: str) -> None:
    """Wait until no job of a kind is left."""

    async def no_more() -> bool:
        async with hall.database.reading() as session:
            query = text("SELECT count(*) FROM pgqueuer WHERE entrypoint = :of")
            return not await session.scalar(query, {"of": entrypoint})

    await until(no_more, 20)


async def test_a_third_person_is_refused_privately_and_the_run_keeps_waiting(hall: TownHall) -> None:
    await rules(hall, "marco", "priya")
    await approved(hall, order(gate=True))
    await press(hall, "Approve step", "dana")
    assert "You can't decide this" in await told(hall, "dana")
    await press(hall, "Approve step", "priya")
    assert "reported this yourself" in await told(hall, "priya")
    assert await run_state(hall) == "WAITING"
    assert hall.town.received("workorders.create") == []
    assert hall.slack.ephemerals("works", "marco") == []
    await press(hall, "Approve step", "marco")
    await outcome(hall)
    assert len(hall.town.received("workorders.create")) == 1


async def test_who_is_no_approver_can_approve_no_plan_and_nobody_their_own(hall: TownHall) -> None:
    await rules(hall, "marco", "priya")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    assert f"<@{hall.slack.user('marco').id}> can decide." in card_text(card)
    for user, words in (("dana", "You can't decide this"), ("priya", "reported this yourself")):
        await hall.slack.click(user, "works", card.ts, ids.ACTION_APPROVE)
        assert words in await told(hall, user)
    async with hall.database.reading() as session:
        assert await session.scalar(select(WorkflowPlan.state)) == "DRAFT"


async def test_somebody_who_has_no_say_can_not_cancel_but_the_reporter_can(hall: TownHall) -> None:
    await rules(hall, "marco")
    await approved(hall, order(gate=True))
    await press(hall, "Cancel run", "dana")
    assert "You can't decide this" in await told(hall, "dana")
    assert await run_state(hall) == "WAITING"
    await press(hall, "Cancel run", "priya")
    await outcome(hall)
    assert await run_state(hall) == "CANCELLED"


async def test_two_must_agree_and_the_card_says_who_has(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", "priya", quorum=2)
    await approved(hall, order(gate=True))
    marco, dana = hall.slack.user("marco").id, hall.slack.user("dana").id
    first = await with_button(hall, "Approve step")
    assert f"<@{marco}> or <@{dana}> can decide." in card_text(first)
    assert "2 must approve." in card_text(first)
    value = buttons(first)["Approve step"]["value"]
    await press(hall, "Approve step", "marco")
    half = await card_saying(hall, f"Approved so far by <@{marco}> (1 of 2)")
    assert await step_states(hall) == {"order": "WAITING"}
    assert buttons(half)["Approve step"]["value"] == value
    await press(hall, "Approve step", "marco")
    assert "approved this step already" in await told(hall, "marco")
    assert hall.town.received("workorders.create") == []
    await press(hall, "Approve step", "dana")
    await outcome(hall)
    assert len(hall.town.received("workorders.create")) == 1
    async with hall.database.reading() as session:
        made = await session.scalars(select(Decision.user_id).where(Decision.kind == "approve"))
        assert sorted(made) == sorted([marco, dana])


async def test_only_approvers_and_the_reporter_may_discard_a_plan(hall: TownHall) -> None:
    await rules(hall, "marco")
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    card = await drafted(hall)
    await hall.slack.click("dana", "works", card.ts, ids.ACTION_DISCARD)
    assert "You can't decide this" in await told(hall, "dana")
    await hall.slack.click("priya", "works", card.ts, ids.ACTION_DISCARD)
    await card_saying(hall, "Discarded by")


async def test_approvers_are_reminded_in_the_thread_until_they_decide(hall: TownHall) -> None:
    await rules(hall, "marco", "dana", remind_after_minutes=SOON)
    card = await approved(hall, LOOK, order(gate=True))
    first = (await hall.slack.wait_for(lambda: reminders(hall), 20))[0]
    assert first.thread_ts == card.ts
    assert first.text.startswith(f"<@{hall.slack.user('marco').id}> and <@{hall.slack.user('dana').id}>: step ")
    assert "Do order" in first.text
    await hall.slack.wait_for(lambda: len(reminders(hall)) > 1, 20)
    await press(hall, "Approve step", "dana")
    await outcome(hall)
    async with hall.database.reading() as session:
        so_far = await session.scalar(select(StepGate.reminders))
    await deferred_until_now(hall, "remind_gate")
    await is_gone(hall, "remind_gate")
    assert len(reminders(hall)) == so_far


async def test_with_no_approvers_a_reminder_is_for_whoever_started_the_run(hall: TownHall) -> None:
    await rules(hall, remind_after_minutes=SOON)
    card = await approved(hall, order(gate=True))
    first = (await hall.slack.wait_for(lambda: reminders(hall), 20))[0]
    assert first.text.startswith(f"<@{hall.slack.user('marco').id}>: step 1 of plan #1")
    assert f"/p{card.ts.replace('.', '')}|Go to the card>" in first.text


async def test_a_decision_in_time_leaves_nothing_to_remind_of(hall: TownHall) -> None:
    await rules(hall, remind_after_minutes=60, limit_minutes=120, limit_outcome=LimitOutcome.FAIL)
    await approved(hall, order(gate=True))
    assert "the step fails." in card_text(await with_button(hall, "Approve step"))
    await press(hall, "Approve step")
    await outcome(hall)
    for entrypoint in ("remind_gate", "gate_limit"):
        await deferred_until_now(hall, entrypoint)
        await is_gone(hall, entrypoint)
    assert reminders(hall) == []
    assert await step_states(hall) == {"order": "DONE"}
    assert await happened(hall, "gate.timed_out") == 0


async def test_a_step_that_nobody_decides_about_fails_and_can_be_retried(hall: TownHall) -> None:
    await rules(hall, remind_after_minutes=0, limit_minutes=SOON, limit_outcome=LimitOutcome.FAIL)
    await approved(hall, order(gate=True))
    card = await with_button(hall, "Retry")
    assert "Time ran out before anybody decided. Nothing was sent." in card_text(card)
    assert await step_states(hall) == {"order": "FAILED"}
    await rules(hall, remind_after_minutes=0)
    await press(hall, "Retry")
    await press(hall, "Approve step")
    await outcome(hall)
    assert len(hall.town.received("workorders.create")) == 1


async def test_a_step_that_nobody_decides_about_is_skipped(hall: TownHall) -> None:
    await rules(hall, remind_after_minutes=0, limit_minutes=SOON, limit_outcome=LimitOutcome.SKIP)
    await approved(hall, LOOK, order(gate=True))
    await outcome(hall)
    assert await step_states(hall) == {"look": "DONE", "order": "SKIPPED"}
    assert "Time ran out before anybody decided" in card_text(
        await card_saying(hall, "Time ran out before anybody decided")
    )
    assert hall.town.received("workorders.create") == []


async def test_a_step_that_nobody_decides_about_goes_on_waiting(hall: TownHall) -> None:
    await rules(hall, remind_after_minutes=0, limit_minutes=SOON, limit_outcome=LimitOutcome.WAIT)
    await approved(hall, order(gate=True))
    await with_button(hall, "Approve step")
    await is_gone(hall, "gate_limit")
    assert await happened(hall, "gate.timed_out") == 1
    assert await step_states(hall) == {"order": "WAITING"}
    await press(hall, "Approve step")
    await outcome(hall)


class TestForm:
    async def test_anyone_sets_the_first_approvers_and_cards_say_so(self, hall: TownHall) -> None:
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        await drafted(hall)
        marco, dana = hall.slack.user("marco").id, hall.slack.user("dana").id
        submitted = await form(
            hall, "priya", approvers=[marco, dana], quorum="2", reminder="0", limit="90", outcome="skip"
        )
        assert submitted.acked
        assert "Saved" in await told(hall, "priya")
        await card_saying(hall, f"<@{marco}> or <@{dana}> can decide.")
        async with hall.database.reading() as session:
            found = await hall.deps.approvals.settings(session, hall.deps.workspace.id)
        assert found == ApprovalRules((marco, dana), 2, 0, 90, LimitOutcome.SKIP)

    async def test_it_is_filled_in_and_no_one_elses_once_there_are_approvers(self, hall: TownHall) -> None:
        await rules(hall, "marco", remind_after_minutes=30, limit_minutes=45, limit_outcome=LimitOutcome.FAIL)
        await hall.slack.send_command("dana", "works", "/mudda", "approvers")
        assert f"Approvers: <@{hall.slack.user('marco').id}>." in await told(hall, "dana")
        assert hall.slack.views("dana") == []
        await hall.slack.send_command("marco", "works", "/mudda", "Approvers")
        [view] = hall.slack.views("marco")
        elements = {block["block_id"]: block["element"] for block in view.body["blocks"]}
        assert elements[ids.BLOCK_APPROVERS]["initial_users"] == [hall.slack.user("marco").id]
        assert elements[ids.BLOCK_QUORUM]["initial_value"] == "1"
        assert elements[ids.BLOCK_REMINDER]["initial_value"] == "30"
        assert elements[ids.BLOCK_LIMIT]["initial_value"] == "45"
        assert elements[ids.BLOCK_OUTCOME]["initial_option"]["value"] == "fail"

    async def test_a_form_that_was_open_when_others_became_approvers_changes_nothing(self, hall: TownHall) -> None:
        await hall.slack.send_command("dana", "works", "/mudda", "approvers")
        [view] = hall.slack.views("dana")
        await rules(hall, "marco")
        values: dict[str, dict[str, Any]] = {
            ids.BLOCK_APPROVERS: {ids.INPUT_APPROVERS: [hall.slack.user("dana").id]},
            ids.BLOCK_QUORUM: {ids.INPUT_QUORUM: "1"},
            ids.BLOCK_REMINDER: {ids.INPUT_REMINDER: "60"},
            ids.BLOCK_LIMIT: {ids.INPUT_LIMIT: None},
            ids.BLOCK_OUTCOME: {ids.INPUT_OUTCOME: "wait"},
        }
        assert (await hall.slack.submit_view(view.id, values)).acked
        assert "Only an approver" in await told(hall, "dana")
        async with hall.database.reading() as session:
            found = await hall.deps.approvals.settings(session, hall.deps.workspace.id)
        assert found.approvers == (hall.slack.user("marco").id,)

    @pytest.mark.parametrize(
        ("block", "changes"),
        [
            (ids.BLOCK_QUORUM, {"quorum": "2"}),
            (ids.BLOCK_QUORUM, {"quorum": "0"}),
            (ids.BLOCK_QUORUM, {"quorum": "one"}),
            (ids.BLOCK_REMINDER, {"reminder": "-1"}),
            (ids.BLOCK_REMINDER, {"reminder": "1.5"}),
            (ids.BLOCK_REMINDER, {"reminder": "99999999999999"}),
            (ids.BLOCK_LIMIT, {"limit": "0"}),
            (ids.BLOCK_APPROVERS, {"approvers": ["U0MUDDABOT"]}),
            (ids.BLOCK_APPROVERS, {"approvers": ["S0GROUP001"]}),
        ],
    )
    async def test_what_can_not_be_meant_shows_in_the_form(
        self, hall: TownHall, block: str, changes: dict[str, Any]
    ) -> None:
        submitted = await form(hall, "priya", **changes)
        assert list(submitted.errors or {}) == [block]
        assert len(hall.slack.views("priya")) == 1
