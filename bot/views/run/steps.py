"""A step of a run as people read it: how it stands, what came of it, and who decided what about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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

STATES: Mapping[StepState, str] = {
    StepState.PENDING: "Not started",
    StepState.READY: "About to start",
    StepState.RUNNING: "Under way",
    StepState.WAITING: "Waiting for approval",
    StepState.DONE: "Done",
    StepState.SKIPPED: "Skipped",
    StepState.FAILED: "Failed",
    StepState.UNCERTAIN: "May have been done, or not",
    StepState.CANCELLED: "Not done",
}
"""A step's state in words."""

_ENDINGS = {
    StepState.SKIPPED: " (skipped)",
    StepState.CANCELLED: " (not done)",
    StepState.FAILED: " (failed)",
    StepState.UNCERTAIN: " (not sure)",
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
    ending = " (rejected)" if is_rejected(step.now) else _ENDINGS.get(state, "")
    at_gate = state is StepState.WAITING and not builtins.is_asking(step.now)
    locked = at_gate or (step.now.gated and state is StepState.PENDING)
    asks = " · needs approval" if locked and after else ""
    behind = f"{plan_steps.after(view) if after and state is StepState.PENDING else ''}{asks}"
    return f"{view.number:,}. {f'{LOCK} ' if locked else ''}{view.title}{ending}{behind}"


def standing(step: StepSnapshot) -> str:
    """A step's state in words."""
    return "Rejected" if is_rejected(step) else STATES[step.state]


def result(step: RunStepView, numbered: Mapping[str, int], limit: int) -> str:
    """What came of a step so far, in plain words; empty where its state says it all."""
    now = step.now
    match now.state:
        case StepState.PENDING:
            return plan_steps.provided(step.view)
        case StepState.WAITING:
            return f"{STATES[now.state]}."
        case StepState.RUNNING if now.attempt > 1:
            return f"Attempt {now.attempt:,}."
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
    first = ", the first" if isinstance(step.now.output, list) else ""
    size = f"A long answer ({kilobytes(step.now.output_size)})"
    return clip(f"{size}{first}: {words}" if words else f"{size}. Details has it.", limit)


def told(step: RunStepView, numbered: Mapping[str, int], limit: int) -> list[Element]:
    """All that a card says about a step, as rich text: result, next try, decision and warnings, a line each."""
    now = step.now
    own = builtins.told(now, step.view.step, limit)
    words = "" if own is not None else result(step, numbered, limit)
    lines: list[list[Element]] = [own] if own else [naming(words, ids_in(now.output))] if words else []
    if own is None and now.retry_at is not None and now.state is StepState.READY:
        lines.append([kit.span("Tries again at "), kit.moment(now.retry_at)])
    if decided := decision(now, limit=min(limit, _NOTE)):
        lines.append(decided)
    return kit.stacked([*lines, *warned(now, limit)])


def in_short(step: StepSnapshot) -> list[Element]:
    """How a step stands that the card says more about below: "Rejected by @x", "Refused (400)"."""
    if builtins.is_asking(step):
        return [kit.span(builtins.standing(step))]
    if is_rejected(step):
        return (
            [kit.span("Rejected by "), kit.person(step.decided_by)] if step.decided_by else [kit.span("Rejected")]
        )
    error = step.error or {}
    if step.state is StepState.FAILED and isinstance(status := error.get("status"), int):
        return [kit.span(f"{'Refused' if 400 <= status < 500 else 'Failed'} ({status})")]
    if step.state is StepState.FAILED and error.get("code") == "gate_timeout":
        return [kit.span("Time ran out")]
    return [kit.span(STATES[step.state])]


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
    verb = _verb(step)
    if not verb or not step.decided_by:
        return []
    when = [kit.span(" · "), kit.moment(step.decided_at)] if step.decided_at else []
    note = clip(one_line(reason(step)), limit)
    return [kit.span(f"{verb} by "), *_deciders(step, verb), *when, *([kit.span(f": “{note}”")] if note else [])]


def _deciders(step: StepSnapshot, verb: str) -> list[Element]:
    """Who it was, and in whose place."""
    if verb == "Approved" and step.agreed:
        if not step.deputies:
            return kit.people(step.agreed)
        pairs = [(step.deputies.get(user, user), user if user in step.deputies else None) for user in step.agreed]
        return kit.acting(pairs)
    return kit.acting([(step.decided_by or "", step.decided_for)])


def reason(step: StepSnapshot) -> str:
    """What the person who decided gave as the reason; empty where none was asked for."""
    given = (step.error or {}).get("reason") if is_rejected(step) else None
    return step.note or (given if isinstance(given, str) else "")


def _verb(step: StepSnapshot) -> str:
    match step.state:
        case StepState.SKIPPED:
            return "Skipped"
        case StepState.FAILED if is_rejected(step):
            return "Rejected"
        case StepState.DONE if _is_marked(step):
            return "Marked done"
        case StepState.DONE | StepState.READY | StepState.RUNNING:
            return _verb_of_going_on(step)
    return ""


def _verb_of_going_on(step: StepSnapshot) -> str:
    """What people did at a gate, or about a step that had gone wrong; of both the later."""
    if step.gated and (step.attempt == 1 or step.decided_by in step.agreed):
        return "Approved"
    return "Retried"


def is_rejected(step: StepSnapshot) -> bool:
    """Whether a person said no at its gate: that is no failure."""
    return step.state is StepState.FAILED and (step.error or {}).get("code") == "rejected"


def _is_marked(step: StepSnapshot) -> bool:
    """Whether a person said that the step is done: only that takes a note."""
    return step.state is StepState.DONE and bool(step.note)
