"""A step of a run as people read it: how it stands, what came of it, and who decided what about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.languages import N_, Sentence, _
from bot.slack.messages import Element
from bot.views.kit import blocks as kit
from bot.views.kit.blocks import Status
from bot.views.kit.mentions import ids_in, naming
from bot.views.kit.text import clip, kilobytes, one_line
from bot.views.plan import steps as plan_steps
from bot.views.plan.conditions import skipped
from bot.views.plan.steps import LOCK, PlanStepView
from bot.views.run import builtins
from bot.views.run.answers import answer_summary
from bot.views.run.errors import caution, explain_error
from services.components.specs import ComponentSpec
from services.queries.snapshots import RunSnapshot, StepSnapshot, VersionSnapshot
from services.states import OVER, StepState

STATUS: Mapping[StepState, Status] = {
    StepState.PENDING: "pending",
    StepState.READY: "pending",
    StepState.RUNNING: "in_progress",
    StepState.WAITING: "pending",
    StepState.DONE: "complete",
    StepState.SKIPPED: "complete",
    StepState.FAILED: "error",
    StepState.UNCERTAIN: "error",
    StepState.CANCELLED: "pending",
}
"""What Slack draws beside a step."""

STATES: Mapping[StepState, Sentence] = {
    StepState.PENDING: N_("Not started"),
    StepState.READY: N_("About to start"),
    StepState.RUNNING: N_("Under way"),
    StepState.WAITING: N_("Waiting for approval"),
    StepState.DONE: N_("Done"),
    StepState.SKIPPED: N_("Skipped"),
    StepState.FAILED: N_("Failed"),
    StepState.UNCERTAIN: N_("May have been done, or not"),
    StepState.CANCELLED: N_("Not done"),
}
"""A step's state in words."""

_TITLES = {
    StepState.SKIPPED: N_("{title} (skipped)"),
    StepState.CANCELLED: N_("{title} (not done)"),
    StepState.FAILED: N_("{title} (failed)"),
    StepState.UNCERTAIN: N_("{title} (not sure)"),
}
"""Said in words, and not by a colour alone."""

_NOTE = 200
_WARNINGS = 2


@dataclass(frozen=True, slots=True)
class RunStepView:
    """One step: as the plan has it, as it stands in the run, and the component that it calls."""

    view: PlanStepView
    now: StepSnapshot
    spec: ComponentSpec | None


def in_order(version: VersionSnapshot, run: RunSnapshot) -> tuple[RunStepView, ...]:
    """The steps of a run in the order, and with the numbers, that the plan's own card has."""
    standing = {step.step_id: step for step in run.steps}
    return tuple(
        RunStepView(view, standing[view.step.step_id], version.components.get(view.step.component_id))
        for view in plan_steps.in_order(version)
        if view.step.step_id in standing
    )


def numbers(steps: Iterable[RunStepView]) -> dict[str, int]:
    """The steps' numbers, by their ids."""
    return {step.now.step_id: step.view.number for step in steps}


def over(steps: Iterable[StepSnapshot]) -> int:
    """How many steps are done or skipped."""
    return sum(step.state in OVER for step in steps)


def headline(step: RunStepView, *, after: bool = False) -> str:
    """A step in one line; with `after`, what one that has not started waits for, and whether it asks first."""
    state, view = step.now.state, step.view
    words = N_("{title} (rejected)") if is_rejected(step.now) else _TITLES.get(state)
    title = _(words, title=view.title) if words else view.title
    at_gate = state is StepState.WAITING and not builtins.is_asking(step.now)
    locked = at_gate or (step.now.gated and state is StepState.PENDING)
    asks = _(" · needs approval") if locked and after else ""
    behind = f"{plan_steps.after(view) if after and state is StepState.PENDING else ''}{asks}"
    return f"{view.number:,}. {f'{LOCK} ' if locked else ''}{title}{behind}"


def standing(step: StepSnapshot) -> str:
    """A step's state in words."""
    return _("Rejected") if is_rejected(step) else _(STATES[step.state])


def result(step: RunStepView, numbered: Mapping[str, int], limit: int) -> str:
    """What came of a step so far, in plain words; empty where its state says it all."""
    now = step.now
    match now.state:
        case StepState.PENDING:
            return plan_steps.provided(step.view)
        case StepState.WAITING:
            return _("Waiting for approval.")
        case StepState.RUNNING if now.attempt > 1:
            return _("Attempt {number}.", number=now.attempt)
        case StepState.DONE if not _is_marked(now):
            return _answer(step, limit)
        case StepState.FAILED if is_rejected(now) and now.decided_by:
            return ""
        case StepState.SKIPPED if now.skip is not None:
            return clip(skipped(now.skip["tests"], numbered, step.view.waits_for), limit)
        case StepState.READY | StepState.FAILED | StepState.UNCERTAIN | StepState.SKIPPED if now.error:
            return clip(explain_error(now.error, step.view.component, numbered), limit)
    return ""


def _answer(step: RunStepView, limit: int) -> str:
    """An answer in one plain line; of a long one that it is, and what its outline says."""
    words = answer_summary(step.now.output, step.spec, limit=limit)
    if not step.now.is_long:
        return words
    size = kilobytes(step.now.output_size)
    if not words:
        said = _("A long answer ({size}). Details has it.", size=size)
    elif isinstance(step.now.output, list):
        said = _("A long answer ({size}), the first: {words}", size=size, words=words)
    else:
        said = _("A long answer ({size}): {words}", size=size, words=words)
    return clip(said, limit)


def told(step: RunStepView, numbered: Mapping[str, int], limit: int) -> list[Element]:
    """All that a card says about a step, as rich text: result, next try, decision and warnings, a line each."""
    now = step.now
    own = builtins.told(now, step.view.step, limit)
    words = "" if own is not None else result(step, numbered, limit)
    lines: list[list[Element]] = [own] if own else [naming(words, ids_in(now.output))] if words else []
    if own is None and now.retry_at is not None and now.state is StepState.READY:
        lines.append(kit.runs(_("Tries again at {when}"), when=kit.moment(now.retry_at)))
    if decided := decision(now, limit=min(limit, _NOTE)):
        lines.append(decided)
    return kit.stacked([*lines, *warned(now, limit)])


def in_short(step: StepSnapshot) -> list[Element]:
    """How a step stands that the card says more about below: "Rejected by @x", "Refused (400)"."""
    if builtins.is_asking(step):
        return [kit.span(builtins.standing(step))]
    if is_rejected(step):
        by = step.decided_by
        return kit.runs(_("Rejected by {who}"), who=kit.person(by)) if by else [kit.span(_("Rejected"))]
    error = step.error or {}
    if step.state is StepState.FAILED and isinstance(status := error.get("status"), int):
        words = N_("Refused ({status})") if 400 <= status < 500 else N_("Failed ({status})")
        return [kit.span(_(words, status=str(status)))]
    if step.state is StepState.FAILED and error.get("code") == "gate_timeout":
        return [kit.span(_("Time ran out"))]
    return [kit.span(_(STATES[step.state]))]


def warned(step: StepSnapshot, limit: int) -> list[list[Element]]:
    """What is odd about a step, as rich text, a line each."""
    return [_warned(warning, limit) for warning in step.warnings[:_WARNINGS]]


def _warned(warning: Mapping[str, Any], limit: int) -> list[Element]:
    """A warning, with the person whom it is about if there is one."""
    about = warning.get("person")
    who = [kit.span(" ("), kit.person(about), kit.span(")")] if isinstance(about, str) else []
    return [kit.span(clip(caution(warning), limit)), *who]


def decision(step: StepSnapshot, *, limit: int = _NOTE) -> list[Element]:
    """Who decided what about a step, when and why, as runs of rich text; nothing where nobody has."""
    done = _done(step)
    if done is None or not step.decided_by:
        return []
    when = [kit.span(" · "), kit.moment(step.decided_at)] if step.decided_at else []
    note = clip(one_line(reason(step)), limit)
    quoted = _("“{text}”", text=note)
    said = [kit.span(f": {quoted}")] if note else []
    return [*kit.runs(_(done), who=_deciders(step, done)), *when, *said]


def _deciders(step: StepSnapshot, done: Sentence) -> list[Element]:
    """Who it was, and in whose place."""
    if done == _APPROVED and step.agreed:
        if not step.deputies:
            return kit.people(step.agreed)
        pairs = [(step.deputies.get(user, user), user if user in step.deputies else None) for user in step.agreed]
        return kit.acting(pairs)
    return kit.acting([(step.decided_by or "", step.decided_for)])


def reason(step: StepSnapshot) -> str:
    """What the person who decided gave as the reason; empty where none was asked for."""
    given = (step.error or {}).get("reason") if is_rejected(step) else None
    return step.note or (given if isinstance(given, str) else "")


_APPROVED = N_("Approved by {who}")


def _done(step: StepSnapshot) -> Sentence | None:
    """What people did about a step; None where they need not have done anything."""
    match step.state:
        case StepState.SKIPPED:
            return N_("Skipped by {who}")
        case StepState.FAILED if is_rejected(step):
            return N_("Rejected by {who}")
        case StepState.DONE if _is_marked(step):
            return N_("Marked done by {who}")
        case StepState.DONE | StepState.READY | StepState.RUNNING:
            return _gone_on(step)
    return None


def _gone_on(step: StepSnapshot) -> Sentence:
    """What people did at a gate, or about a step that had gone wrong; of both the later."""
    if step.gated and (step.attempt == 1 or step.decided_by in step.agreed):
        return _APPROVED
    return N_("Retried by {who}")


def is_rejected(step: StepSnapshot) -> bool:
    """Whether a person said no at its gate: that is no failure."""
    return step.state is StepState.FAILED and (step.error or {}).get("code") == "rejected"


def _is_marked(step: StepSnapshot) -> bool:
    """Whether a person said that the step is done: only that takes a note."""
    return step.state is StepState.DONE and bool(step.note)
