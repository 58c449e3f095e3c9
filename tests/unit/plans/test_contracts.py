"""What is read of components ahead of a first plan: what it would look up, and nothing that changes its report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.components.specs import ComponentSpec
from services.plans.model import Plan, Step, StepInput
from services.plans.validation import validate
from services.plans.validation.contracts import Contracts

SPEC = ComponentSpec(
    "c",
    "Create a work order",
    http_method="POST",
    path_params={"area": {"type": "string"}},
    request_schema={
        "type": "object",
        "properties": {"title": {"type": "string"}, "at": {"type": "object", "properties": {"lat": {}}}},
    },
    response_schema={"type": "object", "properties": {"ids": {"type": "array", "items": {"type": "string"}}}},
)
PLAN = Plan(
    workflow_name="Leak",
    steps=(
        Step(
            step_id="a",
            component_id="c",
            inputs=(
                StepInput(location="path", name="area", value="north"),
                StepInput(location="body", name="at.lat", value="1"),
                StepInput(location="body", name="titel", value="A leak"),
            ),
        ),
        Step(
            step_id="b",
            component_id="c",
            inputs=(StepInput(location="body", name="title", value="{{a.ids[0]}} and {{a.id}}"),),
        ),
    ),
)


def test_what_a_plan_asks_for_is_looked_up_ahead_of_it() -> None:
    contracts = Contracts()
    contracts.read([SPEC])
    contract = contracts.of(SPEC)
    assert contract._members.keys() == {"title", "at", "at.lat"}
    assert contract._parameters.keys() == {"path"}
    assert contract.answer._below.keys() == {"ids"}
    known = contract.member("at.lat")
    contracts.read([replace(SPEC)])
    assert contracts.of(SPEC).member("at.lat") is known


def test_a_component_that_was_changed_is_read_anew() -> None:
    contracts = Contracts()
    contracts.read([SPEC])
    changed = replace(SPEC, request_schema={"type": "object", "properties": {"name": {"type": "string"}}})
    contracts.read([changed])
    assert contracts.of(changed)._members.keys() == {"name"}


@pytest.mark.parametrize("declared", [None, True, False, [], "x", {"properties": 3}, {"$ref": "#"}, {"items": {}}])
def test_what_was_read_ahead_changes_nothing_and_takes_what_others_wrote_as_it_comes(declared: Any) -> None:
    for spec in (
        SPEC,
        replace(SPEC, request_schema=declared),
        replace(SPEC, response_schema=declared),
        replace(SPEC, path_params=declared),
    ):
        ahead = Contracts()
        ahead.read([spec])
        assert validate(PLAN, {"c": spec}, contracts=ahead) == validate(PLAN, {"c": spec})
