"""What a connector always refuses is a fault of the plan, by the very rules of the connector."""

from __future__ import annotations

from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.connectors import prepare
from services.connectors.errors import RequestRefused
from services.plans.model import StepInput
from services.plans.validation import FaultCode
from services.steps.resolving import Values, resolve_inputs
from tests.support.builders import codes, component, given, report, step

ANYTHING: dict[str, Any] = {"required": True}
DEFINITION = ComponentDefinition.model_validate(
    {
        "key": "city.look",
        "name": "Look it up",
        "description": "Looks it up.",
        "category": "notify",
        "type": "REST",
        "http_method": "GET",
        "endpoint_url": "https://town.example/requests/{id}",
        "path_params": {"id": {**ANYTHING}},
        "query_params": {"q": {}},
        "headers": {"X-Note": {}},
    }
)
SPEC = component("city.look", **{
    name: getattr(DEFINITION, name) for name in ("path_params", "query_params", "headers", "request_schema")
})  # fmt: skip
AN_ID = given("path", "id", "A-1")


@pytest.mark.parametrize(
    "inputs",
    [
        (given("path", "id", ""),),
        (given("path", "id", "  \t"),),
        (given("path", "id", "."),),
        (given("path", "id", ".."),),
        (given("path", "id", '["a"]'),),
        (given("path", "id", '{"a": 1}'),),
        (AN_ID, given("query", "q", '{"a": 1}')),
        (AN_ID, given("query", "q", '[["a"]]')),
        (AN_ID, given("header", "X-Note", "a\nSet-Cookie: b")),
        (AN_ID, given("header", "X-Note", "a\rb")),
        (AN_ID, given("header", "x-note", '["a"]')),
    ],
)
def test_what_is_refused(inputs: tuple[StepInput, ...]) -> None:
    look = step("look", "city.look", *inputs)
    with pytest.raises(RequestRefused):
        prepare(DEFINITION, resolve_inputs(look, DEFINITION, Values(outputs={})))
    assert codes(report((look,), SPEC).errors) == [FaultCode.INVALID_LITERAL]


@pytest.mark.parametrize(
    "inputs",
    [
        (AN_ID,),
        (given("path", "id", "..a"),),
        (given("path", "id", "7"),),
        (given("path", "id", "{{issue.text}}"),),
        (AN_ID, given("query", "q", '["a", "b"]')),
        (AN_ID, given("query", "q", "")),
        (AN_ID, given("header", "X-Note", "a\tb")),
    ],
)
def test_what_can_be_sent(inputs: tuple[StepInput, ...]) -> None:
    look = step("look", "city.look", *inputs)
    prepare(DEFINITION, resolve_inputs(look, DEFINITION, Values(outputs={}, issue_text="Leak")))
    assert report((look,), SPEC).errors == ()
