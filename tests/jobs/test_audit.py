"""Who did what, when, and from which message: for all that people can do, and all that a run goes through."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.cli import export as export_cli
from bot.sandbox.gemini.faults import NoCandidates
from bot.sandbox.slack import Message
from bot.sandbox.town import Status
from bot.slack import ids
from db.models import AuditEvent
from tests.support import own_steps
from tests.support.approvals import form
from tests.support.dry_runs import choose, draft
from tests.support.run_starts import until
from tests.support.town_hall import LEAK, TownHall, buttons, drafted
from tests.support.town_runs import approved, order, outcome, press, skip, step, with_button

REPLY = "notifications.reply_to_reporter"
MADE: dict[str, Any] = {"body__reporter": "{{issue.reporter}}", "body__message": "We are on it"}


async def trail(hall: TownHall, since: datetime | None = None) -> Sequence[AuditEvent]:
    """What is on record, in order."""
    async with hall.database.reading() as session:
        events = await session.scalars(select(AuditEvent).order_by(AuditEvent.created_at))
        return [event for event in events if since is None or event.created_at > since]


@dataclass(frozen=True, slots=True)
class Acts:
    """What is put on record from a moment on."""

    hall: TownHall
    began: datetime

    async def one(self, action: str) -> AuditEvent:
        """The one row of an act, once it is there."""

        async def found() -> list[AuditEvent]:
            return [event for event in await trail(self.hall, self.began) if event.action == action]

        async def is_there() -> bool:
            return bool(await found())

        await until(is_there, 20)
        [event] = await found()
        return event

    async def by(self, user: str, action: str, channel: str, message_ts: str | None) -> AuditEvent:
        """The same, which must say who it was and where."""
        event = await self.one(action)
        who = self.hall.slack.user(user).id
        assert (event.actor, event.channel_id, event.message_ts) == (who, channel, message_ts)
        return event


async def from_now(hall: TownHall) -> Acts:
    async with hall.database.reading() as session:
        return Acts(hall, (await session.scalars(select(func.clock_timestamp()))).one())


async def plan(hall: TownHall) -> None:
    await hall.slack.send_command("priya", "works", "/mudda", LEAK)
    await drafted(hall)


async def no_plan(hall: TownHall) -> None:
    hall.gemini.script(NoCandidates(), NoCandidates())
    await plan(hall)


async def gate(hall: TownHall) -> None:
    await approved(hall, order(gate=True))


async def failure(hall: TownHall) -> None:
    hall.town.script("workorders.create", Status(422))
    await approved(hall, order())


async def doubt(hall: TownHall) -> None:
    hall.town.script(REPLY, Status(500))
    await approved(hall, step("reply", REPLY, **MADE))


async def end(hall: TownHall) -> None:
    await approved(hall, order())


@pytest.mark.parametrize(
    ("before", "label", "actions"),
    [
        (plan, "Approve and run", ["plan.approved", "run.started"]),
        (plan, "Discard", ["plan.discarded"]),
        (no_plan, "Try again", ["plan.tried_again"]),
        (gate, "Approve step", ["step.approve"]),
        (gate, "Cancel run", ["run.cancelled"]),
        (failure, "Retry", ["step.retry"]),
        (failure, "Stop run", ["run.cancelled"]),
        (end, "Run again", ["plan.run_again", "run.started"]),
    ],
)
async def test_a_press_is_on_record_with_the_card_that_it_was_made_on(
    hall: TownHall, before: Callable[[TownHall], Awaitable[None]], label: str, actions: list[str]
) -> None:
    await before(hall)
    card = await with_button(hall, label)
    acts = await from_now(hall)
    await press(hall, label, "dana")
    for action in actions:
        await acts.by("dana", action, card.channel, card.ts)


@pytest.mark.parametrize(
    ("before", "label", "action"),
    [
        (gate, "Reject step", "step.reject"),
        (failure, "Skip step", "step.skip"),
        (doubt, "Mark done", "step.mark_done"),
    ],
)
async def test_a_form_behind_a_button_is_on_record_with_the_card(
    hall: TownHall, before: Callable[[TownHall], Awaitable[None]], label: str, action: str
) -> None:
    await before(hall)
    card = await with_button(hall, label)
    acts = await from_now(hall)
    await press(hall, label, "dana")
    [view] = await hall.slack.wait_for(lambda: hall.slack.views("dana"))
    await hall.slack.submit_view(view.id, {ids.BLOCK_REASON: {ids.INPUT_REASON: "I have seen it"}})
    await acts.by("dana", action, card.channel, card.ts)


async def test_an_answer_is_on_record_with_the_message_of_the_question(hall: TownHall) -> None:
    await approved(hall, own_steps.ask())
    question = await own_steps.posted(hall, ids.METADATA_QUESTION)
    acts = await from_now(hall)
    await own_steps.answer(hall, "The red one")
    await acts.by("priya", "step.answered", question.channel, question.ts)


async def test_a_dry_run_is_on_record_with_the_card_whose_menu_asked_for_it(hall: TownHall) -> None:
    card = await draft(hall, order())
    acts = await from_now(hall)
    await choose(hall, card, "Dry run", "dana")
    await acts.by("dana", "plan.dry_run", card.channel, card.ts)


async def test_run_again_is_on_record_with_the_page_that_it_was_pressed_on(hall: TownHall) -> None:
    await end(hall)
    await outcome(hall)
    await hall.slack.send_command("dana", "works", "/workflows", "#1")
    [page] = hall.slack.ephemerals("works", "dana")
    acts = await from_now(hall)
    await hall.slack.click("dana", "works", page.ts, ids.ACTION_RUN_AGAIN)
    await acts.by("dana", "plan.run_again", page.channel, page.ts)


class TestActsInNoMessage:
    """A slash command, and the form behind one, are used in a channel."""

    async def test_an_issue_by_command(self, hall: TownHall) -> None:
        acts = await from_now(hall)
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        event = await acts.by("priya", "plan.opened", hall.slack.channel("works").id, None)
        assert event.facts["source"] == "command"

    async def test_an_issue_by_form(self, hall: TownHall) -> None:
        acts = await from_now(hall)
        await hall.slack.send_command("priya", "works", "/mudda")
        [view] = await hall.slack.wait_for(lambda: hall.slack.views("priya"))
        values: dict[str, dict[str, Any]] = {
            ids.BLOCK_ISSUE: {ids.INPUT_ISSUE: LEAK},
            ids.BLOCK_PLACE: {ids.INPUT_PLACE: None},
            ids.BLOCK_URGENCY: {ids.INPUT_URGENCY: None},
        }
        await hall.slack.submit_view(view.id, values)
        event = await acts.by("priya", "plan.opened", hall.slack.channel("works").id, None)
        assert event.facts["source"] == "modal"

    async def test_who_may_decide(self, hall: TownHall) -> None:
        acts = await from_now(hall)
        await form(hall, "dana", approvers=[hall.slack.user("marco").id])
        event = await acts.by("dana", "approvals.set", hall.slack.channel("works").id, None)
        assert event.facts["approvers"] == [hall.slack.user("marco").id]


async def test_an_issue_is_on_record_with_the_message_that_states_it_be_it_a_reply(hall: TownHall) -> None:
    root, _ = hall.slack.post_user_message("priya", "water", "It is wet here")
    acts = await from_now(hall)
    message, _ = await hall.slack.send_mention("marco", "water", LEAK, thread_ts=root.ts)
    event = await acts.by("marco", "plan.opened", message.channel, message.ts)
    assert event.facts["source"] == "mention"


async def story(hall: TownHall) -> Message:
    """A gate that opens, a refusal, a retry that is refused too, a step skipped, and a run cancelled."""
    hall.town.script(REPLY, Status(422), Status(422))
    first = order(gate=True, after="reply")
    last = step("last", REPLY, gate=True, **MADE)
    card = await approved(hall, first, step("reply", REPLY, after="last", **MADE), last)
    await press(hall, "Approve step", "dana")
    refused = buttons(await with_button(hall, "Retry"))["Retry"]
    await press(hall, "Retry", "priya")
    await hall.slack.wait_for(lambda: buttons(card).get("Retry", refused) != refused, 20)
    await skip(hall, "dana")
    await press(hall, "Cancel run", "priya")
    await outcome(hall)
    return card


STORY: list[tuple[str, str, str | None, str | None]] = [
    ("priya", "plan.opened", None, None),
    ("mudda", "plan.drafted", None, None),
    ("marco", "plan.approved", None, None),
    ("marco", "run.started", None, None),
    ("mudda", "step.waiting", "order", "PENDING"),
    ("mudda", "run.waiting", None, None),
    ("dana", "step.approve", "order", None),
    ("mudda", "step.ready", "order", "WAITING"),
    ("mudda", "run.running", None, None),
    ("mudda", "step.running", "order", "READY"),
    ("mudda", "step.done", "order", "RUNNING"),
    ("mudda", "step.ready", "reply", "PENDING"),
    ("mudda", "step.running", "reply", "READY"),
    ("mudda", "step.failed", "reply", "RUNNING"),
    ("mudda", "run.failed", None, None),
    ("priya", "step.retry", "reply", None),
    ("mudda", "step.ready", "reply", "FAILED"),
    ("mudda", "run.running", None, None),
    ("mudda", "step.running", "reply", "READY"),
    ("mudda", "step.failed", "reply", "RUNNING"),
    ("mudda", "run.failed", None, None),
    ("dana", "step.skip", "reply", None),
    ("mudda", "step.skipped", "reply", "FAILED"),
    ("mudda", "step.waiting", "last", "PENDING"),
    ("mudda", "run.waiting", None, None),
    ("priya", "run.cancelled", None, None),
    ("mudda", "step.cancelled", "last", "WAITING"),
]
"""Who, what, of which step, and the state that it had before."""


async def test_all_that_a_run_goes_through_is_on_record_and_exported_in_order(hall: TownHall) -> None:
    card = await story(hall)
    text = await export_cli.export(hall.database, hall.slack.workspace.team.id, "1")
    exported = json.loads(text)["audit_events"]
    names = {hall.slack.user(name).id: name for name in ("priya", "marco", "dana")}
    assert [
        (
            names.get(event["actor"], event["actor"]),
            event["action"],
            event["facts"].get("step"),
            event["facts"].get("from"),
        )
        for event in exported
    ] == STORY
    times = [event["created_at"] for event in exported]
    assert times == sorted(times)
    assert [event["id"] for event in exported] == [str(event.id) for event in await trail(hall)]
    places = {(event["channel_id"], event["message_ts"]) for event in exported if event["actor"] in names}
    assert places == {(card.channel, card.ts), (card.channel, None)}
    for secret in hall.town.environment.values():
        assert secret not in text
