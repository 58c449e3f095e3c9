"""What follows from a decision about a step or a run, in words of its steps: for whoever is about to decide."""

from __future__ import annotations

from collections.abc import Sequence

from bot.languages import N_, Sentence, _, number
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
            _about(
                lacking,
                N_("Step {number} ({title}) needs its answer and will fail."),
                N_("Steps {numbers} need its answer and will fail."),
            ),
            _about(
                going_on,
                N_("Step {number} ({title}) goes on without it."),
                N_("Steps {numbers} go on without it."),
            ),
            "" if behind else _("No other step waits for it."),
        ]
    )


def rejecting(step: RunStepView, steps: Sequence[RunStepView]) -> str:
    """What is not done if a step is rejected, and what will not start."""
    waits = _about(
        _held(step, steps),
        N_("Step {number} ({title}) does not start unless it is retried or skipped."),
        N_("Steps {numbers} do not start unless it is retried or skipped."),
    )
    return sentences([_("Nothing is sent to “{component}”.", component=_component(step)), waits])


def retrying(step: RunStepView, steps: Sequence[RunStepView]) -> str:
    """What is sent once more if a step is retried, and what goes on then."""
    is_unsure = step.now.state is StepState.UNCERTAIN
    return sentences(
        [
            _("This is sent to “{component}” again.", component=_component(step)),
            _("It may have arrived the first time: then it is done twice.") if is_unsure else "",
            _("It asks for approval again first.") if step.now.gated and not is_unsure else "",
            _about(
                _held(step, steps),
                N_("Step {number} ({title}) goes on once it is done."),
                N_("Steps {numbers} go on once it is done."),
            ),
        ]
    )


def stopping(run: RunSnapshot, steps: Sequence[RunStepView]) -> str:
    """What is not done if a run ends here, and what can't be changed any more."""
    left = [step for step in steps if step.now.state not in OVER and step.now.state is not StepState.RUNNING]
    done = sum(step.state is StepState.DONE for step in run.steps)
    calls = any(step.state is StepState.RUNNING for step in run.steps)
    so_far = (
        _("What is done stays done ({done} of {total}).", done=done, total=len(run.steps))
        if done
        else _("Nothing has been done yet.")
    )
    return sentences(
        [
            _about(left, N_("Step {number} ({title}) will not be done."), N_("Steps {numbers} will not be done.")),
            so_far,
            _("A call under way may still finish.") if calls else "",
            _("No step can be retried after that."),
        ]
    )


def _not_done(step: RunStepView) -> str:
    if step.now.state is StepState.UNCERTAIN:
        words = N_("“{component}” is not called again; what may have arrived stays as it is.")
    elif not writes(step.spec):
        words = N_("“{component}” is not asked.")
    else:
        words = N_("Nothing is sent to “{component}”.")
    return _(words, component=_component(step))


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


def _about(steps: Sequence[RunStepView], one: Sentence, several: Sentence) -> str:
    """A sentence about "Step 5 (Warn the residents)", or about "Steps 5, 6 and 7"; empty where there is none."""
    if not steps:
        return ""
    if len(steps) == 1:
        return _(one, number=steps[0].view.number, title=clip(steps[0].view.title, _TITLE))
    return _(several, numbers=join([number(step.view.number) for step in steps], most=_MOST))


def _component(step: RunStepView) -> str:
    return clip(step.view.component, _NAME)
