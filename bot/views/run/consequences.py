"""What follows from a decision about a step or a run, in words of its steps: for whoever is about to decide."""

from __future__ import annotations

from collections.abc import Sequence

from bot.views.kit.text import clip, join, sentences
from bot.views.plan.steps import writes
from bot.views.run.steps import RunStepView
from services.queries.snapshots import RunSnapshot
from services.states import OVER, StepState

_NAME, _TITLE = 60, 40
_MOST = 4


def skipping(step: RunStepView, steps: Sequence[RunStepView]) -> str:
    """What is not done if a step is skipped, and which of the steps behind it go on."""
    behind = _behind(step, steps)
    lacking = [other for other in behind if step.view.number in {take.number for take in other.view.takes}]
    going_on = [other for other in behind if other not in lacking]
    return sentences(
        [
            _not_done(step),
            f"{_named(lacking)} {_verb(lacking, 'needs', 'need')} its answer and will fail." if lacking else "",
            f"{_named(going_on)} {_verb(going_on, 'goes', 'go')} on without it." if going_on else "",
            "" if behind else "No other step waits for it.",
        ]
    )


def rejecting(step: RunStepView, steps: Sequence[RunStepView]) -> str:
    """What is not done if a step is rejected, and what will not start."""
    held = _held(step, steps)
    waits = f"{_named(held)} {_verb(held, 'does', 'do')} not start unless it is retried or skipped."
    return sentences([f"Nothing is sent to “{_component(step)}”.", waits if held else ""])


def retrying(step: RunStepView, steps: Sequence[RunStepView]) -> str:
    """What is sent once more if a step is retried, and what goes on then."""
    held = _held(step, steps)
    is_unsure = step.now.state is StepState.UNCERTAIN
    return sentences(
        [
            f"This is sent to “{_component(step)}” again.",
            "It may have arrived the first time: then it is done twice." if is_unsure else "",
            "It asks for approval again first." if step.now.gated and not is_unsure else "",
            f"{_named(held)} {_verb(held, 'goes', 'go')} on once it is done." if held else "",
        ]
    )


def stopping(run: RunSnapshot, steps: Sequence[RunStepView]) -> str:
    """What is not done if a run ends here, and what can't be changed any more."""
    left = [step for step in steps if step.now.state not in OVER and step.now.state is not StepState.RUNNING]
    done = sum(step.state is StepState.DONE for step in run.steps)
    calls = any(step.state is StepState.RUNNING for step in run.steps)
    return sentences(
        [
            f"{_named(left)} will not be done." if left else "",
            f"What is done stays done ({done:,} of {len(run.steps):,})." if done else "Nothing has been done yet.",
            "A call under way may still finish." if calls else "",
            "No step can be retried after that.",
        ]
    )


def _not_done(step: RunStepView) -> str:
    if step.now.state is StepState.UNCERTAIN:
        return f"“{_component(step)}” is not called again; what may have arrived stays as it is."
    if not writes(step.spec):
        return f"“{_component(step)}” is not asked."
    return f"Nothing is sent to “{_component(step)}”."


def _behind(step: RunStepView, steps: Sequence[RunStepView]) -> list[RunStepView]:
    """The steps that wait for this one, and are not over."""
    open_steps = [other for other in steps if other.now.state not in (*OVER, StepState.CANCELLED)]
    return [other for other in open_steps if step.view.number in other.view.waits_for]


def _held(step: RunStepView, steps: Sequence[RunStepView]) -> list[RunStepView]:
    """The steps that can't start before this one is done: those that wait for it, and for those."""
    held, numbers = [], {step.view.number}
    for other in steps:
        if other.now.state is StepState.PENDING and numbers & set(other.view.waits_for):
            held.append(other)
            numbers.add(other.view.number)
    return held


def _named(steps: Sequence[RunStepView]) -> str:
    """E.g. "Step 5 (Warn the residents)", "Steps 5, 6 and 7"."""
    if len(steps) == 1:
        return f"Step {steps[0].view.number:,} ({clip(steps[0].view.title, _TITLE)})"
    return f"Steps {join([f'{step.view.number:,}' for step in steps], most=_MOST)}"


def _verb(steps: Sequence[RunStepView], one: str, several: str) -> str:
    return one if len(steps) == 1 else several


def _component(step: RunStepView) -> str:
    return clip(step.view.component, _NAME)
