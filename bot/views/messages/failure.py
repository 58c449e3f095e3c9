"""What is said in the thread of a card when its run has failed, or waits: a redraw rings for nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from bot.languages import N_, Sentence, _
from bot.slack.ids import METADATA_FAILURE, METADATA_WAIT
from bot.slack.messages import Message
from bot.views.kit import blocks as kit
from bot.views.kit.blocks import as_mrkdwn
from bot.views.kit.text import clip
from bot.views.run import overview
from bot.views.run import steps as run_steps
from services.notifications.people import asked_about
from services.queries.snapshots import PlanSnapshot
from services.states import RunState, StepState

_WHY = 200
_TITLE = 120
_ASKS: Mapping[StepState, Sentence] = {
    StepState.WAITING: N_(
        "{people}: step {number} of plan #{plan}, “{title}”, needs approval. Approve or reject it on the card."
    ),
    StepState.UNCERTAIN: N_(
        "{people}: step {number} of plan #{plan}, “{title}”, may have been done, or not. Check whether it "
        "arrived, then retry it, mark it done or skip it on the card."
    ),
}
"""What a step asks of people, by its state."""


def step_waits_message(snapshot: PlanSnapshot, step_id: UUID, revision: int) -> Message | None:
    """The message to those who may decide about a step that waits for them; None if it does not any more."""
    run, version = snapshot.run, snapshot.version
    if run is None or version is None or run.state is RunState.CANCELLED:
        return None
    steps = run_steps.in_order(version, run)
    step = next((step for step in steps if step.now.id == step_id and step.now.revision == revision), None)
    if step is None or step.now.state not in _ASKS:
        return None
    asked = asked_about(snapshot, step.now) or snapshot.approvers or [run.started_by]
    said = kit.runs(
        _(_ASKS[step.now.state]),
        people=kit.people(asked),
        number=step.view.number,
        plan=str(snapshot.number),
        title=clip(step.view.title, _TITLE),
    )
    return Message(
        text="".join(map(as_mrkdwn, said)),
        blocks=kit.seal([kit.rich_text(kit.paragraph(*said))], "wait"),
        metadata={"event_type": METADATA_WAIT, "event_payload": {"step": str(step_id), "revision": revision}},
    )


def run_failed_message(snapshot: PlanSnapshot, at: datetime) -> Message:
    """The message to whoever started the run; its metadata says which time that it failed it is about.

    Raises ValueError if there is no run.
    """
    run, version = snapshot.run, snapshot.version
    if run is None or version is None:
        raise ValueError("no run that could have failed")
    steps = run_steps.in_order(version, run)
    plan, way = _("Plan #{number}", number=str(snapshot.number)), _("Retry it or skip it on the card.")
    said = [
        kit.person(run.started_by),
        kit.span(f" {plan}: "),
        *overview.told(run, steps, _WHY),
        kit.span(f" {way}"),
    ]
    return Message(
        text="".join(map(as_mrkdwn, said)),
        blocks=kit.seal([kit.rich_text(kit.paragraph(*said))], "failure"),
        metadata={"event_type": METADATA_FAILURE, "event_payload": {"run": str(run.id), "at": at.isoformat()}},
    )
