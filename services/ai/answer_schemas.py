"""The shapes of the agents' answers, in the part of JSON Schema that the Gemini API takes.

The ids of components are an enum where there are few enough of them: a model then can't make one up. An API that
finds such a schema too large answers 400, and is asked again with the plain one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from services.plans.model import Operator

MAX_SELECTOR_IDS = 100
"""The selector is shown all components, and a longer enum than this slows its answer more than it helps."""

Answer = Mapping[str, Any]

_TEXT: Answer = {"type": "string"}


def selector_schema(keys: Collection[str] = ()) -> Answer:
    """The selector's answer; with `keys`, those are the only ids there are."""
    ids = _one_of(keys) if len(keys) <= MAX_SELECTOR_IDS else _TEXT
    return _object(selected_component_ids=_list(ids))


def plan_schema(keys: Collection[str] = ()) -> Answer:
    """A plan; with `keys`, its steps use those components only. The names of inputs are free."""
    step = _object(
        step_id=_TEXT,
        component_id=_one_of(keys),
        description=_TEXT,
        inputs=_list(_INPUT),
        outputs=_list(_TEXT),
        next=_list(_TEXT),
        requires_approval={"type": "boolean"},
    )
    optional = {"when": _CONDITION, "needs": _one_of(("all", "any")), "cites": _list(_TEXT)}
    step = {**step, "properties": {**step["properties"], **optional}}
    return _object(workflow_name=_TEXT, description=_TEXT, steps=_list(step))


def _one_of(values: Collection[str]) -> Answer:
    return {"type": "string", "format": "enum", "enum": list(values)} if values else _TEXT


def _list(items: Answer) -> Answer:
    return {"type": "array", "items": items}


def _object(**members: Answer) -> Answer:
    return {"type": "object", "properties": members, "required": list(members)}


_TEST = {
    "type": "object",
    "properties": {"value": _TEXT, "is": _one_of([each.value for each in Operator]), "to": _list(_TEXT)},
    "required": ["value", "is"],
}
_CONDITION = {
    "type": "object",
    "properties": {"match": _one_of(("all", "any")), "tests": _list(_TEST)},
    "required": ["match", "tests"],
}
_INPUT = {
    "type": "object",
    "properties": {"in": _one_of(("path", "query", "header", "body", "variable")), "name": _TEXT, "value": _TEXT},
    "required": ["in", "name", "value"],
}
