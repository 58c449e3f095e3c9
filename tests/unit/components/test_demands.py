"""Where the values of inputs come from, as a pack says it: one of two words, in a place that is looked at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.components.packs import PackFaults, parse_pack
from services.components.refusals import DefinitionFaultCode as Fault

AREA = "https://works.example.gov/{area}"


def read(**members: Any) -> ComponentDefinition:
    """A component of a pack with these members; a YAML file may be JSON."""
    plain = {"key": "works.create", "name": "Works", "description": "Does it.", "http_method": "POST"}
    url = AREA if "path_params" in members else "https://works.example.gov/"
    (definition,) = parse_pack(json.dumps({"components": [{**plain, "endpoint_url": url, **members}]}))
    return definition


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"request_schema": {"properties": {"to": {"from": "people"}}}}, Fault.BAD_ORIGIN),
        ({"request_schema": {"properties": {"to": {"from": []}}}}, Fault.BAD_ORIGIN),
        ({"request_schema": {"properties": {"to": {"from": ["person", "person"]}}}}, Fault.BAD_ORIGIN),
        ({"request_schema": {"items": {"anyOf": [{"from": {"a": 1}}]}}}, Fault.BAD_ORIGIN),
        ({"request_schema": {"if": {"properties": {"to": {"from": "person"}}}}}, Fault.ORIGIN_NOT_FOLLOWED),
        ({"request_schema": {"patternProperties": {"^x": {"from": "person"}}}}, Fault.ORIGIN_NOT_FOLLOWED),
        ({"path_params": {"area": {"from": "component"}}}, Fault.BAD_ORIGIN),
        ({"query_params": {"page": {"from": None}}}, Fault.BAD_ORIGIN),
        ({"headers": {"X-Trace": {"from": "model"}}}, Fault.BAD_ORIGIN),
    ],
)
def test_another_word_or_another_place_is_refused(members: dict[str, Any], code: Fault) -> None:
    with pytest.raises(PackFaults) as refused:
        read(**members)
    [fault] = refused.value.faults
    assert fault.code == code
    assert fault.member.endswith(".from")


@pytest.mark.parametrize("origin", ["person", "registry", ["person"], ["registry", "person"]])
def test_an_input_may_say_where_its_value_comes_from(origin: Any) -> None:
    schema = {"properties": {"to": {"from": origin}, "many": {"items": {"properties": {"id": {"from": origin}}}}}}
    assert read(request_schema=schema).request_schema == schema
    parameters = {"area": {"type": "string", "required": True, "from": origin}}
    assert read(path_params=parameters).path_params == parameters


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"from": {"type": "string"}, "to": {"type": "string"}}},
        {"properties": {"span": {"default": {"from": "Monday"}}}, "required": ["from"]},
        {"if": {"properties": {"from": {"const": "a"}}}, "then": {"required": ["from"]}},
    ],
)
def test_a_member_that_is_called_from_says_nothing_of_that(schema: Any) -> None:
    read(request_schema=schema)
