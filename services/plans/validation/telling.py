"""Which steps tell the people who wait for word, above all whoever reported the issue."""

from __future__ import annotations

from collections.abc import Iterable

from services.components.builtins import NOTIFY, REPORTER
from services.components.specs import ComponentSpec
from services.plans.model import Step, StepInput
from services.plans.references import Reference, scan

NOTIFYING_CATEGORIES = frozenset({"notify", "notification", "notifications"})
"""A component of one of these categories is taken to tell the reporter."""

_WHO = ("issue", ("reporter",))


def is_notifying(spec: ComponentSpec) -> bool:
    """Whether a component is there to tell people something."""
    return str(spec.category).casefold() in NOTIFYING_CATEGORIES


def may_tell_reporter(step: Step, spec: ComponentSpec | None) -> bool:
    """Whether a step tells the reporter, as far as can be seen from outside."""
    if step.component_id == NOTIFY:
        return _posts_to_reporter(step)
    return (spec is not None and is_notifying(spec)) or _takes_reporter(step.inputs)


def surely_tells_reporter(step: Step, spec: ComponentSpec) -> bool:
    """Whether a step tells the reporter and nobody else: one that only names them may do something else."""
    if step.component_id == NOTIFY:
        return _posts_to_reporter(step)
    return is_notifying(spec) and _takes_reporter(step.inputs)


def _posts_to_reporter(step: Step) -> bool:
    to = [item for item in step.inputs if item.name == "to"]
    return any(item.value == REPORTER for item in to) or _takes_reporter(to)


def _takes_reporter(inputs: Iterable[StepInput]) -> bool:
    found = (each for item in inputs if "reporter" in item.value for each in scan(item.value))
    return any(isinstance(each, Reference) and (each.source, each.path) == _WHO for each in found)
