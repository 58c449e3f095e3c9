"""A reminder of a gate at which a step waits."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.slack.ids import METADATA_REMINDER
from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, escape, join, mention
from bot.views.plan import steps as plan_steps
from bot.views.run.gates import may_decide, too_few
from services.notifications.people import asked_at_gate
from services.queries.snapshots import PlanSnapshot

MAX_MENTIONS = 10
_TITLE = 150


def gate_reminder(
    snapshot: PlanSnapshot, step_id: UUID, *, gate_id: UUID, number: int, by: str | None = None
) -> Message | None:
    """Names those who have not agreed yet to a step that waits; None if the step is not there any more.

    `by` is who wants them reminded, where it was not time that did; those reminders are numbered for themselves.
    """
    step = next((step for step in snapshot.run.steps if step.id == step_id), None) if snapshot.run else None
    views = plan_steps.in_order(snapshot.version) if snapshot.version else ()
    view = next((view for view in views if step is not None and view.step.step_id == step.step_id), None)
    if step is None or view is None:
        return None
    stuck = _stuck(step.quorum, snapshot.approvers)
    asked = snapshot.approvers or () if stuck else asked_at_gate(snapshot, step)
    people = [mention(user) for user in asked]
    title = escape(clip(view.title, _TITLE))
    what = f"step {view.number:,} of plan #{snapshot.number}, “{title}”, waits for a decision."
    wish = f" {mention(by)} asks you to look." if by else ""
    text = f"{join(people, most=MAX_MENTIONS) or 'Someone'}: {what}{wish} {stuck or 'See the card above.'}"
    return Message(
        text=text,
        blocks=kit.seal([kit.section(text)], "reminder"),
        metadata={
            "event_type": METADATA_REMINDER,
            "event_payload": {"gate": str(gate_id), "number": number, **({"by": by} if by else {})},
        },
    )


def _stuck(quorum: int, approvers: Sequence[str] | None) -> str:
    """Why nobody's agreement will do, as mrkdwn; empty where it will."""
    return may_decide(approvers) if approvers == () else too_few(quorum, approvers)
