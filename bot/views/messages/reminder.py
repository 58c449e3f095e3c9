"""A reminder of a gate at which a step waits."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.languages import _
from bot.slack.ids import METADATA_REMINDER
from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, escape, join, mention, sentences
from bot.views.plan import steps as plan_steps
from bot.views.run.gates import may_decide, too_few
from services.notifications.people import asked_at_gate
from services.queries.snapshots import PlanSnapshot

MAX_MENTIONS = 10
_TITLE = 150


def gate_reminder(
    snapshot: PlanSnapshot,
    step_id: UUID,
    *,
    gate_id: UUID,
    number: int,
    by: str | None = None,
    card: str | None = None,
) -> Message | None:
    """Names those who have not approved a step yet that waits, or who started the run where anyone can.

    `by` is who wants them reminded, where it was not time that did; those reminders are numbered for themselves.
    `card` is the link to the card, if there is one. None if the step is not there any more.
    """
    run = snapshot.run
    step = next((step for step in run.steps if step.id == step_id), None) if run else None
    views = plan_steps.in_order(snapshot.version) if snapshot.version else ()
    view = next((view for view in views if step is not None and view.step.step_id == step.step_id), None)
    if run is None or step is None or view is None:
        return None
    stuck = _stuck(step.quorum, snapshot.approvers)
    asked = snapshot.approvers if stuck else asked_at_gate(snapshot, step)
    people = [mention(user) for user in asked or [run.started_by]]
    title = escape(clip(view.title, _TITLE))
    what = _(
        "{people}: step {number} of plan #{plan}, “{title}”, is waiting for approval.",
        people=join(people, most=MAX_MENTIONS),
        number=view.number,
        plan=str(snapshot.number),
        title=title,
    )
    wish = _("{who} asks you to look.", who=mention(by)) if by else ""
    label = _("Go to the card")
    way = f"<{card}|{label}>" if card else ""
    text = sentences([what, wish, stuck, way])
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
