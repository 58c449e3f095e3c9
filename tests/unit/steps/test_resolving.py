from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from services.connectors.errors import InputMisfit, RequestRefused, UnresolvedReference
from services.connectors.requests import InputValues
from services.steps.resolving import Values, resolve_inputs
from tests.support.builders import Location, body, component, given, step

OUTPUTS: dict[str, Any] = {
    "report": [{"service_request_id": "SR-7", "number": "7", "crew_id": None}],
    "order": {
        "id": 42,
        "ok": True,
        "cost": 1.5,
        "price": "12.5",
        "tags": ["a", "b"],
        "place": {"lat": 1.25, "lng": -3},
        "crew_id": None,
        "text": "{{order.id}}",
    },
    "note": "plain",
    "nothing": None,
}
VALUES = Values(OUTPUTS, issue_text="Water in the road", issue_reporter="U1", issue_channel="C1", run_id="r-1")


def resolved(*inputs: Any, **spec: Any) -> InputValues:
    return resolve_inputs(step("next", "free", *inputs), component(**spec), VALUES)


def sent(value: str, **schema: Any) -> Any:
    """What an input of this text becomes, under this schema."""
    spec = {"type": "object", "properties": {"x": schema}}
    return resolved(given("body", "x", value), request_schema=spec).body["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{order.id}}", 42),
        ("{{ order.ok }}", True),
        ("{{order.cost}}", 1.5),
        ("{{order.tags}}", ["a", "b"]),
        ("{{order.tags[1]}}", "b"),
        ("{{order.place}}", {"lat": 1.25, "lng": -3}),
        ("{{report[0].service_request_id}}", "SR-7"),
        ("{{note}}", "plain"),
        ("{{issue.text}}", "Water in the road"),
        ("{{issue.reporter}}", "U1"),
        ("{{issue.channel}}", "C1"),
        ("{{run.id}}", "r-1"),
    ],
)
def test_a_whole_reference_keeps_its_json_type(text: str, value: Any) -> None:
    assert sent(text) == value
    assert type(sent(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Order {{order.id}}: {{issue.text}}!", "Order 42: Water in the road!"),
        ("{{order.ok}} {{order.cost}}", "true 1.5"),
        ("at {{order.place}}", 'at {"lat":1.25,"lng":-3}'),
        (" {{order.id}}", " 42"),
        ("no reference, {not one}", "no reference, {not one}"),
    ],
)
def test_inside_a_longer_text_a_reference_becomes_text(text: str, value: str) -> None:
    assert sent(text, type="string") == value


def test_what_is_filled_in_is_not_searched_for_references() -> None:
    assert sent("{{order.text}}") == "{{order.id}}"
    assert sent("is {{order.text}}") == "is {{order.id}}"


def test_nested_values_are_filled_in() -> None:
    text = json.dumps({"a": ["{{order.id}}", "n {{order.id}}"], "{{note}}": {"b": "{{order.place}}"}, "c": None})
    assert sent(text, type="object") == {
        "a": [42, "n 42"],
        "plain": {"b": {"lat": 1.25, "lng": -3}},
        "c": None,
    }


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("5", {"type": "integer"}, 5),
        ("5", {"type": "string"}, "5"),
        ("5", {}, "5"),
        ("true", {"type": "boolean"}, True),
        ("[1]", {}, [1]),
        ("[1]", {"type": "string"}, "[1]"),
        ("null", {"type": ["string", "null"]}, None),
    ],
)
def test_literals_are_read_by_their_schema(text: str, schema: dict[str, Any], value: Any) -> None:
    assert sent(text, **schema) == value


def test_dots_lead_into_the_body_unless_the_schema_lists_the_name_as_it_is() -> None:
    inputs = body(**{"location.lat": "{{order.place.lat}}", "location.lng": "2", "attribute.x": "y", "title": "t"})
    schema = {
        "type": "object",
        "properties": {
            "location": {"properties": {"lng": {"type": "number"}}},
            "attribute.x": {"type": "string"},
        },
    }
    assert resolved(*inputs, request_schema=schema).body == {
        "location": {"lat": 1.25, "lng": 2},
        "attribute.x": "y",
        "title": "t",
    }


def test_parameters_go_where_they_belong() -> None:
    inputs = (
        given("path", "area", "{{order.id}}"),
        given("query", "limit", "5"),
        given("query", "unlisted", "5"),
        given("header", "x-tenant", "{{note}}"),
        given("header", "X-Other", "never"),
    )
    found = resolved(
        *inputs,
        path_params={"area": {"type": "string", "required": True}},
        query_params={"limit": {"type": "integer", "required": False}},
        headers={"X-Tenant": {"type": "string"}},
    )
    assert found == InputValues({"area": "42"}, {"limit": 5, "unlisted": "5"}, {"X-Tenant": "plain"})


def test_variables_are_the_payload_of_graphql() -> None:
    inputs = (given("variable", "id", "{{order.id}}"), given("body", "name", "n"))
    assert resolved(*inputs, type="GRAPHQL") == InputValues(variables={"id": 42, "name": "n"})


def test_a_step_without_inputs_has_no_body() -> None:
    assert resolved() == InputValues()


@pytest.mark.parametrize(
    "reference",
    [
        "{{missing.id}}",
        "{{nothing}}",
        "{{nothing.id}}",
        "{{order.other}}",
        "{{order.crew_id}}",
        "{{order.id.deeper}}",
        "{{order.tags[2]}}",
        "{{order[0]}}",
        "{{report.service_request_id}}",
        "{{report[1].service_request_id}}",
        "{{note.text}}",
        "{{issue.place}}",
        "{{issue.text.more}}",
    ],
)
@pytest.mark.parametrize("form", ["{}", "say {}", '["{}"]', '{{"a": "{}"}}'])
@pytest.mark.parametrize("location", ["body", "query", "path", "header"])
def test_a_reference_without_a_value_is_named(reference: str, form: str, location: Location) -> None:
    text = form.format(reference)
    with pytest.raises(UnresolvedReference) as caught:
        resolved(given(location, "x", text), headers={"x": {}})
    assert (caught.value.reference, caught.value.input) == (reference, f"{location}.x")
    assert caught.value.to_dict() == {
        "code": "unresolved_reference",
        "reference": reference,
        "input": f"{location}.x",
    }


@pytest.mark.parametrize("values", [Values({}), Values({"issue": {"text": "forged"}, "run": {"id": "forged"}})])
@pytest.mark.parametrize("reference", ["{{issue.text}}", "{{issue.reporter}}", "{{issue.channel}}", "{{run.id}}"])
def test_what_is_not_known_of_the_issue_or_the_run_has_no_value(values: Values, reference: str) -> None:
    with pytest.raises(UnresolvedReference):
        resolve_inputs(step("next", "free", *body(x=reference)), component(), values)


def test_a_null_that_was_answered_is_a_value_where_the_input_takes_null() -> None:
    assert sent("{{order.crew_id}}", type=["string", "null"]) is None
    assert sent("{{report[0].crew_id}}", type=["string", "null"]) is None
    for missing in ("{{order.other}}", "{{nothing}}", "{{nothing.id}}", "{{report[1].crew_id}}", "{{note[0]}}"):
        with pytest.raises(UnresolvedReference):
            sent(missing, type=["string", "null"])


def test_a_literal_that_no_longer_fits_is_refused() -> None:
    with pytest.raises(RequestRefused) as caught:
        sent("five", type="integer")
    assert (caught.value.name, caught.value.reason) == ("body.x", "not_json")


@pytest.mark.parametrize("names", [("a", "a.b"), ("a.b", "a"), ("a.b", "a.b.c")])
def test_two_inputs_in_one_place_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(RequestRefused, match="clash"):
        resolved(*body(**dict.fromkeys(names, "x")))


@for_all(some.recursive(some.none() | some.booleans() | some.integers() | some.text(), some.lists))
def test_an_output_arrives_as_it_is(output: Any) -> None:
    values = Values({"s": {"out": output}})
    inputs = body(whole="{{s.out}}", part="<{{s.out}}>")
    if output is None:
        with pytest.raises(UnresolvedReference):
            resolve_inputs(step("next", "free", *inputs), component(), values)
        return
    found = resolve_inputs(step("next", "free", *inputs), component(), values).body
    assert found["whole"] == output
    text = found["part"][1:-1]
    assert (text if isinstance(output, str) else json.loads(text)) == output


def test_json_of_what_can_not_be_kept_is_sent_without_it() -> None:
    value = sent(r'["caf\ud83d", "x\u0000y"]', type="array", items={"type": "string"})
    assert value == ["caf\ufffd", "x\ufffdy"]


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("{{order.id}}", {"type": "string"}, "42"),
        ("{{order.cost}}", {"type": ["string", "null"]}, "1.5"),
        ("{{order.ok}}", {"type": "string"}, "true"),
        ("{{report[0].number}}", {"type": "integer"}, 7),
        ("{{report[0].number}}", {"type": "number"}, 7),
        ("{{report[0].number}}", {"type": ["integer", "string"]}, "7"),
        ("{{order.price}}", {"type": "number"}, 12.5),
        ("{{order.id}}", {"type": "number"}, 42),
        ("{{order.id}}", {"enum": ["41", "42"], "type": "string"}, "42"),
    ],
)
def test_what_can_be_converted_is(text: str, schema: dict[str, Any], value: Any) -> None:
    found = sent(text, **schema)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "schema", "at", "keyword"),
    [
        ("{{order.place}}", {"type": "string"}, "", "type"),
        ("{{order.tags}}", {"type": "string"}, "", "type"),
        ("{{note}}", {"type": "integer"}, "", "type"),
        ("{{order.cost}}", {"type": "integer"}, "", "type"),
        ("{{note}}", {"type": "object"}, "", "type"),
        ("{{note}}", {"enum": ["loud", "soft"]}, "", "enum"),
        ("{{order.tags}}", {"type": "array", "items": {"type": "integer"}}, "[0]", "type"),
        ("{{order.place}}", {"type": "object", "required": ["street"]}, "", "required"),
        ("{{issue.text}}", {"type": "string", "maxLength": 5}, "", "maxLength"),
        ("Water: {{note}}", {"type": "string", "pattern": "^[0-9]+$"}, "", "pattern"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    text: str, schema: dict[str, Any], at: str, keyword: str
) -> None:
    with pytest.raises(InputMisfit) as refused:
        sent(text, **schema)
    assert (refused.value.name, refused.value.at, refused.value.keyword) == ("body.x", at, keyword)


@pytest.mark.parametrize("schema", [{}, {"$ref": "#/nowhere"}, {"pattern": "^\\p{L}+$"}, {"type": "no such"}])
def test_what_a_schema_does_not_say_clearly_is_not_judged(schema: dict[str, Any]) -> None:
    assert sent("{{note}}", **schema) == "plain"
