"""Which component a wait.until polls, and with what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from services.components.builtins import WAIT_UNTIL
from services.components.specs import ApprovalPolicy
from services.formats import strict_json
from services.plans.model import Plan, Step, StepInput
from services.plans.references import Flaw, MalformedReference, Reference, parse

_PLACES: Mapping[str, Literal["path", "query"]] = {"path": "path", "query": "query"}


def polled_key(step: Step) -> str | None:
    """The key of the component that a wait.until calls, as written; None for other steps."""
    if step.component_id != WAIT_UNTIL:
        return None
    return next((item.value for item in step.inputs if item.name == "component"), None)


def polled_step(step: Step) -> Step:
    """The call that a wait.until makes, as the step that would make it once."""
    inputs = tuple(found for item in step.inputs for found in _polled_inputs(item))
    return Step(step_id=step.step_id, component_id=polled_key(step) or "", inputs=inputs)


def is_pollable(http_method: str, approval: ApprovalPolicy) -> bool:
    """Whether a component may be called again and again, with nobody asked each time."""
    return http_method.upper() == "GET" and approval is not ApprovalPolicy.STEP


def component_keys(plan: Plan) -> set[str]:
    """The keys of all components that a plan uses, those that it only polls too."""
    used = {step.component_id for step in plan.steps}
    return used.union(key for step in plan.steps if (key := polled_key(step)) is not None)


def field_reference(field: str) -> Reference | MalformedReference:
    """The field of an answer, `status` or `[0].status`, as a reference into a step called `answer`."""
    separator = "" if field.startswith("[") else "."
    parts = parse(f"{{{{answer{separator}{field}}}}}")
    found = parts[0]
    if len(parts) == 1 and not isinstance(found, str):
        return found
    return MalformedReference(field, Flaw.BAD_PATH)


def _polled_inputs(item: StepInput) -> Iterator[StepInput]:
    place, _, name = item.name.partition(".")
    if place not in _PLACES:
        return
    if name:
        yield StepInput(location=_PLACES[place], name=name, value=item.value, typed=item.typed)
        return
    for member, value in _members(item.value).items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield StepInput(location=_PLACES[place], name=member, value=text, typed=item.typed)


def _members(text: str) -> dict[str, Any]:
    try:
        value = strict_json.loads(text)
    except strict_json.NotJson:
        return {}
    return value if isinstance(value, dict) else {}
