"""Types of flows: what can never fit is named with both types, and what could fit is left alone."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.plans.validation import Fault, FaultCode
from services.plans.validation.flows import MAX_NESTING, Shape, misfit
from tests.support.builders import Location, component, given, report, step

TEXT, WHOLE, NUMBER, TRUTH = ({"type": kind} for kind in ("string", "integer", "number", "boolean"))
LIST, SITE = {"type": "array", "items": TEXT}, {"type": "object", "properties": {"street": TEXT}}


def listed(*values: Any) -> dict[str, Any]:
    return {"enum": list(values)}


def needs(name: str, schema: Any) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: schema}}


NEVER: dict[str, tuple[Any, Any]] = {
    "an object into text": (SITE, TEXT),
    "a list into text": (LIST, TEXT),
    "text into an object": (TEXT, SITE),
    "text into a list": (TEXT, LIST),
    "a list into an object": (LIST, SITE),
    "an object into a whole number": (SITE, WHOLE),
    "a truth value into a whole number": (TRUTH, WHOLE),
    "text into a truth value": (TEXT, TRUTH),
    "a number into a truth value": (NUMBER, TRUTH),
    "none of the values that are taken": (listed("low", "high"), listed("1", "2")),
    "another constant": ({"const": "a"}, {"const": "b"}),
    "none of several kinds": ({"type": ["array", "object"]}, {"type": ["string", "number"]}),
    "nor of several schemas": ({"anyOf": [LIST, SITE]}, {"oneOf": [TEXT, WHOLE]}),
    "items of a list": ({"type": "array", "items": SITE}, {"type": "array", "items": TEXT}),
    "a member that must be there": (needs("id", SITE), needs("id", TEXT)),
    "a member that can't be there": ({**needs("a", TEXT), "additionalProperties": False}, needs("b", TEXT)),
    "behind an allOf": ({"allOf": [SITE, {"required": ["street"]}]}, TEXT),
    "nullable, and still a list": ({"type": "array", "nullable": True}, TEXT),
    "what lists properties is an object": ({"properties": {"a": TEXT}}, WHOLE),
    "nothing but null": ({"type": "null"}, TEXT),
}
COULD: dict[str, tuple[Any, Any]] = {
    "the same": (SITE, SITE),
    "a number into text": (NUMBER, TEXT),
    "a truth value into text": (TRUTH, TEXT),
    "text that may be a number": (TEXT, WHOLE),
    "a number that may be whole": (NUMBER, WHOLE),
    "a whole number is a number": (WHOLE, NUMBER),
    "one of several kinds": ({"type": ["array", "string"]}, TEXT),
    "one of several schemas": ({"anyOf": [LIST, TEXT]}, TEXT),
    "a shared value": (listed("low", "high"), listed("high", "urgent")),
    "a number among texts": (listed(1, 2), listed("1", "3")),
    "text of any kind into a listed value": (TEXT, listed("high", "low")),
    "anything": ({}, TEXT),
    "true": (True, TEXT),
    "into anything": (SITE, {}),
    "null into what takes null": ({"type": ["null", "array"]}, {"type": ["string", "null"]}),
    "nullable text": ({"type": "string", "nullable": True}, TEXT),
    "a member that may be there": (needs("a", TEXT), needs("b", TEXT)),
    "items of which nothing is said": ({"type": "array"}, LIST),
    "an optional member of another kind": (
        {"type": "object", "properties": {"a": SITE}},
        {"type": "object", "properties": {"a": TEXT}},
    ),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_can_never_fit_is_named(name: str) -> None:
    gives, takes = NEVER[name]
    wrong = misfit(Shape.of(gives), Shape.of(takes))
    assert wrong is not None
    assert wrong.takes


@pytest.mark.parametrize("name", COULD)
def test_what_could_fit_is_left_alone(name: str) -> None:
    gives, takes = COULD[name]
    assert misfit(Shape.of(gives), Shape.of(takes)) is None


def test_where_in_the_value_it_does_not_fit_is_said() -> None:
    gives = {"type": "array", "items": needs("site", SITE)}
    takes = {"type": "array", "items": needs("site", TEXT)}
    wrong = misfit(Shape.of(gives), Shape.of(takes))
    assert wrong is not None
    assert (wrong.at, sorted(wrong.gives), sorted(wrong.takes)) == ("[0].site", ["object"], ["string"])


def found(value: str, response: Any, takes: Any, location: Location = "body", **parts: Any) -> list[Fault]:
    """What is said of a step that takes `value` from one that answers as `response` says."""
    look = component("city.look", response_schema=response)
    properties = {"request_schema": {"type": "object", "properties": {"title": takes}}}
    file = component("city.file", http_method="POST", **(parts or properties))
    steps = (
        step("look", "city.look", then=["file"]),
        step("file", "city.file", given(location, "title", value)),
    )
    return [fault for fault in report(steps, look, file).errors if fault.code is FaultCode.FLOW_MISFIT]


ANSWER = {"type": "object", "properties": {"site": SITE, "ids": LIST, "id": WHOLE, "name": TEXT}}


@pytest.mark.parametrize(
    ("value", "takes", "gives"),
    [
        ("{{look.site}}", TEXT, ["object"]),
        ("{{look}}", TEXT, ["object"]),
        ("{{look.ids}}", WHOLE, ["array"]),
        ("Leak at {{look.site}}", TEXT, ["object"]),
        ("Leaks: {{look.ids}}", TEXT, ["array"]),
        ('{"street": "{{look.site}}"}', SITE, ["object"]),
        ('["{{look.ids}}"]', LIST, ["array"]),
        ("{{issue.text}}", WHOLE, ["string"]),
        ("{{issue.reporter}}", TRUTH, ["string"]),
        ("{{issue.channel}}", SITE, ["string"]),
        ("{{run.id}}", NUMBER, ["string"]),
        ("{{run.id}}", LIST, ["string"]),
    ],
)
def test_a_reference_that_brings_what_is_never_taken(value: str, takes: Any, gives: list[str]) -> None:
    [fault] = found(value, ANSWER, takes)
    assert (fault.step_id, fault.field) == ("file", "body.title")
    assert fault.detail["gives"] == gives
    assert fault.detail["takes"]


@pytest.mark.parametrize(
    ("value", "takes"),
    [
        ("{{look.id}}", TEXT),
        ("{{look.name}}", WHOLE),
        ("{{look.unheard_of[0]}}", TEXT),
        ("No. {{look.id}}", TEXT),
        ('{"street": "{{look.name}}"}', SITE),
        ("{{look.ids[0]}}", TEXT),
        ("{{look.site.street}}", TEXT),
        ("{{issue.text}}", TEXT),
        ("{{issue.text}}", {}),
        ("{{run.id}}", {"type": ["string", "integer"]}),
    ],
)
def test_a_reference_that_may_bring_it(value: str, takes: Any) -> None:
    assert found(value, ANSWER, takes) == []


@pytest.mark.parametrize(
    "response", [{}, True, {"type": "object"}, None, "text", {"$ref": "#"}, {"allOf": [True]}]
)
def test_an_answer_of_which_little_is_said_is_left_alone(response: Any) -> None:
    assert found("{{look.site}}", response, TEXT) == []


@pytest.mark.parametrize(("location", "part"), [("path", "path_params"), ("header", "headers")])
def test_a_path_and_a_header_have_room_for_one_text(location: Location, part: str) -> None:
    [fault] = found("{{look.ids}}", ANSWER, TEXT, location, **{part: {"title": {}}})
    assert fault.field == f"{location}.title"
    assert found("{{look.id}}", ANSWER, TEXT, location, **{part: {"title": {}}}) == []


def test_schemas_without_an_end_are_given_up() -> None:
    deep: dict[str, Any] = TEXT
    for _ in range(3 * MAX_NESTING):
        deep = {"type": "array", "items": deep}
    loop = {"type": "array", "items": {"$ref": "#"}}
    assert misfit(Shape.of(deep), Shape.of(loop)) is None
    assert misfit(Shape.of({"allOf": [{"$ref": "#"}]}), Shape.of(TEXT)) is None
    many = {"enum": [str(number) for number in range(800)]}
    assert misfit(Shape.of(many), Shape.of({"enum": ["900"]})) is not None


def test_five_hundred_steps_that_all_refer_to_each_other_are_judged_in_a_second() -> None:
    ids = [f"s{number}" for number in range(500)]
    text = " ".join(f"{{{{{each}.id}}}}" for each in ids[:60])
    takes = {"type": "object", "properties": {"title": TEXT}}
    file = component("city.file", request_schema=takes, response_schema=ANSWER)
    steps = tuple(step(each, "city.file", given("body", "title", text)) for each in ids)
    started = time.perf_counter()
    report(steps, file, max_steps=1_000)
    assert time.perf_counter() - started < 5
