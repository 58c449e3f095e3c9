"""What a town's components ask for, and what is sent when a plan says it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from services.components.builtins import BUILTINS
from services.components.definitions import ComponentDefinition
from services.components.specs import ComponentSpec
from services.connectors import prepare
from services.connectors.requests import InputValues, encode_body
from services.open311.model import Attribute, Service, Source, Town
from services.open311.pack import pack_of
from services.plans.model import Plan
from services.plans.validation import FaultCode, validate

ATTRIBUTES = (
    Attribute("INTRO", "text", "In an emergency call 112.", variable=False),
    Attribute("lamp.no", "string", "Number of the lamp?", required=True),
    Attribute("count", "number", "How many?"),
    Attribute("since", "datetime", "Since when?"),
    Attribute(
        "fault", "singlevaluelist", "What is wrong?", required=True, values={"1": "It is out", "2": "Other"}
    ),
    Attribute("also", "multivaluelist", "What else?", values={"a": "Glass", "b": "Pole"}),
)
TOWN = Town(
    base_url="https://311.example/v2",
    format="xml",
    changeset="1",
    services=(
        Service("LAMP 1", "Street light", kind="batch", has_definition=True),
        Service("P1", "Pothole"),
        Service("X", "Tell the mayor", kind="blackbox"),
    ),
    attributes={"LAMP 1": ATTRIBUTES},
)
SOURCE = Source(TOWN.base_url, name="Xmlton", prefix="x", jurisdiction="x & y", api_key="env:KEY")
LAMP = {"description": "It is dark", "address_string": "5th and Main", "attribute[lamp.no]": "7"}


def components(source: Source = SOURCE) -> dict[str, ComponentDefinition]:
    return {each.key: each for each in pack_of(TOWN, source).definitions}


def faults(key: str, inputs: dict[str, str], source: Source = SOURCE) -> set[tuple[FaultCode, str | None]]:
    definition = components(source)[key]
    names = ("key", "name", "description", "http_method", "request_schema", "response_schema", "approval")
    spec = ComponentSpec(**{name: getattr(definition, name) for name in names})
    given = [{"in": "body", "name": name, "value": value} for name, value in inputs.items()]
    told = [
        {"in": "body", "name": name, "value": value} for name, value in (("to", "reporter"), ("message", "Done"))
    ]
    tell = {"step_id": "tell", "component_id": "slack.notify", "inputs": told}
    step = {"step_id": "file", "component_id": key, "inputs": given, "next": ["tell"]}
    plan = Plan.model_validate({"workflow_name": "W", "steps": [step, tell]})
    return {(fault.code, fault.field) for fault in validate(plan, {**BUILTINS, key: spec}).errors}


def sent(key: str, body: dict[str, Any], source: Source = SOURCE) -> list[tuple[str, str]]:
    request = prepare(components(source)[key], InputValues(body=body))
    data, content_type = encode_body(request.body, request.body_format)
    assert content_type == "application/x-www-form-urlencoded"
    return parse_qsl((data or b"").decode())


def test_what_a_service_asks_is_asked_of_the_plan() -> None:
    good = {**LAMP, "attribute[fault]": "1"}
    assert faults("x.create_lamp_1", good) == set()
    more = {"attribute[count]": "2", "attribute[also][]": '["a", "b"]'}
    assert faults("x.create_lamp_1", {**good, **more}) == set()
    assert faults("x.create_lamp_1", LAMP) != set()
    for name, value in (("fault", "3"), ("also", "c"), ("count", "many")):
        field = "attribute[also][]" if name == "also" else f"attribute[{name}]"
        assert faults("x.create_lamp_1", {**good, field: f'["{value}"]' if name == "also" else value}) != set()


def test_a_request_says_where_it_is() -> None:
    hole = {"service_code": "P1", "description": "A hole"}
    there = {**hole, "lat": "37.7", "long": "-122.4"}
    assert faults("x.create_request", hole) != set()
    assert faults("x.create_request", {**hole, "lat": "37.7"}) != set()
    assert faults("x.create_request", there) == set()
    assert faults("x.create_request", {**there, "lat": "137.7"}) != set()
    assert faults("x.create_request", {**there, "service_code": "LAMP 1"}) != set()
    demanding = Source(TOWN.base_url, prefix="x", needs=("lat", "long", "address_string"))
    assert faults("x.create_request", there, demanding) != set()
    assert faults("x.create_request", {**there, "address_string": "a"}, demanding) == set()


def test_nobody_s_address_is_made_up() -> None:
    hole = {"service_code": "P1", "description": "A hole", "address_string": "a", "email": "mayor@x.example"}
    assert {code for code, _ in faults("x.create_request", hole)} == {FaultCode.FORBIDDEN_ORIGIN}


def test_what_is_sent_is_the_standard_s_form() -> None:
    body = {**LAMP, "attribute[fault]": "1", "attribute[also][]": ["a", "b"], "lat": 37.5, "service_code": "P1"}
    assert sorted(sent("x.create_lamp_1", body)) == [
        ("address_string", "5th and Main"),
        ("attribute[also][]", "a"),
        ("attribute[also][]", "b"),
        ("attribute[fault]", "1"),
        ("attribute[lamp.no]", "7"),
        ("description", "It is dark"),
        ("jurisdiction_id", "x & y"),
        ("lat", "37.5"),
        ("service_code", "LAMP 1"),
    ]


def test_what_is_read_is_asked_of_the_right_jurisdiction() -> None:
    made = components()
    request = prepare(made["x.get_request"], InputValues(path={"service_request_id": "a/b"}))
    assert (request.url, request.fixed_query) == (
        "https://311.example/v2/requests/a%2Fb.xml",
        (("jurisdiction_id", "x & y"),),
    )
    near = prepare(
        made["x.find_possible_duplicates"], InputValues(query={"service_code": "P1", "lat": 1, "long": 2})
    )
    assert dict(near.query) == {"service_code": "P1", "lat": "1", "long": "2", "radius": "150", "status": "open"}
    assert near.response_format == "georeport"


def test_plans_are_told_what_an_answer_holds() -> None:
    made = components()
    lamp, several = made["x.create_lamp_1"], made["x.create_request"]
    assert "In an emergency call 112." in lamp.description
    assert "a list of one with a token" in lamp.description
    assert "where that is empty there is a token" in several.description
    assert all(len(each.description) <= 1_000 for each in made.values())
    dates = components(Source(TOWN.base_url, prefix="x", zoneless=True))["x.search_requests"].query_params
    assert "without a time zone" in dates["start_date"]["description"]


@pytest.mark.parametrize("code", ["request", "Request", "re quest"])
def test_no_key_is_given_twice(code: str) -> None:
    services = tuple(Service(each, each, has_definition=True) for each in (code, "a b", "A-B", "a_b"))
    asked = {each.code: (Attribute("q", "string", "?", required=True),) for each in services}
    town = Town("https://311.example/v2", "json", "", (*services, Service("plain", "Plain")), asked)
    keys = [each.key for each in pack_of(town, SOURCE).definitions]
    assert len(keys) == len({*keys})
    assert [key for key in keys if "create_a_b" in key] == ["x.create_a_b", "x.create_a_b_2", "x.create_a_b_3"]
