"""What a step sends against what its component takes: one test for each fault, and what must not be one."""

from __future__ import annotations

from typing import Any

import pytest

from services.plans.input_paths import payload_path
from services.plans.model import StepInput
from services.plans.validation import Fault, FaultCode, Report
from tests.support.builders import body, codes, component, given, only, report, step

ORDER = component(
    "order",
    path_params={"area": {"type": "string", "required": True, "minLength": 2}},
    query_params={
        "notify": {"type": "boolean", "required": True},
        "page": {"type": "integer", "minimum": 1},
    },
    headers={"X-Trace": {"type": "string", "required": True}, "X-Version": {"const": "2", "required": True}},
    request_schema={
        "type": "object",
        "required": ["title"],
        "properties": {
            "title": {"type": "string", "maxLength": 20},
            "priority": {"enum": ["low", "high"]},
            "crew": {"type": "integer"},
            "note": {"type": ["string", "null"], "minLength": 2},
            "level": {"enum": [1, 2]},
            "urgent": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}},
            "location": {
                "type": "object",
                "required": ["lat", "lng"],
                "properties": {"lat": {"type": "number"}, "lng": {"type": "number"}, "note": {"type": "string"}},
                "additionalProperties": False,
            },
            "open": {"type": "object", "additionalProperties": True},
            "dotted.name": {"type": "integer"},
            "never": False,
        },
    },
)
COMPLETE = (
    given("path", "area", "north"),
    given("query", "notify", "true"),
    given("header", "x-trace", "1"),
    *body(title="Burst main"),
)


def ordering(*inputs: StepInput, without: str = "") -> Report:
    kept = tuple(item for item in COMPLETE if item.name != without)
    return report((step("ask"), step("order", "order", *kept, *inputs)), ORDER)


def sending(schema: Any, *inputs: StepInput, **rest: Any) -> Report:
    spec = component("one", request_schema=schema, **rest)
    return report((step("ask"), step("send", "one", *inputs)), spec)


def dotted(**values: str) -> tuple[StepInput, ...]:
    return tuple(given("body", name.replace("_", "."), value) for name, value in values.items())


def test_what_is_complete_has_no_fault() -> None:
    said = ordering(*body(crew="4", tags='["a"]'), *dotted(location_lat="1.5", location_lng="{{ask.lng}}"))
    assert (said.errors, said.warnings) == ((), ())


@pytest.mark.parametrize(
    ("location", "name"), [("path", "area"), ("query", "notify"), ("header", "X-Trace"), ("body", "title")]
)
def test_a_missing_input(location: str, name: str) -> None:
    said = ordering(without="x-trace" if location == "header" else name)
    assert only(said.errors) == Fault(
        FaultCode.MISSING_INPUT,
        "order",
        f"{location}.{name}",
        {"component": "order", "in": location, "name": name},
    )


def test_an_input_of_a_path_is_required_unless_it_says_otherwise() -> None:
    said = sending({}, path_params={"a": {}, "b": {"required": False}, "c": {"default": "x"}})
    assert [fault.field for fault in said.errors] == ["path.a"]


def test_a_header_that_the_component_fills_in_itself_is_not_missing() -> None:
    assert ordering().ok


@pytest.mark.parametrize("given_part", ["lat", "note"])
def test_a_missing_input_inside_one_that_is_given(given_part: str) -> None:
    said = ordering(given("body", f"location.{given_part}", "1"))
    missing = {"body.location.lat", "body.location.lng"} - {f"body.location.{given_part}"}
    assert {fault.field for fault in said.errors} == missing
    assert set(codes(said.errors)) == {FaultCode.MISSING_INPUT}


def test_nothing_is_missing_inside_what_is_not_given() -> None:
    assert ordering().ok


def test_nothing_is_missing_inside_what_another_step_gives() -> None:
    assert ordering(*body(location="{{ask.location}}")).ok


def test_a_missing_input_inside_a_literal() -> None:
    found = only(ordering(*body(location='{"lat": 1}')).errors)
    assert (found.code, found.field, found.detail["keyword"], found.detail["expected"]) == (
        FaultCode.INVALID_LITERAL,
        "body.location",
        "required",
        ["lat", "lng"],
    )


def test_all_missing_inputs_are_named_once() -> None:
    names = [f"n{number}" for number in range(25)]
    said = sending({"type": "object", "required": names}, *body(n3="x"))
    assert sorted(fault.field or "" for fault in said.errors) == sorted(
        f"body.{name}" for name in names if name != "n3"
    )


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (given("path", "street", "x"), "path.street"),
        (given("body", "location.zip", "x"), "body.location.zip"),
        (given("body", "title.en", "x"), "body.title.en"),
        (given("body", "never", "x"), "body.never"),
        (given("body", "never", "{{ask.x}}"), "body.never"),
        (given("variable", "title", "x"), "variable.title"),
    ],
)
def test_an_unknown_input(item: StepInput, field: str) -> None:
    complete_place = dotted(location_lat="1", location_lng="2") if "location" in item.name else ()
    said = ordering(item, *complete_place, without="title" if "title.en" in item.name else "")
    found = only(said.errors)
    assert (found.code, found.step_id, found.field) == (FaultCode.UNKNOWN_INPUT, "order", field)
    facts = {name: value for name, value in found.detail.items() if name != "nearest"}
    assert facts == {"component": "order", "in": item.location, "name": item.name}


def test_an_unknown_input_of_a_schema_that_is_closed() -> None:
    schema = {"properties": {"a": {}}, "additionalProperties": False}
    assert [fault.field for fault in sending(schema, *body(a="1", b="2")).errors] == ["body.b"]
    schema = {"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}
    assert [fault.field for fault in sending(schema, *body(a="1", b="2")).errors] == ["body.b"]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (given("query", "color", "x"), "query.color"),
        (given("header", "X-Other", "x"), "header.X-Other"),
        (given("body", "remark", "x"), "body.remark"),
    ],
)
def test_an_input_that_is_not_listed_is_a_warning(item: StepInput, field: str) -> None:
    said = ordering(item)
    assert said.ok
    assert only(said.warnings) == Fault(
        FaultCode.UNLISTED_INPUT,
        "order",
        field,
        {"component": "order", "in": item.location, "name": item.name},
    )


@pytest.mark.parametrize("name", ["open.a", "open.a.b", "open"])
def test_an_input_that_is_allowed_is_no_warning(name: str) -> None:
    said = ordering(given("body", name, "{}"))
    assert (said.errors, said.warnings) == ((), ())


def test_inputs_are_looked_up_through_references_inside_the_schema() -> None:
    schema = {
        "properties": {"place": {"$ref": "#/$defs/place"}},
        "$defs": {"place": {"type": "object", "required": ["lat"], "properties": {"lat": {"type": "number"}}}},
    }
    assert codes(sending(schema, *dotted(place_lat="north")).errors) == [FaultCode.INVALID_LITERAL]
    assert [fault.field for fault in sending(schema, *dotted(place_x="1")).errors] == ["body.place.lat"]
    assert codes(sending(schema, *body(place='{"lat": "1"}')).errors) == [FaultCode.INVALID_LITERAL]
    assert sending(schema, *dotted(place_lat="1")) == Report()


@pytest.mark.parametrize(
    ("location", "name", "value", "keyword"),
    [
        ("path", "area", "x", "minLength"),
        ("query", "page", "0", "minimum"),
        ("query", "page", "1.5", "type"),
        ("query", "page", '"1"', "type"),
        ("query", "page", "one", "not_json"),
        ("query", "page", "NaN", "not_json"),
        ("query", "page", "", "not_json"),
        ("body", "crew", "[" * 5_000, "too_deep"),
        ("body", "crew", "null", "type"),
        ("body", "urgent", "True", "not_json"),
        ("body", "urgent", "1", "type"),
        ("body", "priority", "medium", "enum"),
        ("body", "level", "3", "enum"),
        ("body", "note", "x", "minLength"),
        ("body", "tags", "a", "not_json"),
        ("body", "tags", '["toolong"]', "maxLength"),
        ("body", "dotted.name", "x", "not_json"),
        ("body", "crew", "{{ask.a}}{{ask.b}}", "not_json"),
        ("body", "tags", '["{{ask.a}}", "toolong"]', "maxLength"),
        ("body", "tags", '["{{ask.a}}", 1]', "type"),
        ("body", "tags", '[["{{ask.a}}"]]', "type"),
        ("body", "location", '{"lat": "{{ask.lat}}", "lng": "no {{ask.lng}}"}', "type"),
        ("body", "location", '{"lat": "{{ask.lat}}"}', "required"),
        ("body", "location", '{"lat": 1, "lng": "{{ask.lng}}", "zip": 1}', "additionalProperties"),
        ("body", "location", '{"lat": {{ask.lat}}, "lng": 2}', "not_json"),
    ],
)
def test_a_literal_that_fails_its_schema(location: Any, name: str, value: str, keyword: str) -> None:
    found = only(ordering(given(location, name, value), without=name).errors)
    assert (found.code, found.step_id, found.field) == (FaultCode.INVALID_LITERAL, "order", f"{location}.{name}")
    assert found.detail["keyword"] == keyword
    assert found.detail["value"][:100] == value[:100]


@pytest.mark.parametrize(
    ("location", "name", "value"),
    [
        ("path", "area", "12"),
        ("query", "page", "{{ask.page}}"),
        ("query", "page", "1e2"),
        ("query", "notify", "false"),
        ("body", "title", "null"),
        ("body", "title", "A text of twenty {{ask.and_a_reference_that_is_longer}}"),
        ("body", "priority", "low"),
        ("body", "priority", '"low"'),
        ("body", "priority", "{{ask.x}}"),
        ("body", "level", "2"),
        ("body", "note", "null"),
        ("body", "note", "42"),
        ("body", "tags", '["{{ask.a_long_reference}}", "b"]'),
        ("body", "tags", "{{ask.tags}}"),
        ("body", "location", '{"lat": "{{ask.lat}}", "lng": 2, "note": "at {{ask.x}}"}'),
    ],
)
def test_a_literal_that_fits(location: Any, name: str, value: str) -> None:
    said = ordering(given(location, name, value), without=name)
    assert (said.errors, said.warnings) == ((), ())


def test_every_misfit_of_a_literal_is_named() -> None:
    said = ordering(*body(location='{"lat": "x", "lng": "y", "note": 1}'))
    assert sorted(fault.detail["at"] for fault in said.errors) == ["lat", "lng", "note"]


def test_a_literal_that_fails_does_not_hide_what_is_missing() -> None:
    many = {f"n{number}": {"type": "integer"} for number in range(15)}
    schema = {"type": "object", "required": ["title"], "properties": many}
    said = sending(schema, *body(**dict.fromkeys(many, "x")))
    assert len([code for code in codes(said.errors) if code is FaultCode.INVALID_LITERAL]) == 15
    assert codes(said.errors)[-1] is FaultCode.MISSING_INPUT


def test_a_value_that_a_header_has_of_its_own_is_never_told() -> None:
    assert ordering(given("header", "X-Version", "1")) == Report()


def test_a_malformed_reference_is_not_called_a_bad_literal_as_well() -> None:
    assert codes(ordering(*body(crew="{{ask.")).errors) == [FaultCode.MALFORMED_REFERENCE]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (given("query", "page", "1"), given("query", "page", "1")),
        (given("header", "X-Trace-Id", "1"), given("header", "x-trace-id", "2")),
        (given("body", "crew", "1"), given("body", "crew", "2")),
        (given("body", "location", "{{ask.x}}"), given("body", "location.lat", "2")),
        (given("body", "open.a.b", "{{ask.x}}"), given("body", "open.a", "{}")),
    ],
)
def test_a_duplicate_input(first: StepInput, second: StepInput) -> None:
    assert only(ordering(first, second).errors) == Fault(
        FaultCode.DUPLICATE_INPUT,
        "order",
        f"{second.location}.{second.name}",
        {"in": second.location, "name": second.name, "other": first.name},
    )


def test_the_same_name_in_two_places_is_no_duplicate() -> None:
    assert ordering(given("body", "page", "1"), given("query", "page", "1")).ok


ADDRESS = {
    "type": "object",
    "properties": {"lat": {"type": "number"}, "long": {"type": "number"}, "address_string": {"type": "string"}},
    "anyOf": [{"required": ["lat", "long"]}, {"required": ["address_string"]}],
}


def test_inputs_that_do_not_fit_together() -> None:
    found = only(sending(ADDRESS, *body(lat="{{ask.lat}}")).errors)
    assert found == Fault(
        FaultCode.INPUTS_DO_NOT_FIT,
        "send",
        "body",
        {"component": "one", "at": "", "keyword": "anyOf", "expected": ADDRESS["anyOf"]},
    )


@pytest.mark.parametrize("inputs", [body(lat="1", long="{{ask.long}}"), body(address_string="{{issue.text}}")])
def test_inputs_that_fit_together(inputs: tuple[StepInput, ...]) -> None:
    assert sending(ADDRESS, *inputs) == Report()


def test_what_fails_whatever_a_reference_is_named() -> None:
    schema = {"properties": {"a": {}}, "anyOf": [False, {"required": ["b"]}, {"maxProperties": 0}]}
    assert codes(sending(schema, *body(a="{{ask.a}}")).errors) == [FaultCode.INPUTS_DO_NOT_FIT]


def test_what_depends_on_a_reference_is_not_guessed() -> None:
    schema = {
        "type": "object",
        "properties": {"kind": {}, "n": {}},
        "oneOf": [{"properties": {"kind": {"const": "a"}}}, {"properties": {"kind": {"const": "b"}}}],
        "if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
        "then": {"required": ["n"]},
        "else": {"required": ["kind", "m"]},
    }
    assert sending(schema, *body(kind="{{ask.kind}}")) == Report()
    assert sending({**schema, "else": False}, *body(kind="{{ask.kind}}")) == Report()
    assert codes(sending(schema, *body(kind="c")).errors) == [FaultCode.INPUTS_DO_NOT_FIT, FaultCode.MISSING_INPUT]


@pytest.mark.parametrize(
    ("kind", "location"), [("GRAPHQL", "variable"), ("GRAPHQL", "body"), ("RPC", "body"), ("RPC", "variable")]
)
def test_what_is_not_rest_takes_its_payload_as_body_or_variables(kind: str, location: Any) -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    assert sending(schema, given(location, "id", "1"), type=kind) == Report()
    assert codes(sending(schema, given(location, "id", "x"), type=kind).errors) == [FaultCode.INVALID_LITERAL]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a", ("a",)),
        ("a.b.c", ("a", "b", "c")),
        ("as.it.is", ("as.it.is",)),
        ("a..b", ("a..b",)),
        (".a", (".a",)),
        ("", ("",)),
        ("attribute[CODE]", ("attribute[CODE]",)),
        (".".join("a" * 32), tuple("a" * 32)),
        (".".join("a" * 33), (".".join("a" * 33),)),
    ],
)
def test_where_an_input_goes_in_the_payload(name: str, path: tuple[str, ...]) -> None:
    assert payload_path(name, {"properties": {"as.it.is": {}, "a": {}}, "additionalProperties": {}}) == path


TITLE = {"System.Title": {"type": "string"}}


@pytest.mark.parametrize(
    ("name", "schema", "path"),
    [
        ("System.Title", {"properties": TITLE}, ("System.Title",)),
        ("System.Title", {"properties": {**TITLE, "System": {"type": "object"}}}, ("System.Title",)),
        ("System.Title", {"allOf": [{"properties": TITLE}]}, ("System.Title",)),
        ("System.Title", {"oneOf": [{"properties": {}}, {"properties": TITLE}]}, ("System.Title",)),
        ("System.Title", {"$ref": "#/$defs/it", "$defs": {"it": {"properties": TITLE}}}, ("System.Title",)),
        ("fields.System.Title", {"properties": {"fields": {"properties": TITLE}}}, ("fields", "System.Title")),
        (
            "fields.System.Title.en",
            {
                "properties": {"fields": {"$ref": "#/$defs/fields"}},
                "$defs": {"fields": {"allOf": [{"properties": {"System.Title": {"properties": {"en": {}}}}}]}},
            },
            ("fields", "System.Title", "en"),
        ),
        ("System.Other", {"properties": TITLE}, ("System", "Other")),
        ("System.Title", {"additionalProperties": {"type": "string"}}, ("System", "Title")),
        ("System.Title", {"$ref": "#"}, ("System", "Title")),
    ],
)
def test_a_member_with_dots_in_its_name_is_one_member(name: str, schema: Any, path: tuple[str, ...]) -> None:
    assert payload_path(name, schema) == path
