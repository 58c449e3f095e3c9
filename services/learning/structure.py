"""A plan as structure: which components in which order, what flows where, and where people are asked.

No value that a model or a person wrote is in it, no title, no description and no name of a step: an example must
tell nobody who lives where. Names of inputs and fields are the components' own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from services.formats.strict_json import render_path
from services.learning.memory import Example
from services.plans.model import Plan, Step, StepInput, dependencies
from services.plans.polls import component_keys
from services.plans.references import RESERVED, Reference, is_whole, scan

MAX_STEPS = 40
"""A longer plan is no example: it would take the room of the components."""

_NAME = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_-]{0,39}")
"""What a name in an API looks like; what does not is left out, for it may be somebody's."""

_PLACES = {"path": "path_params", "query": "query_params", "header": "headers"}


def structure(plan: Plan, components: Mapping[str, Mapping[str, Any]], likeness: float = 1.0) -> Example | None:
    """The example that a plan makes; `components` are the specs it was made over, by key, as they were kept.

    None for a plan of no steps or too many of them, or with two steps of one name.
    """
    names = {step.step_id: f"s{number}" for number, step in enumerate(plan.steps, 1)}
    if not 0 < len(plan.steps) <= MAX_STEPS or len(names) < len(plan.steps):
        return None
    needs = dependencies(plan)
    steps = tuple(
        {
            "step": names[step.step_id],
            "component": step.component_id,
            "after": [names[other] for other in needs[step.step_id]],
            "inputs": dict(_inputs(step, components.get(step.component_id, {}), names)),
            **({"gate": True} if step.requires_approval else {}),
            **_condition(step, names),
        }
        for step in plan.steps
    )
    return Example(frozenset(component_keys(plan)), steps, likeness)


def _condition(step: Step, names: Mapping[str, str]) -> dict[str, Any]:
    """When the step is wanted: what is asked about, and how; not what it is compared with."""
    tests = step.when.tests if step.when else ()
    asked = [(found, test.operator.value) for test in tests for found in scan(test.value)]
    when = [
        f"{value} {operator}"
        for found, operator in asked
        if isinstance(found, Reference) and (value := _reference(found, names))
    ]
    return {**({"when": when} if when else {}), **({"needs": "any"} if step.needs == "any" else {})}


def _inputs(step: Step, spec: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each input that the component declares, and where its value comes from."""
    for item in step.inputs:
        if _declares(spec, item) and all(_NAME.fullmatch(part) for part in item.name.split(".")):
            yield f"{item.location}.{item.name}", _source(item, names)


def _declares(spec: Mapping[str, Any], item: StepInput) -> bool:
    declared = spec.get(_PLACES.get(item.location, "request_schema")) or {}
    if item.location not in _PLACES:
        declared = declared.get("properties") if isinstance(declared, Mapping) else None
    return isinstance(declared, Mapping) and (item.name in declared or item.name.split(".")[0] in declared)


def _source(item: StepInput, names: Mapping[str, str]) -> str:
    """`given`, a reference, or that it is a text or an object with these references in it."""
    found = (part for part in scan(item.value) if isinstance(part, Reference))
    references = list(dict.fromkeys(text for part in found if (text := _reference(part, names))))
    if not references:
        return "given"
    return references[0] if is_whole(item.value) else "given, with " + " ".join(references)


def _reference(reference: Reference, names: Mapping[str, str]) -> str | None:
    """A reference by the steps' new names, as far as its path is made of an API's names."""
    source = reference.source if reference.source in RESERVED else names.get(reference.source)
    if source is None:
        return None
    path: list[str | int] = []
    for part in reference.path:
        if isinstance(part, str) and not _NAME.fullmatch(part):
            break
        path.append(part)
    tail = render_path(tuple(path))
    return f"{{{{{source}{tail if tail.startswith('[') or not tail else '.' + tail}}}}}"
