"""What is said in a card's thread about a gate: what somebody asks, and that nobody could be written to."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from bot.languages import N_, _
from bot.slack.ids import COMMAND_MUDDA, METADATA_GATE_REQUEST, METADATA_UNREACHED
from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.kit.blocks import as_mrkdwn
from bot.views.kit.text import clip, one_line
from bot.views.plan import steps as plan_steps
from bot.views.run.errors import REASONS
from services.queries.snapshots import PlanSnapshot, StepSnapshot

_TITLE, _TEXT = 120, 1_000
_REFUSED = N_("Slack refused it")


def gate_request(snapshot: PlanSnapshot, step_id: UUID, revision: int, number: int) -> Message | None:
    """The question, with the one who is asked; None if the step has moved on."""
    step = _step(snapshot, step_id)
    if step is None or len(step.requests) < number:
        return None
    asked = step.requests[number - 1]
    said = kit.runs(
        _("{person}: {who} asks before deciding about {step}:"),
        person=kit.person(asked["person"]),
        who=kit.person(asked["by"]),
        step=_name(snapshot, step),
    )
    text = clip(asked["text"], _TEXT)
    payload = {"step": str(step_id), "revision": revision, "number": number}
    return Message(
        text=f"{''.join(map(as_mrkdwn, said))} {kit.fallback(text)}",
        blocks=kit.seal([kit.rich_text(kit.paragraph(*said), kit.quote(text))], "gate_request"),
        metadata={"event_type": METADATA_GATE_REQUEST, "event_payload": payload},
    )


def unreached_message(
    snapshot: PlanSnapshot, step_id: UUID, revision: int, reasons: Mapping[str, str]
) -> Message | None:
    """That none of those who are asked could be written to, and why; None if the step is not there any more."""
    step, run = _step(snapshot, step_id), snapshot.run
    if step is None or run is None:
        return None
    said = kit.runs(
        _("{person}: nobody who is asked about {step} could be written to."),
        person=kit.person(run.started_by),
        step=_name(snapshot, step),
    )
    for user, reason in list(reasons.items())[: kit.PEOPLE]:
        why = _(REASONS.get(reason, _REFUSED))
        said += [kit.span(" "), *kit.runs(_("{person}: {reason}."), person=kit.person(user), reason=why)]
    way = _("Decide on the card, hand it over there, or change who may decide: {command}")
    said.append(kit.span(" "))
    said += kit.runs(way, command=kit.span(f"{COMMAND_MUDDA} approvers", code=True))
    payload = {"step": str(step_id), "revision": revision}
    return Message(
        text="".join(map(as_mrkdwn, said)),
        blocks=kit.seal([kit.rich_text(kit.paragraph(*said))], "unreached"),
        metadata={"event_type": METADATA_UNREACHED, "event_payload": payload},
    )


def _step(snapshot: PlanSnapshot, step_id: UUID) -> StepSnapshot | None:
    return next((step for step in snapshot.run.steps if step.id == step_id), None) if snapshot.run else None


def _name(snapshot: PlanSnapshot, step: StepSnapshot) -> str:
    views = plan_steps.in_order(snapshot.version) if snapshot.version else ()
    view = next((view for view in views if view.step.step_id == step.step_id), None)
    if view is None:
        return _("a step")
    return _("step {number}, “{title}”", number=view.number, title=clip(one_line(view.title), _TITLE))
