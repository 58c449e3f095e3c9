"""Schemas: what of OpenAPI 3.0 becomes of 2020-12, what is merged, and what is cut where."""

from __future__ import annotations

from typing import Any

import pytest

from services.components.openapi.converting import RECURSIVE
from services.components.openapi.model import CutCode
from services.formats.schemas import schema_problems
from tests.support.openapi import document, only, operation, request_schema, response_schema


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 0}),
        ({"type": "number", "maximum": 9, "exclusiveMaximum": False}, {"type": "number", "maximum": 9}),
        ({"type": "string", "example": "Elm St"}, {"type": "string", "examples": ["Elm St"]}),
        ({"type": "string", "xml": {"name": "a"}, "x-own": 1, "externalDocs": {"url": "u"}}, {"type": "string"}),
        (
            {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Name"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
    ],
)
def test_what_30_says_in_other_words(stated: Any, meant: Any) -> None:
    assert response_schema(stated, "3.0.3", Name={"type": "string"}) == meant


def test_31_has_lists_of_types_and_siblings_of_references() -> None:
    stated = {"$ref": "#/components/schemas/Name", "description": "Of the crew.", "maxLength": 9}
    assert response_schema(stated, Name={"type": ["string", "null"]}) == {
        "type": ["string", "null"],
        "description": "Of the crew.",
        "maxLength": 9,
    }


def test_all_of_is_one_schema_where_that_says_the_same() -> None:
    stated = {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer", "minimum": 3}}},
            {"properties": {"b": {"minimum": 5}}},
        ]
    }
    base = {
        "type": "object",
        "required": ["a"],
        "additionalProperties": False,
        "properties": {"a": {"type": "string"}},
    }
    assert response_schema(stated, Base=base) == {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"type": "string"}, "b": {"type": "integer", "minimum": 5}},
    }


def test_what_contradicts_stays_apart() -> None:
    stated = {"allOf": [{"type": "string"}, {"type": "integer"}]}
    assert response_schema(stated) == {"type": "string", "allOf": [{"type": "integer"}]}


def test_alternatives_are_kept_and_a_discriminator_is_a_constant() -> None:
    stated = {
        "oneOf": [{"$ref": "#/components/schemas/Leak"}, {"$ref": "#/components/schemas/Tree"}],
        "discriminator": {"propertyName": "kind", "mapping": {"leak": "#/components/schemas/Leak"}},
    }
    thing = {"type": "object", "properties": {"kind": {"type": "string"}}}
    found = response_schema(stated, Leak=thing, Tree=thing)
    assert [each["properties"]["kind"]["const"] for each in found["anyOf"]] == ["leak", "Tree"]


def test_a_circle_is_cut_where_it_repeats_on_its_own_path() -> None:
    node = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Node"}},
    }
    stated = {"type": "object", "properties": {each: {"$ref": "#/components/schemas/Node"} for each in ("a", "b")}}
    found = response_schema(stated, Node=node)
    cut = {"type": "object", "properties": {"name": {"type": "string"}, "parent": {"description": RECURSIVE}}}
    assert found["properties"] == {"a": cut, "b": cut}


def test_references_in_a_circle_end() -> None:
    schemas: dict[str, Any] = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    assert response_schema({"$ref": "#/components/schemas/A"}, **schemas) == {"description": RECURSIVE}


def doubled(levels: int) -> dict[str, Any]:
    """Schemas of which each is made of the next one twice: two to the power of their number in all."""
    named = {f"S{n}": {"allOf": [{"$ref": f"#/components/schemas/S{n + 1}"}] * 2} for n in range(levels)}
    return {**named, f"S{levels}": {"type": "string"}}


def test_what_doubles_at_each_level_is_bounded() -> None:
    assert response_schema({"$ref": "#/components/schemas/S0"}, **doubled(40)) is not None


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"in": schema}}
    return schema


def cuts_of(schema: Any) -> set[CutCode]:
    answer = {"200": {"description": "x", "content": {"application/json": {"schema": schema}}}}
    found = only(document({"/x": {"get": operation(responses=answer)}}))
    assert found.definition is not None
    assert schema_problems(found.definition["response_schema"]) == []
    return {cut.code for cut in found.cuts}


def test_depth_properties_and_bytes_are_bounded() -> None:
    wide = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(300)}}
    long = {
        "type": "object",
        "properties": {f"p{n}": {"type": "string", "enum": ["x" * 150] * 9} for n in range(90)},
    }
    assert CutCode.DEPTH in cuts_of(nested(12))
    assert CutCode.PROPERTIES in cuts_of(wide)
    assert CutCode.BYTES in cuts_of(long)
    assert cuts_of(nested(8)) == {CutCode.NO_ID}


def test_what_is_required_is_the_last_to_be_cut() -> None:
    properties = {f"p{n}": {"type": "string"} for n in range(300)}
    found = request_schema({"type": "object", "properties": properties, "required": ["p299"]})
    assert "p299" in found["properties"]
    assert len(found["properties"]) == 200


def test_each_side_is_shown_what_it_may_write() -> None:
    schema = {
        "type": "object",
        "required": ["id", "title"],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "title": {"type": "string"},
            "password": {"type": "string", "writeOnly": True},
        },
    }
    assert request_schema(schema)["properties"].keys() == {"title", "password"}
    assert request_schema(schema)["required"] == ["title"]
    assert response_schema(schema)["properties"].keys() == {"id", "title"}


def test_nonsense_in_a_schema_is_passed_over() -> None:
    stated = {
        "type": "objekt",
        "minimum": "1",
        "maxLength": -1,
        "enum": [],
        "properties": {"a": 7},
        "required": True,
    }
    assert response_schema(stated) == {"properties": {"a": {}}}


def test_keywords_that_are_not_taken_are_named() -> None:
    assert CutCode.KEYWORD in cuts_of({"not": {"type": "string"}, "patternProperties": {"^x": {}}})
