"""A body that is a list is one input of a plan: validated, sent and shown as what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.components.specs import ComponentSpec
from services.connectors import prepare
from services.formats.whole_bodies import as_object
from services.plans.model import Step, StepInput
from services.plans.validation.faults import FaultCode
from services.plans.validation.inputs import input_faults
from services.steps.resolving import Values, resolve_inputs

SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": {"$ref": "#/$defs/order"},
    "minItems": 1,
    "$defs": {"order": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}},
}


def step(*values: str) -> Step:
    inputs = [StepInput.model_validate({"in": "body", "name": "body", "value": value}) for value in values]
    return Step(step_id="create", component_id="orders.create", inputs=tuple(inputs))


def faults(*values: str) -> list[str]:
    spec = ComponentSpec("orders.create", "Create", http_method="POST", request_schema=as_object(SCHEMA))
    return [found.code for found in input_faults(step(*values), spec)]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (['[{"title": "Mend it"}]'], []),
        (['[{"title": "{{issue.text}}"}]'], []),
        (["{{look.orders}}"], []),
        ([], [FaultCode.MISSING_INPUT]),
        (['[{"title": 7}]'], [FaultCode.INVALID_LITERAL]),
        (["[]"], [FaultCode.INVALID_LITERAL]),
        (["no list"], [FaultCode.INVALID_LITERAL]),
    ],
)
def test_a_plan_gives_it_as_one_input(values: list[str], codes: list[str]) -> None:
    assert faults(*values) == codes


def test_it_is_sent_as_it_is() -> None:
    definition = ComponentDefinition.model_validate(
        {
            "key": "orders.create",
            "name": "Create",
            "description": "Creates them.",
            "http_method": "POST",
            "endpoint_url": "https://town.example/orders",
            "request_schema": SCHEMA,
        }
    )
    values = Values(outputs={"look": {"orders": [{"title": "Sweep it"}]}}, issue_text="Mend it")
    for text, sent in (
        ('[{"title": "{{issue.text}}"}]', [{"title": "Mend it"}]),
        ("{{look.orders}}", [{"title": "Sweep it"}]),
    ):
        assert prepare(definition, resolve_inputs(step(text), definition, values)).body == sent
    assert json.dumps(prepare(definition, resolve_inputs(step(), definition, values)).body) == "null"


def test_the_body_of_members_is_left_alone() -> None:
    schemas: list[dict[str, Any]] = [{}, {"type": "object"}, {"properties": {}}, {"type": ["object", "array"]}]
    for schema in schemas:
        assert as_object(schema) is schema
