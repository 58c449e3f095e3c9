"""What has left the house with a step of a run, or will: folded, under its title."""

from __future__ import annotations

from collections.abc import Sequence

from bot.languages import N_, _
from bot.slack.messages import Element
from bot.views.kit import blocks as kit
from bot.views.kit.fitting import Level
from bot.views.kit.text import clip
from bot.views.plan.sent import Known, Value, folded, lines, ordered, planned
from bot.views.plan.steps import writes
from bot.views.run import requests
from bot.views.run import steps as run_steps
from bot.views.run.steps import RunStepView
from services.plans.model import Issue
from services.states import StepState

_NAME = 45
_DONE, _OF_DONE = 3, 90
"""Of a step that is done, so many values, and how long each may be: by then its answer counts for more."""

_NOTHING_LEAVES = (StepState.SKIPPED, StepState.CANCELLED, StepState.WAITING)
"""Nothing does, or all of it stands at the gate."""

_AT_GATE = ("rejected", "gate_timeout")
"""A step that came to this has sent nothing."""

_TRIED = N_("Tried to send:"), N_("Tried to send to “{component}”:")
_WILL = N_("Sends:"), N_("Sends to “{component}”:")
_HEADINGS = {
    StepState.DONE: (N_("Sent:"), N_("Sent to “{component}”:")),
    StepState.RUNNING: (N_("Sending:"), N_("Sending to “{component}”:")),
    StepState.FAILED: _TRIED,
    StepState.UNCERTAIN: _TRIED,
}
"""Without the component, where the step is called as that is, and with it."""


def known(issue: Issue, steps: Sequence[RunStepView]) -> Known:
    """What references stand for by now."""
    outputs = {step.now.step_id: step.now.output for step in steps if step.now.state is StepState.DONE}
    return Known(issue, run_steps.numbers(steps), outputs)


def sent(step: RunStepView, known: Known) -> list[Value]:
    """What a step sends: as it stands in its request, or before there is one, in the plan."""
    if step.now.request:
        return requests.values(step.view, step.spec, step.now.request, known)
    return ordered(planned(step.view, known), step.spec)


def leaving(step: RunStepView, known: Known, level: Level) -> list[Element]:
    """What leaves the house with a step that changes something, a line each; nothing for the others."""
    state = step.now.state
    if not level.sent or not writes(step.spec) or state in _NOTHING_LEAVES or _is_refused(step):
        return []
    most, longest = level.sent, level.value
    if state is StepState.DONE:
        most, longest = min(most, _DONE), min(longest, _OF_DONE)
    elif step.now.gated and state is StepState.PENDING:
        most, longest = level.fields, level.full
    drawn = lines(folded(sent(step, known)), most, longest)
    if not drawn:
        return []
    alone, named = _HEADINGS.get(state, _WILL)
    is_named = step.view.component != step.view.title
    heading = _(named, component=clip(step.view.component, _NAME)) if is_named else _(alone)
    return kit.stacked([[kit.span(heading)], *([kit.span("• "), *line] for line in drawn)])


def _is_refused(step: RunStepView) -> bool:
    return step.now.state is StepState.FAILED and (step.now.error or {}).get("code") in _AT_GATE
