"""Built-in steps as people read them: whom they wait for, until when, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.languages import N_, _, ngettext
from bot.slack.messages import Element
from bot.views.kit import blocks as kit
from bot.views.run.answers import answer_summary
from bot.views.run.held import held, is_over, waiting
from services.components.builtins import ASK_PERSON, BUILTINS, NOTIFY, WAIT_FOR, WAIT_UNTIL
from services.plans.model import Step
from services.queries.snapshots import StepSnapshot
from services.states import StepState
from services.steps.waits import people_asked

_PLAIN = {NOTIFY: N_("Posted."), WAIT_FOR: N_("The time has passed.")}


def is_asking(step: StepSnapshot) -> bool:
    """Whether the step waits for a person's answer, and not at a gate."""
    wait = step.wait or {}
    return step.state is StepState.WAITING and wait.get("attempt") == step.attempt


def standing(step: StepSnapshot) -> str:
    """How a step stands that waits for more than a worker; empty for others."""
    if is_asking(step):
        return _("Waiting for an answer")
    return _("Waiting") if step.state is StepState.READY and step.wait and step.retry_at else ""


def told(step: StepSnapshot, wire: Step, limit: int) -> list[Element] | None:
    """What came of a built-in step so far, as rich text; None where other words say it."""
    if is_asking(step):
        people = [str(each["person"]) for each in people_asked(step.wait)]
        return kit.runs(_("Waiting for an answer from {people}"), people=kit.people(people, last="or"))
    if (why := held(step)) is not None:
        return waiting(step, why)
    if step.state is StepState.READY and step.wait and step.retry_at and not is_over(step, wire.component_id):
        return _waiting(step, wire)
    if step.state is StepState.DONE and not step.note and wire.component_id in BUILTINS:
        return _done(step, wire, limit)
    return None


def _waiting(step: StepSnapshot, wire: Step) -> list[Element]:
    if step.retry_at is None:
        return []
    when = kit.moment(step.retry_at)
    if wire.component_id != WAIT_UNTIL:
        return kit.runs(_("Waiting until {when}"), when=when)
    polls = (step.wait or {}).get("polls", 0)
    if not isinstance(polls, int) or not polls:
        return kit.runs(_("Not yet. Looks again at {when}"), when=when)
    looked = ngettext(
        "Not yet. Looks again at {when} (looked {count} time so far)",
        "Not yet. Looks again at {when} (looked {count} times so far)",
        polls,
        when="{when}",
    )
    return kit.runs(looked, when=when)


def _done(step: StepSnapshot, wire: Step, limit: int) -> list[Element]:
    if wire.component_id in _PLAIN:
        return [kit.span(_(_PLAIN[wire.component_id]))]
    words = answer_summary(step.output, BUILTINS[wire.component_id], limit=limit)
    if wire.component_id == ASK_PERSON and step.wait:
        said = _photos(step, limit) or [kit.span(words)]
        return [*said, kit.span(" "), kit.person(str(step.wait.get("answered_by")))]
    return [kit.span(words)] if words else []


def _photos(step: StepSnapshot, limit: int) -> list[Element]:
    """Links to the photos that are the answer; nothing where they would take more room than there is."""
    files = step.output.get("files", ()) if isinstance(step.output, Mapping) else ()
    targets = [(file["permalink"], file["name"]) for file in files]
    return kit.links(targets) if sum(len(url) + len(name) for url, name in targets) <= limit else []
