"""A plan that is changed by hand: one step left out, or other inputs, gate or order for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.plans.model import Plan, Step, StepInput


@dataclass(frozen=True, slots=True)
class StepEdit:
    """What a person made of the step `step_id`.

    `inputs` are those that they typed anew, marked so; one without a value is left out. `after` are the ids of the
    steps that it comes right after.
    """

    step_id: str
    inputs: tuple[StepInput, ...] = ()
    gated: bool = False
    after: tuple[str, ...] = ()
    removed: bool = False


def edited(plan: Plan, edit: StepEdit) -> Plan:
    """The plan with the edit made, valid or not; the same plan where there is no such step."""
    steps = _without(plan.steps, edit.step_id) if edit.removed else tuple(_with(plan.steps, edit))
    return plan.model_copy(update={"steps": steps})


def _without(steps: Sequence[Step], step_id: str) -> tuple[Step, ...]:
    """The other steps. What came before the one that is gone comes before what came after it."""
    behind = next((step.next for step in steps if step.step_id == step_id), ())
    return tuple(
        step.model_copy(update={"next": _replaced(step.next, step_id, behind)}) if step_id in step.next else step
        for step in steps
        if step.step_id != step_id
    )


def _replaced(targets: Iterable[str], gone: str, behind: Sequence[str]) -> tuple[str, ...]:
    found = [each for target in targets for each in (behind if target == gone else (target,))]
    return tuple(dict.fromkeys(found))


def _with(steps: Sequence[Step], edit: StepEdit) -> Iterable[Step]:
    for step in steps:
        if step.step_id == edit.step_id:
            inputs = tuple(_inputs(step, edit.inputs))
            yield step.model_copy(update={"inputs": inputs, "requires_approval": edit.gated})
        elif (step.step_id in edit.after) != (edit.step_id in step.next):
            others = tuple(target for target in step.next if target != edit.step_id)
            following = (*others, edit.step_id) if step.step_id in edit.after else others
            yield step.model_copy(update={"next": following})
        else:
            yield step


def _inputs(step: Step, typed: Sequence[StepInput]) -> Iterable[StepInput]:
    """The inputs in their order, those that were not there before behind them."""
    new = {item.field: item for item in typed}
    for item in step.inputs:
        found = new.pop(item.field, item)
        if found.value:
            yield found
    yield from (item for item in new.values() if item.value)
