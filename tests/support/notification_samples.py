"""Samples of what people are told in direct messages, and of the forms about it, with the sandbox's own people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from bot.slack.ids import Ref
from bot.slack.messages import Message, View
from bot.views.messages.digest import deputy_message, digest_message
from bot.views.messages.gate_request import gate_request, unreached_message
from bot.views.modals.gate import ask_modal, hand_over_modal
from bot.views.modals.notifications import notifications_modal
from bot.views.private.notification import notification_message, person_reminder
from services.approvals import LimitOutcome
from services.notifications.copies import Copy
from services.notifications.digests import Digest, DigestLine
from services.notifications.preferences import NotificationMode, Preferences
from services.notifications.subjects import NotificationKind, Verdict
from services.queries.snapshots import PlanSnapshot, StepSnapshot
from services.states import StepState
from tests.support import run_samples, samples

PRIYA, MARCO, DANA = "U0PRIYA001", "U0MARCO001", "U0DANA0001"
LINK = "https://springfield.slack.com/archives/C0WORKS001/p1764000000000100"
NOTIFICATION = UUID("0c2f6c0a-5b1e-4a57-9a0e-6f1d2b3c4d05")
ASKED = "Are the residents of Elm Street told too, or only those of Main?"
DUE = samples.MADE_AT + timedelta(hours=4)


def asked_for(snapshot: PlanSnapshot, **changes: Any) -> Copy:
    """A message to Dana about the first step of a run that waits for people, or about its plan."""
    step = waiting(snapshot)
    plain = Copy(
        id=NOTIFICATION,
        kind=NotificationKind.GATE if step else NotificationKind.PLAN,
        user=DANA,
        plan=snapshot.id,
        run=snapshot.run.id if snapshot.run else None,
        step=step.id if step else None,
        on_behalf_of=None,
        channel="D0DANA0001",
        ts="1764000000.000200",
        turn=1,
        mark="",
    )
    return replace(plain, **changes)


def waiting(snapshot: PlanSnapshot) -> StepSnapshot | None:
    """The first step of a run about which people are asked."""
    asking = (StepState.WAITING, StepState.UNCERTAIN)
    return next((step for step in snapshot.run.steps if step.state in asking), None) if snapshot.run else None


def peopled(snapshot: PlanSnapshot, **step: Any) -> PlanSnapshot:
    """The snapshot with the sandbox's people, and these changes of the step that waits."""
    issue = replace(snapshot.issue, reporter=PRIYA)
    found = replace(snapshot, issue=issue, approvers=(MARCO, DANA))
    if found.run is None:
        return found
    asked = waiting(found)
    steps = tuple(replace(each, **step) if each is asked else each for each in found.run.steps)
    return replace(found, run=replace(found.run, started_by=MARCO, steps=steps))


GATE = peopled(
    run_samples.WAITING,
    quorum=2,
    agreed=(MARCO,),
    limit_at=DUE,
    limit_outcome=LimitOutcome.FAIL,
    assigned_to=DANA,
    assigned_by=MARCO,
    assignments=1,
    requests=({"by": MARCO, "person": PRIYA, "text": ASKED, "at": samples.MADE_AT.isoformat()},),
)
DRAFT, UNCERTAIN, FAILED = map(peopled, (samples.draft(), run_samples.UNCERTAIN, run_samples.FAILED))
APPROVED = Verdict("approve", DANA, MARCO, samples.MADE_AT, ((DANA, MARCO),))

LINES = tuple(
    DigestLine(
        kind=kind,
        number=number,
        title=title,
        since=samples.MADE_AT + timedelta(minutes=number),
        step=step,
        on_behalf_of=absent,
        card=("C0WORKS001", f"1764000000.00{number:04}"),
    )
    for number, kind, title, step, absent in (
        (12, NotificationKind.GATE, "Burst main at 5th and Main", "Close the road", None),
        (14, NotificationKind.PLAN, "Fallen tree on Elm Street", None, None),
        (15, NotificationKind.UNCERTAIN, "Street light out on Oak Avenue", "Assign a crew", MARCO),
    )
)
DIGEST = Digest(DANA, samples.MADE_AT, LINES, 17)
LINKS = {line.card: LINK for line in LINES if line.card}


def _made(message: Message | None) -> Message:
    assert message is not None
    return message


def _step() -> StepSnapshot:
    step = waiting(GATE)
    assert step is not None
    return step


STEP = Ref(_step().id, _step().revision)
WHERE = {"channel": "C0WORKS001", "message_ts": "1.1"}
MESSAGES: Mapping[str, Message] = {
    "Asked in a direct message": notification_message(GATE, asked_for(GATE), LINK),
    "Asked about a plan": notification_message(DRAFT, asked_for(DRAFT), LINK),
    "Asked as a deputy": notification_message(GATE, asked_for(GATE, on_behalf_of=MARCO), LINK),
    "Asked and decided": notification_message(GATE, asked_for(GATE, verdict=APPROVED), LINK),
    "Asked what nobody knows": notification_message(
        UNCERTAIN, asked_for(UNCERTAIN, kind=NotificationKind.UNCERTAIN), LINK
    ),
    "Told that a run has stopped": notification_message(
        FAILED, asked_for(FAILED, kind=NotificationKind.FAILED, step=None), LINK
    ),
    "Reminded in a direct message": person_reminder(GATE, asked_for(GATE), LINK, number=1, by=PRIYA),
    "Digest": digest_message(DIGEST, LINKS),
    "Made a deputy": deputy_message(MARCO, date(2026, 7, 1), date(2026, 7, 14)),
    "More information asked for": _made(gate_request(GATE, _step().id, _step().revision, 1)),
    "Nobody could be written to": _made(
        unreached_message(GATE, _step().id, _step().revision, {DANA: "user_disabled"})
    ),
}
VIEWS: Mapping[str, View] = {
    "Form for notifications": notifications_modal(
        Preferences(NotificationMode.DIGEST, DANA, date(2026, 7, 1), date(2026, 7, 14)), "C0WORKS001"
    ),
    "Form to hand over": hand_over_modal(
        STEP, "Close the road", channel="C0WORKS001", message_ts="1.1", thread_ts=None
    ),
    "Form to ask for more": ask_modal(
        STEP, "Close the road", channel="C0WORKS001", message_ts="1.1", thread_ts="1.0"
    ),
}
