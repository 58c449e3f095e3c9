"""What differs between two versions of a plan: facts about their steps, no sentences.

A step is the same one in both where it has the same id. A model may give a step another id for nothing: where two
steps that are left over use the same component, they are one, those that are described alike before all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.plans.model import Plan, Step, dependencies, levels


class ChangeKind(StrEnum):
    """What can be different. What a reader wants to know first comes first."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"  # it uses another component
    GATED = "gated"
    UNGATED = "ungated"
    REORDERED = "reordered"
    CONDITION = "condition"
    INPUT = "input"
    DESCRIBED = "described"
    RENAMED = "renamed"  # the plan itself


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is different. `step` is the step as it is now; of one that was removed, as it was.

    `field` is the input that differs; `old` and `new` are texts, empty for what was not or is not there. `after`
    are the ids of the steps that it comes after only now, `not_after` of those that it does not wait for any more.
    """

    kind: ChangeKind
    step: Step | None = None
    field: str = ""
    old: str = ""
    new: str = ""
    after: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()


def differences(old: Plan, new: Plan) -> tuple[Difference, ...]:
    """All that differs, by its kind and then in the order of the new plan.

    Left out is what nobody sees: which outputs a step declares, which passages it cites.
    """
    before = _same_steps(old, new)
    kept = {step.step_id for step in before.values()}
    renamed = {now: was.step_id for now, was in before.items() if now != was.step_id}
    found = [
        *(Difference(ChangeKind.ADDED, step) for step in new.steps if step.step_id not in before),
        *(Difference(ChangeKind.REMOVED, step) for step in old.steps if step.step_id not in kept),
        *_reordered(old, new, before),
    ]
    for step in new.steps:
        if step.step_id in before:
            found += _of_step(before[step.step_id], step, renamed)
    if old.workflow_name != new.workflow_name:
        found.append(Difference(ChangeKind.RENAMED, old=old.workflow_name, new=new.workflow_name))
    rank = list(ChangeKind).index
    return tuple(sorted(found, key=lambda each: rank(each.kind)))


def _same_steps(old: Plan, new: Plan) -> dict[str, Step]:
    """For the id of each step of the new plan the step of the old one that it is; none for what was added."""
    by_id = {step.step_id: step for step in old.steps}
    same = {step.step_id: by_id[step.step_id] for step in new.steps if step.step_id in by_id}
    left = [step for step in old.steps if step.step_id not in same]
    likenesses: tuple[Callable[[Step], object], ...] = (
        lambda step: (step.component_id, step.description),
        lambda step: step.component_id,
    )
    for likeness in likenesses:
        for step in new.steps:
            if step.step_id not in same:
                found = next((each for each in left if likeness(each) == likeness(step)), None)
                if found is not None:
                    same[step.step_id] = found
                    left.remove(found)
    return same


def _of_step(old: Step, new: Step, renamed: Mapping[str, str]) -> Iterator[Difference]:
    if old.component_id != new.component_id:
        yield Difference(ChangeKind.REPLACED, new, old=old.component_id, new=new.component_id)
    if old.requires_approval != new.requires_approval:
        yield Difference(ChangeKind.GATED if new.requires_approval else ChangeKind.UNGATED, new)
    if (_condition(old, {}), old.needs) != (_condition(new, renamed), new.needs):
        yield Difference(ChangeKind.CONDITION, new, old=_condition(old, {}), new=_condition(new, renamed))
    before = {item.field: item.value for item in old.inputs}
    now = {item.field: _with_old_ids(item.value, renamed) for item in new.inputs}
    for field in dict.fromkeys((*before, *now)):
        if before.get(field) != now.get(field):
            raw = next((item.value for item in new.inputs if item.field == field), "")
            yield Difference(ChangeKind.INPUT, new, field, old=before.get(field, ""), new=raw)
    if old.description != new.description:
        yield Difference(ChangeKind.DESCRIBED, new, old=old.description, new=new.description)


def _condition(step: Step, renamed: Mapping[str, str]) -> str:
    return _with_old_ids(step.when.model_dump_json(), renamed) if step.when else ""


def _with_old_ids(text: str, renamed: Mapping[str, str]) -> str:
    """A text whose references name the steps as the old plan does."""
    for now, was in renamed.items():
        text = re.sub(rf"(\{{\{{\s*){re.escape(now)}(?=[.\[\s}}])", rf"\g<1>{was}", text)
    return text


def _reordered(old: Plan, new: Plan, before: Mapping[str, Step]) -> Iterator[Difference]:
    """The steps that are in both and wait for other ones of these than before.

    Where two changed places it is said once: of the one that comes later now.
    """
    now_called = {was.step_id: now for now, was in before.items()}
    was, now = _Order(old, now_called), _Order(new, {step_id: step_id for step_id in before})
    for step in new.steps:
        own = step.step_id
        if own not in before:
            continue
        after = tuple(each for each in now.direct[own] if each not in was.all[own])
        no_more = (each for each in was.direct[own] if each not in now.all[own])
        not_after = tuple(each for each in no_more if own not in now.all[each])
        if after or not_after:
            yield Difference(ChangeKind.REORDERED, step, after=after, not_after=not_after)


class _Order:
    """What the steps of a plan wait for, by the ids in `called`, which leaves out those that don't matter.

    `direct`: right before it, or with only left-out ones in between. `all`: whatever is before it. A step on a
    cycle, which no valid plan has, waits for nothing.
    """

    def __init__(self, plan: Plan, called: Mapping[str, str]) -> None:
        self.direct: dict[str, tuple[str, ...]] = dict.fromkeys(called.values(), ())
        self.all: dict[str, frozenset[str]] = dict.fromkeys(called.values(), frozenset())
        needs = dependencies(plan)
        through: dict[str, tuple[str, ...]] = {}
        for step_id in (each for level in levels(needs) for each in level):
            found: dict[str, None] = {}
            for earlier in needs[step_id]:
                found |= dict.fromkeys((called[earlier],) if earlier in called else through[earlier])
            through[step_id] = tuple(found)
            if step_id in called:
                self.direct[called[step_id]] = tuple(found)
                self.all[called[step_id]] = frozenset(found).union(*(self.all[each] for each in found))
