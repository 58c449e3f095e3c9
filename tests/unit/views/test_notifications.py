"""What people are told in direct messages, and the forms about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.slack.messages import Message, View
from bot.views.messages.digest import digest_message
from bot.views.messages.gate_request import gate_request
from bot.views.private.notification import notification_message, person_reminder
from db.models.documents import GateRequest
from services.notifications.subjects import NotificationKind, Verdict
from services.states import PlanState, RunState, StepState
from tests.support import notification_samples, run_samples, samples
from tests.support.notification_samples import DANA, DIGEST, GATE, LINK, LINKS, MARCO, PRIYA, asked_for, peopled
from tests.support.slack_rules import HARMFUL, check_message, check_modal, parsed, words


@pytest.mark.parametrize("message", notification_samples.MESSAGES.values(), ids=notification_samples.MESSAGES)
def test_each_is_within_what_slack_takes(message: Message) -> None:
    check_message(message)
    assert message.metadata


@pytest.mark.parametrize("view", notification_samples.VIEWS.values(), ids=notification_samples.VIEWS)
def test_each_form_is_within_what_slack_takes(view: View) -> None:
    check_modal(view)


def test_a_gate_says_all_that_its_card_does() -> None:
    seen = words(notification_message(GATE, asked_for(GATE), LINK).blocks)
    for expected in (
        "A step waits for your approval",
        "2 must approve.",
        f"Approved so far by <@{MARCO}> (1 of 2)",
        "the step fails.",
        f"Handed to <@{DANA}> by <@{MARCO}>.",
        notification_samples.ASKED,
        f"<{LINK}|Open the card>",
        "Approve step",
        "Ask for more information",
    ):
        assert expected in seen


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict("approve", DANA, None, samples.MADE_AT), "Approved by "),
        (Verdict("reject", DANA, MARCO, samples.MADE_AT), "Rejected by "),
        (Verdict("skip", DANA), "Skipped by "),
        (Verdict("cancel", DANA), "The run was ended by "),
        (Verdict("time_out", "mudda"), "Nobody decided in time."),
        (Verdict("changed"), "This does not wait for you any more."),
        (Verdict("something new", DANA), "This does not wait for you any more."),
        (Verdict(PlanState.DISCARDED, DANA), "Discarded by "),
        (Verdict(PlanState.DRAFTING), "A new draft is being made."),
    ],
)
def test_once_decided_it_has_no_buttons_and_says_who_did_what(verdict: Verdict, expected: str) -> None:
    message = notification_message(GATE, asked_for(GATE, verdict=verdict), LINK)
    check_message(message)
    assert expected in words(message.blocks)
    assert all(block["type"] != "actions" for block in message.blocks)


@pytest.mark.parametrize("text", HARMFUL, ids=lambda text: repr(text[:12]))
def test_harmful_text_everywhere(text: str) -> None:
    asked: GateRequest = {"by": MARCO, "person": PRIYA, "text": text, "at": ""}
    run = peopled(run_samples.hostile_run(text, steps=60, state=RunState.WAITING))
    assert run.run is not None
    steps = tuple(replace(step, state=StepState.WAITING, requests=(asked,) * 20) for step in run.run.steps)
    run = replace(run, run=replace(run.run, steps=steps))
    copy = asked_for(run)
    draft = peopled(samples.in_state(samples.hostile_plan(text, steps=60), PlanState.DRAFT))
    lines = tuple(replace(line, title=text, step=text) for line in DIGEST.lines) * 3
    assert copy.step is not None
    asking = gate_request(run, copy.step, 1, 20)
    assert asking is not None
    for message in (
        notification_message(run, copy, LINK),
        notification_message(run, replace(copy, kind=NotificationKind.FAILED, step=None), None),
        notification_message(draft, asked_for(draft), LINK),
        notification_message(run, replace(copy, verdict=notification_samples.APPROVED), LINK),
        person_reminder(run, copy, None, number=1),
        digest_message(replace(DIGEST, lines=lines), LINKS),
        asking,
    ):
        check_message(message)


def test_foreign_text_has_no_place_where_it_would_be_parsed() -> None:
    run = peopled(run_samples.hostile_run(samples.HOSTILE, state=RunState.WAITING))
    assert all("bold" not in string for string in parsed(notification_message(run, asked_for(run), LINK).blocks))


def test_no_title_is_parsed_in_a_digest() -> None:
    lines = tuple(replace(line, title=samples.HOSTILE, step=samples.HOSTILE) for line in DIGEST.lines)
    message = digest_message(replace(DIGEST, lines=lines), LINKS)
    check_message(message)
    assert not any("evil" in text for text in parsed(message.blocks))
