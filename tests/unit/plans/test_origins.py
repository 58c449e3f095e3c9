"""Where values come from: each part of a text has its source, and a component's demand is kept in every place."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.components.builtins import BUILTINS
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import Step, StepInput
from services.plans.origins import Origin, Source, origins_of
from services.plans.validation import Fault, FaultCode, Report
from tests.support.builders import Location, component, given, report, step

PERSON, REGISTRY, MODEL = (Source(origin) for origin in (Origin.PERSON, Origin.REGISTRY, Origin.MODEL))
FOUND, ASKED = Source(Origin.COMPONENT, "find"), Source(Origin.PERSON, "ask")
COMPONENTS = {"find": "look", "ask": "slack.ask_person", "wait": "wait.until"}

ASK = step("ask", "slack.ask_person", *(given("body", "person", "reporter"), given("body", "kind", "text")))
ASK = ASK.model_copy(update={"inputs": (*ASK.inputs, given("body", "question", "Where?"))})
LOOK = component("look", http_method="GET")
FROM_PERSON = {"type": "string", "from": "person"}


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("{{issue.reporter}}", [PERSON]),
        ("{{issue.text}}", [PERSON]),
        ("{{run.id}}", [REGISTRY]),
        ("{{ask.answer}}", [ASKED]),
        ("{{ask.files[0].permalink}}", [ASKED]),
        ("{{find.id}}", [FOUND]),
        ("{{find}}", [FOUND]),
        ("{{wait.value}}", [Source(Origin.COMPONENT, "wait")]),
        ("{{gone.id}}", [Source(Origin.COMPONENT, "gone")]),
        ("{{find.id}} {{find.name}}", [FOUND]),
        ("{{find.id}}{{issue.place}}", [FOUND, PERSON]),
        ("Crew {{find.id}}", [MODEL, FOUND]),
        ("a text", [MODEL]),
        ("{{ find.id", [MODEL]),
        ("  ", []),
        ("", []),
    ],
)
def test_each_part_of_a_text_has_its_source(text: str, sources: list[Source]) -> None:
    assert list(origins_of(text, COMPONENTS)) == sources


def pays(schema: Any, **rest: Any) -> ComponentSpec:
    return component("pay", request_schema={"type": "object", "properties": {"to": schema}}, **rest)


def forbidden(said: Report) -> list[Fault]:
    return [fault for fault in said.errors if fault.code is FaultCode.FORBIDDEN_ORIGIN]


def judged(spec: ComponentSpec, *inputs: StepInput, gate: bool = False) -> list[Fault]:
    """What is said of where the inputs of a step come from, behind a look-up and a question."""
    paid = step("pay", spec.key, *inputs).model_copy(update={"requires_approval": gate})
    own = tuple(BUILTINS.values())
    return forbidden(report((step("find", "look"), ASK, paid), spec, LOOK, *own))


def origins(spec: ComponentSpec, text: str, *, name: str = "to", place: Location = "body") -> list[str] | None:
    """The origins that are refused of one input; None if it is taken."""
    faults = judged(spec, given(place, name, text))
    return [str(each) for each in faults[0].detail["origins"]] if faults else None


LISTED = {"type": "string", "enum": ["north", "south"], "default": "north"}
RULES: list[tuple[Any, str, list[str] | None]] = [
    ("person", "{{issue.reporter}}", None),
    ("person", "{{ask.answer}}", None),
    ("person", "{{ask.answer}}{{issue.place}}", None),
    ("person", "{{find.phone}}", ["component"]),
    ("person", "{{run.id}}", ["registry"]),
    ("person", "U0PRIYA001", ["model"]),
    ("person", "north", ["registry"]),
    ("person", "Dear {{issue.reporter}}", ["model", "person"]),
    ("person", "{{issue.reporter}}{{find.phone}}", ["person", "component"]),
    ("registry", "north", None),
    ("registry", "{{run.id}}", None),
    ("registry", "{{issue.place}}", ["person"]),
    ("registry", "{{find.area}}", ["component"]),
    ("registry", "north{{find.area}}", ["model", "component"]),
    (["person", "registry"], "north", None),
    (["person", "registry"], "{{issue.place}}", None),
    (["registry", "person"], "{{find.area}}", ["component"]),
    ([], "{{issue.place}}", ["person"]),
    ("people", "{{issue.place}}", ["person"]),
]


@pytest.mark.parametrize(("demand", "text", "refused"), RULES)
def test_an_input_takes_only_what_its_component_says(demand: Any, text: str, refused: list[str] | None) -> None:
    assert origins(pays({**LISTED, "from": demand}), text) == refused


@pytest.mark.parametrize(("demand", "text", "refused"), RULES)
@pytest.mark.parametrize(
    ("place", "part"), [("path", "path_params"), ("query", "query_params"), ("header", "headers")]
)
def test_so_it_is_in_every_place(
    demand: Any, text: str, refused: list[str] | None, place: Location, part: str
) -> None:
    spec = component("pay", **{part: {"to": {**LISTED, "from": demand, "required": True}}})
    assert origins(spec, text, place=place) == refused


def test_the_names_of_headers_are_taken_in_any_case() -> None:
    spec = component("pay", headers={"X-To": FROM_PERSON})
    assert origins(spec, "{{find.id}}", name="x-TO", place="header") == ["component"]


def test_an_input_without_a_demand_takes_anything() -> None:
    spec = component("pay", request_schema={"properties": {"to": FROM_PERSON, "from": {"type": "string"}}})
    assert judged(spec, given("body", "from", "{{find.id}}"), given("body", "other", "{{find.id}}")) == []


@pytest.mark.parametrize(("name", "text"), [("other.a.b", "x"), ("other", '{"a": {"b": "{{find.id}}"}}')])
def test_below_an_input_that_nobody_knows_nothing_is_demanded(name: str, text: str) -> None:
    spec = component("pay", request_schema={"properties": {"to": FROM_PERSON}})
    assert judged(spec, given("body", name, text)) == []


def test_a_fault_says_what_is_taken_instead() -> None:
    [fault] = judged(pays(FROM_PERSON), given("body", "to", "Crew {{find.id}}"))
    assert (fault.step_id, fault.field, fault.is_warning) == ("pay", "body.to", False)
    about = {"component": "pay", "in": "body", "name": "to"}
    assert fault.detail == {**about, "origins": ["model", "component"], "allowed": ["person"]}


PERSONS_ID = {"type": "object", "properties": {"id": FROM_PERSON, "note": {"type": "string"}}}
NESTED: list[tuple[Any, str, str, list[str] | None]] = [
    # What is demanded, the name and the text of the input, and what is refused of it.
    (PERSONS_ID, "to.id", "{{find.id}}", ["component"]),
    (PERSONS_ID, "to.id", "{{issue.reporter}}", None),
    (PERSONS_ID, "to.note", "{{find.id}}", None),
    (PERSONS_ID, "to", '{"id": "{{find.id}}"}', ["component"]),
    (PERSONS_ID, "to", '{"id": "{{issue.reporter}}", "note": "Hello {{find.name}}"}', None),
    (PERSONS_ID, "to", '{"id": 7}', ["model"]),
    (PERSONS_ID, "to", '{"id": null, "note": "x"}', None),
    (PERSONS_ID, "to", "{{find.person}}", ["component"]),
    ({"type": "array", "items": FROM_PERSON}, "to", '["{{issue.reporter}}", "{{find.id}}"]', ["component"]),
    ({"type": "array", "items": FROM_PERSON}, "to", '["{{issue.reporter}}", "{{ask.answer}}"]', None),
    ({"type": "array", "items": FROM_PERSON}, "to", "[]", None),
    ({"type": "array", "items": PERSONS_ID}, "to", "{{find.people}}", ["component"]),
    ({**PERSONS_ID, "from": "person"}, "to.note", "Hello", ["model"]),
    ({**PERSONS_ID, "from": "person"}, "to.other", "Hello", ["model"]),
    ({**PERSONS_ID, "from": "person"}, "to", '{"id": "{{issue.reporter}}"}', None),
    ({"type": "object", "from": "person"}, "to", '{"{{find.id}}": "{{issue.text}}"}', ["component"]),
    ({"type": "object", "from": "person"}, "to", '{"+15550100": "{{issue.text}}"}', ["model"]),
    ({"additionalProperties": FROM_PERSON}, "to", '{"x": "{{find.id}}"}', ["component"]),
    ({"$ref": "#/$defs/person"}, "to", "{{find.id}}", ["component"]),
    ({"allOf": [{"type": "string"}, {"from": "person"}]}, "to", "{{find.id}}", ["component"]),
    ({"anyOf": [{"type": "integer"}, FROM_PERSON]}, "to", "{{find.id}}", ["component"]),
    ({"allOf": [FROM_PERSON, {"from": "registry"}]}, "to", "{{issue.text}}", ["person"]),
    ({"allOf": [FROM_PERSON, {"from": "registry"}]}, "to", "{{run.id}}", ["registry"]),
    ({"enum": [1, 2], "from": "registry"}, "to", "2", None),
    ({"type": "integer", "enum": [1, 2], "from": "registry"}, "to", "3", ["model"]),
    ({"type": "boolean", "const": True, "from": "registry"}, "to", "true", None),
    ({"enum": [1], "type": "integer", "from": "registry"}, "to", "true", ["model"]),
    ({"enum": ["{{find.id}}"], "from": "registry"}, "to", "{{find.id}}", ["component"]),
    ({"default": {"a": ["b"]}, "type": "object", "from": "registry"}, "to", '{"a": ["b"]}', None),
    ({"type": "object", "from": "person"}, "to", "not JSON {{find.id}}", ["model", "component"]),
]


@pytest.mark.parametrize(("schema", "name", "text", "refused"), NESTED)
def test_a_demand_holds_at_any_depth(schema: Any, name: str, text: str, refused: list[str] | None) -> None:
    whole = {"type": "object", "properties": {"to": schema}, "$defs": {"person": FROM_PERSON}}
    assert origins(component("pay", request_schema=whole), text, name=name) == refused


def test_a_demand_of_the_whole_payload_is_one_of_each_input() -> None:
    spec = component("pay", request_schema={"type": "object", "from": "person"})
    assert origins(spec, "{{find.id}}") == ["component"]


def test_a_member_may_have_dots_in_its_name() -> None:
    spec = component("pay", request_schema={"properties": {"to.id": FROM_PERSON, "to": {"type": "object"}}})
    assert origins(spec, "{{find.id}}", name="to.id") == ["component"]
    assert origins(spec, "{{find.id}}", name="to.name") is None


def test_variables_are_payload_too() -> None:
    assert origins(pays(FROM_PERSON, type="GRAPHQL"), "{{find.id}}", place="variable") == ["component"]


@pytest.mark.parametrize("gate", ["of the step", "of the component"])
def test_at_a_gate_a_person_sees_the_value(gate: str) -> None:
    approval = ApprovalPolicy.STEP if gate == "of the component" else ApprovalPolicy.PLAN

    def refused(demand: Any, text: str) -> bool:
        spec = pays({**LISTED, "from": demand}, approval=approval)
        return bool(judged(spec, given("body", "to", text), gate=gate == "of the step"))

    for text in ("{{find.id}}", "U0PRIYA001", "north"):
        assert not refused("person", text)
        assert not refused(["registry", "person"], text)
    assert refused("registry", "{{find.id}}")
    assert refused("registry", "{{issue.place}}")


@pytest.mark.parametrize("text", ["{{find.id}}", "north"])
@pytest.mark.parametrize("whole", [False, True])
def test_what_a_wait_sends_is_looked_at(text: str, whole: bool) -> None:
    polled = component("poll", http_method="GET", query_params={"who": FROM_PERSON}, response_schema={})
    inputs = {"component": "poll", "field": "status"} | ({} if whole else {"query.who": text})
    if whole:
        inputs["query"] = f'{{"who": "{text}"}}'
    wait = step("wait", "wait.until", *(given("body", name, value) for name, value in inputs.items()))
    [fault] = forbidden(report((step("find", "look"), wait), polled, LOOK, *BUILTINS.values()))
    assert (fault.field, fault.detail["component"], fault.detail["name"]) == (
        "body.query.who",
        "poll",
        "query.who",
    )
    agreed = wait.model_copy(update={"requires_approval": True})
    assert not forbidden(report((step("find", "look"), agreed), polled, LOOK, *BUILTINS.values()))


def test_of_a_step_id_that_is_there_twice_nobody_knows_who_answers() -> None:
    twice: tuple[Step, ...] = (ASK, step("ask", "look"), step("pay", "pay", given("body", "to", "{{ask.answer}}")))
    assert forbidden(report(twice, pays(FROM_PERSON), LOOK, *BUILTINS.values()))


@pytest.mark.parametrize(
    "schema", [True, None, [], {"from": "person", "$ref": "#"}, {"properties": {"to": {"$ref": "#", "from": 1}}}]
)
def test_no_schema_is_too_odd(schema: Any) -> None:
    for text in ("{{find.id}}", '{"to": {"to": "{{find.id}}"}}', "x"):
        judged(component("pay", request_schema=schema, query_params=schema), given("body", "to", text))


def test_ten_thousand_steps_with_demands_are_judged() -> None:
    fields = {f"f{n}": {"type": "string", "description": "x" * 40} for n in range(40)}
    spec = component("pay", request_schema={"type": "object", "properties": {**fields, "to": FROM_PERSON}})
    steps = tuple(step(f"s{n}", "pay", given("body", "to", "{{issue.reporter}}")) for n in range(10_000))
    began = time.perf_counter()
    assert not forbidden(report(steps, spec, max_steps=10_000))
    assert time.perf_counter() - began < 15
