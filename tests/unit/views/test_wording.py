"""Sentences that clerks stumbled over, and what they read instead."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.views.card import card
from bot.views.messages.dry_run import dry_run
from bot.views.messages.failure import run_failed_message
from bot.views.messages.reminder import gate_reminder
from bot.views.modals.approvers import approvals_modal
from bot.views.modals.run import run_details_modal
from bot.views.private.notes import Note, note_text, refusal, with_people
from bot.views.run.errors import explain_error
from services.approvals import ApprovalRules, NotAnApprover
from services.queries.snapshots import DecisionLine, History, PlanSnapshot
from services.runs.dry_runs import DryRun, StepForecast, StepVerdict, mark
from services.states import RunState, StepState
from tests.support import run_samples, samples
from tests.support.run_samples import STARTED_AT, run, step, step_uuid
from tests.support.slack_rules import buttons, check_message, check_modal, words

FIRST, SECOND = "U0FIRST001", "U0SECOND02"
S = StepState
WARNED = samples.draft(warnings=samples.WARNINGS)

REFUSED = run(
    RunState.FAILED,
    *run_samples.done("locate", "order", "file"),
    run_samples.failed("assign", "http_status", status=400),
)


def on(snapshot: PlanSnapshot) -> str:
    """All that a card says, in one line."""
    message = card(snapshot, card_id=samples.CARD_ID)
    check_message(message)
    return flat(message.blocks)


def flat(value: Any) -> str:
    return " ".join(words(value).split())


def rehearsed() -> str:
    """What a dry run says of one step of each fate."""
    awaited = "{{order.work_order_id}}"
    sends = {**run_samples.REQUESTS["assign"], "body": {"order": mark(awaited), "reporter": samples.REPORTER}}
    steps = (
        StepForecast("locate", StepVerdict.READ, gated=False, request=run_samples.REQUESTS["locate"], output={}),
        StepForecast("order", StepVerdict.WOULD_SEND, gated=False, request=run_samples.REQUESTS["order"]),
        StepForecast("assign", StepVerdict.WOULD_SEND, gated=False, request=sends, awaits=(awaited,)),
    )
    assert samples.DRAFT.version is not None
    found = DryRun(samples.PLAN_ID, 1, samples.DECIDER, samples.MADE_AT, steps, ())
    return flat([message.blocks for message in dry_run(samples.DRAFT, samples.DRAFT.version, found)])


def history(*decisions: DecisionLine) -> str:
    told = History((), (), decisions, 0, 0, len(decisions))
    view = run_details_modal(run_samples.COMPLETED, told)
    check_modal(view)
    return flat(view["blocks"])


def confirmed(label: str, snapshot: PlanSnapshot) -> str:
    drawn = buttons(card(snapshot, card_id=samples.CARD_ID).blocks)
    return str(next(each for each in drawn if each["text"]["text"] == label)["confirm"]["text"]["text"])


def reminded(snapshot: PlanSnapshot) -> str:
    message = gate_reminder(
        snapshot,
        step_uuid("residents"),
        gate_id=samples.CARD_ID,
        number=1,
        card="https://x.slack.com/archives/C1/p2",
    )
    assert message is not None
    return message.text


def hint(settings: ApprovalRules) -> str:
    return str(approvals_modal(settings, "C0WORKS001")["blocks"][0]["hint"]["text"])


TABLE: Mapping[str, tuple[str, str, str]] = {
    "what an approval sets going": (
        confirmed("Approve and run", samples.DRAFT),
        "This runs all 6 steps for real. It will create a work order, file a public request, assign a crew,",
        "really called",
    ),
    "which step asks again": (confirmed("Approve and run", samples.DRAFT), "Step 5 asks again first.", "of them"),
    "components that were not used": (
        on(samples.draft(warnings=samples.WARNINGS)),
        "Please note",
        "looked useful",
    ),
    "where a plan is from": (on(samples.DRAFT), "Approve and run", "token"),
    "what a step waits for": (
        on(samples.DRAFT),
        "Send the water crew of the district · after 1 and 2",
        "Takes the",
    ),
    "at a gate": (on(run_samples.WAITING), "Waiting for approval", "See below"),
    "rejected": (on(run_samples.REJECTED), f"Rejected by {samples.DECIDER}", "See below"),
    "refused": (on(REFUSED), "Refused (400)", "See below"),
    "where it stopped": (
        on(run_samples.REJECTED),
        "Stopped at step 5: “Warn the residents that the water may be off” was rejected",
        "Failed at",
    ),
    "who stopped it": (
        run_failed_message(run_samples.REJECTED, STARTED_AT).text,
        f"Stopped at step 5: <@{samples.DECIDER}> rejected “Warn the residents that the water may be off”",
        "after a person",
    ),
    "what was looked up": (rehearsed(), "Looked up for real (read-only):", "Really"),
    "what would be sent": (rehearsed(), "Would send to “Assign a crew”:", "and has not"),
    "what only a run knows": (
        rehearsed(),
        "Known only once it runs: work order id (step 2).",
        "only a run can know",
    ),
    "people in a dry run": (rehearsed(), f"Reporter: {samples.REPORTER}", "reporter:"),
    "time ran out": (
        history(DecisionLine("time_out", "mudda", STARTED_AT, "residents", "fail")),
        "Time ran out: 5. Warn the residents that the water may be off · 2026-03-09 08:48 UTC (step failed)",
        "someone",
    ),
    "answered": (
        history(DecisionLine("answer", FIRST, STARTED_AT, "assign", None)),
        f"Answered: 4. Send the water crew of the district · {FIRST}",
        "answer: 4.",
    ),
    "approved by two": (
        on(
            run(
                RunState.RUNNING,
                step("residents", S.DONE, attempt=2, decided_by=SECOND, agreed=(FIRST, SECOND), quorum=2),
            )
        ),
        f"Approved by {FIRST} and {SECOND}",
        "Decided by",
    ),
    "a reminder without approvers": (
        reminded(run_samples.WAITING),
        f"<@{samples.DECIDER}>: step 5 of plan #12, “Warn the residents that the water may be off”, is waiting "
        "for approval. <https://x.slack.com/archives/C1/p2|Go to the card>",
        "Someone",
    ),
    "a conflict": (
        explain_error({"code": "http_status", "status": 409, "message": "The crew is at WO-7"}, "Crews", {}),
        "“Crews” refused it: “The crew is at WO-7” (409, conflict).",
        "at odds",
    ),
    "not known whether it arrived": (
        on(run_samples.UNCERTAIN),
        "Mudda can't tell whether the call arrived. Check there first.",
        "Nobody here knows",
    ),
    "nobody named": (hint(ApprovalRules()), "While nobody is named, anyone can decide", "Nobody decides"),
    "somebody named": (hint(ApprovalRules((FIRST,))), "never about what they reported", "While nobody"),
    "only approvers": (
        note_text(with_people(Note.APPROVALS_CLOSED, [FIRST, SECOND])),
        f"Approvers: <@{FIRST}> and <@{SECOND}>.",
        "Ask one",
    ),
    "who can decide": (
        note_text(refusal(NotAnApprover("U0OTHER001", (FIRST, SECOND)))),
        f"<@{FIRST}> or <@{SECOND}> can.",
        "The card says who",
    ),
    "a card that has changed": (
        note_text(Note.STALE),
        "This card has changed since you opened it; nothing was done.",
        "Action not found",
    ),
}


@pytest.mark.parametrize(("said", "rather", "seen"), TABLE.values(), ids=TABLE)
def test_what_a_clerk_would_rather_read(said: str, rather: str, seen: str) -> None:
    assert rather in said
    assert seen not in said


def test_where_nobody_decided_the_card_says_so() -> None:
    undecided = run(RunState.FAILED, step("residents", S.FAILED, error={"code": "gate_timeout"}))
    seen = on(undecided)
    assert "Time ran out" in seen
    assert "Tried to send to “Text the residents" not in seen
