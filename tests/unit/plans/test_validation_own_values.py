"""What a plan need not give, since its component has it; and what no plan can give, since it can't be kept."""

from __future__ import annotations

from typing import Any

import pytest

from services.plans.model import StepInput
from services.plans.validation import FaultCode, Report
from tests.support.builders import component, given, only, report, step


def sending(schema: Any, *inputs: StepInput) -> Report:
    """What is said of a step that sends this."""
    return report((step("ask"), step("send", "one", *inputs)), component("one", request_schema=schema))


@pytest.mark.parametrize("own", [{"const": "north"}, {"default": "north"}])
def test_a_path_that_the_component_completes_itself(own: dict[str, Any]) -> None:
    spec = component("one", path_params={"area": {"type": "string", "required": True, **own}})
    assert report((step("ask"), step("send", "one")), spec).ok


@pytest.mark.parametrize("own", [{"const": "order"}, {"default": "order"}])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_body_that_the_component_completes_itself(own: dict[str, Any], depth: int) -> None:
    schema: dict[str, Any] = {"type": "object", "required": ["kind"], "properties": {"kind": own}}
    for _ in range(depth):
        schema = {"type": "object", "required": ["inner"], "properties": {"inner": schema}}
    assert sending(schema).ok


def test_of_an_object_with_a_constant_what_is_missing_is_named_itself() -> None:
    place = {"type": "object", "required": ["crs", "lat"], "properties": {"crs": {"const": 4326}, "lat": {}}}
    said = sending({"type": "object", "required": ["place"], "properties": {"place": place}})
    assert (only(said.errors).code, only(said.errors).field) == (FaultCode.MISSING_INPUT, "body.place.lat")


def test_a_default_that_does_not_fit_is_not_the_plan_s_fault() -> None:
    assert sending({"required": ["n"], "properties": {"n": {"type": "integer", "default": "one"}}}).ok
    assert sending({"properties": {"n": {"type": "integer", "const": "one"}}}).ok


@pytest.mark.parametrize("text", [r'["caf\ud83d"]', r'["x\u0000y"]', r'[{"\u0000": 1}]'])
def test_json_of_what_no_database_keeps(text: str) -> None:
    said = only(
        sending({"type": "object", "properties": {"x": {"type": "array"}}}, given("body", "x", text)).errors
    )
    assert (said.code, said.field) == (FaultCode.INVALID_LITERAL, "body.x")
    assert said.detail["keyword"] == "bad_character"


def test_a_whole_pair_is_a_character_like_any_other() -> None:
    assert sending({"properties": {"x": {"type": "array"}}}, given("body", "x", r'["\ud83d\ude00"]')).ok
