"""What cards, reminders and the form say about who may decide."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bot.slack import ids
from bot.views.card import card
from bot.views.kit.text import date
from bot.views.messages.reminder import gate_reminder
from bot.views.modals.approvers import approvals_modal
from bot.views.private.notes import Note, note_text, refusal
from bot.views.run.gates import may_decide
from services.approvals import (
    AlreadyAgreed,
    ApprovalRefused,
    ApprovalRules,
    LimitOutcome,
    NotAnApprover,
    NotNamed,
    SelfApproval,
)
from services.queries.snapshots import PlanSnapshot
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.run_samples import STARTED_AT, run, step, step_uuid
from tests.support.slack_rules import check_message, check_modal, words

MARCO, DANA = "U0MARCO001", "U0DANA0001"
GATE_ID = UUID(int=7)


def said(snapshot: PlanSnapshot) -> str:
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return words(message.blocks)


@pytest.mark.parametrize(
    ("approvers", "sentence"),
    [
        (None, "Anyone in this channel can decide."),
        ((), "Nobody can decide: the only approver reported it. Add another with `/mudda approvers`."),
        ((MARCO,), "<@U0MARCO001> can decide."),
        ((MARCO, DANA), "<@U0MARCO001> or <@U0DANA0001> can decide."),
        (("<!here>",), "someone can decide."),
    ],
)
def test_who_may_decide(approvers: tuple[str, ...] | None, sentence: str) -> None:
    assert may_decide(approvers) == sentence
    assert sentence in said(replace(run_samples.WAITING, approvers=approvers))


def test_a_plan_says_who_may_approve_it_where_not_anyone_may() -> None:
    assert "can decide" not in said(samples.DRAFT)
    assert "<@U0MARCO001> can decide." in said(replace(samples.DRAFT, approvers=(MARCO,)))


def test_a_gate_says_how_many_have_agreed_and_by_when() -> None:
    limit = STARTED_AT + timedelta(hours=2)
    waits = step("order", StepState.WAITING, agreed=(MARCO,), quorum=2, limit_at=limit)
    text = said(run(RunState.WAITING, replace(waits, limit_outcome=LimitOutcome.SKIP)))
    assert "2 must approve." in text
    assert "Approved so far by <@U0MARCO001> (1 of 2)" in text
    assert f"With no decision by {date(limit)}, the step is skipped." in text
    goes_on = said(run(RunState.WAITING, replace(waits, limit_outcome=LimitOutcome.WAIT)))
    assert "With no decision" not in goes_on


def test_a_gate_that_too_few_may_decide_says_what_to_do() -> None:
    waits = run(RunState.WAITING, step("order", StepState.WAITING, agreed=(MARCO,), quorum=2))
    stuck = "2 must approve, but only <@U0MARCO001> can: add an approver with `/mudda approvers`."
    assert stuck in said(replace(waits, approvers=(MARCO,)))
    assert "but only" not in said(replace(waits, approvers=(MARCO, DANA)))
    assert "but only" not in said(replace(waits, approvers=None))


def test_a_reminder_of_a_gate_that_too_few_may_decide_says_what_to_do() -> None:
    waits = run(RunState.WAITING, step("order", StepState.WAITING, agreed=(MARCO,), quorum=2))
    message = gate_reminder(replace(waits, approvers=(MARCO,)), step_uuid("order"), gate_id=GATE_ID, number=1)
    assert message is not None
    check_message(message)
    assert message.text.startswith("<@U0MARCO001>: step ")
    assert message.text.endswith(
        "2 must approve, but only <@U0MARCO001> can: add an approver with `/mudda approvers`."
    )
    message = gate_reminder(replace(waits, approvers=()), step_uuid("order"), gate_id=GATE_ID, number=1)
    assert message is not None
    assert message.text.endswith(
        "Nobody can decide: the only approver reported it. Add another with `/mudda approvers`."
    )


@pytest.mark.parametrize(
    ("settings", "is_tight"),
    [
        (ApprovalRules(), False),
        (ApprovalRules((MARCO, DANA), 1), False),
        (ApprovalRules((MARCO, DANA), 2), True),
    ],
)
def test_the_form_says_that_reporters_do_not_count(settings: ApprovalRules, is_tight: bool) -> None:
    view = approvals_modal(settings, "C0WORKS001")
    check_modal(view)
    [hint] = [block["hint"]["text"] for block in view["blocks"] if block["block_id"] == ids.BLOCK_QUORUM]
    assert "Name more approvers than must approve: nobody decides about their own report." in hint
    assert ("Now 2 of 2 approvers must approve, so what one of them reports waits forever." in hint) is is_tight


def test_all_who_agreed_are_named_afterwards() -> None:
    done = step("residents", StepState.DONE, decided_by=DANA, agreed=(MARCO, DANA), quorum=2)
    text = said(run(RunState.RUNNING, done))
    assert "Approved by" in text
    assert text.index(MARCO) < text.index(DANA)
    many = replace(done, agreed=tuple(f"U0PERSON{number:02}" for number in range(30)))
    assert " and 25 more" in said(run(RunState.RUNNING, many))


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.SKIPPED])
def test_a_step_that_nobody_decided_about_says_so(state: StepState) -> None:
    undecided = step("order", state, error={"code": "gate_timeout"})
    assert "Time ran out before anybody decided. Nothing was sent." in said(run(RunState.RUNNING, undecided))


def test_a_reminder_names_those_who_have_not_agreed() -> None:
    waits = step("order", StepState.WAITING, agreed=(MARCO,), quorum=2)
    snapshot = replace(run(RunState.WAITING, waits), approvers=(MARCO, DANA))
    message = gate_reminder(snapshot, step_uuid("order"), gate_id=GATE_ID, number=3)
    assert message is not None
    check_message(message)
    assert message.text.startswith("<@U0DANA0001>: step ")
    assert MARCO not in message.text
    assert message.metadata == {
        "event_type": ids.METADATA_REMINDER,
        "event_payload": {"gate": str(GATE_ID), "number": 3},
    }
    assert gate_reminder(snapshot, UUID(int=1), gate_id=GATE_ID, number=1) is None
    assert gate_reminder(samples.DRAFT, step_uuid("order"), gate_id=GATE_ID, number=1) is None


@pytest.mark.parametrize("text", ["<!channel>", "*_`~" * 200, "\u202e<@U0EVIL0001>", "漢" * 3_000])
def test_nothing_in_a_reminder_rings_but_its_people(text: str) -> None:
    snapshot = run_samples.hostile_run(text)
    assert snapshot.run is not None
    for each in snapshot.run.steps:
        message = gate_reminder(snapshot, each.id, gate_id=GATE_ID, number=1)
        assert message is not None
        check_message(message)
        rung = message.text.removeprefix("<@U0FRYJ002>: ")
        assert "<" not in rung


@pytest.mark.parametrize(
    "settings",
    [ApprovalRules(), ApprovalRules((MARCO, DANA), 2, 0.01, 12.5, LimitOutcome.FAIL)],
)
def test_the_form_fits(settings: ApprovalRules) -> None:
    view = approvals_modal(settings, "C0WORKS001", response_url="https://hooks.slack.com/commands/1")
    check_modal(view)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotAnApprover(MARCO), Note.NOT_APPROVER),
        (SelfApproval(MARCO), Note.SELF_APPROVAL),
        (NotAnApprover(MARCO, (DANA, "<!here>")), f"{Note.NOT_APPROVER}:{DANA}"),
        (SelfApproval(MARCO, (DANA,)), f"{Note.SELF_APPROVAL}:{DANA}"),
        (NotNamed(MARCO, (DANA,)), f"{Note.NOT_NAMED}:{DANA}"),
        (AlreadyAgreed(MARCO, agreed=1, quorum=2), Note.ALREADY_AGREED),
    ],
)
def test_each_refusal_has_its_note(error: ApprovalRefused, code: str) -> None:
    assert refusal(error) == code
    assert note_text(code)
