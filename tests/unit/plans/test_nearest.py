"""A name that does not exist comes with those that may be meant."""

from __future__ import annotations

import time

import pytest

from services.plans.validation import FaultCode
from services.plans.validation.nearest import nearest_inputs, nearest_names, nearest_paths
from tests.support.builders import Location, body, component, given, only, report, step

FOUND = {"type": "object", "properties": {"id": {}, "crew_name": {}}}
ANSWER = {
    "type": "object",
    "properties": {
        "data": {"type": "object", "properties": {"results": {"type": "array", "items": FOUND}}},
        "status": {"type": "string"},
    },
}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("workorder.create", ["workorders.create"]),
        ("WORKORDERS.CREATE", ["workorders.create"]),
        ("create_workorders", []),
        ("sms", []),
        ("x" * 5_000, []),
    ],
)
def test_names(name: str, meant: list[str]) -> None:
    assert nearest_names(name, ["workorders.create", "roads.close", "sms.send"]) == meant


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (("id",), ["data.results[0].id"]),
        (("data", "results", "id"), ["data.results[0].id"]),
        (("results", 0, "crew"), ["data.results[0].crew_name"]),
        (("state",), ["status"]),
        (("nothing", "of", "the", "kind"), []),
        ((0,), []),
    ],
)
def test_paths(path: tuple[str | int, ...], meant: list[str]) -> None:
    assert nearest_paths(path, ANSWER)[:1] == meant


def test_paths_of_a_schema_without_an_end() -> None:
    loop = {"type": "object", "properties": {"id": {}, "next": {"$ref": "#"}}}
    assert nearest_paths(("ide",), loop)[0] == "id"
    assert nearest_paths(("id",), {"$ref": "#"}) == []


def test_the_validator_says_what_may_be_meant() -> None:
    look = component("city.look", response_schema=ANSWER)
    steps = (step("find_crew", "city.look", then=["tell"]), step("tell", "free", *body(x="{{find_crew.id}}")))
    fault = only(report(steps, look).errors)
    assert (fault.code, fault.detail["nearest"][0]) == (FaultCode.UNDECLARED_FIELD, "data.results[0].id")
    steps = (step("find_crew", "city.looks"), step("tell", "free", *body(x="{{find_crw.status}}")))
    faults = {fault.code: fault.detail["nearest"] for fault in report(steps, look).errors}
    assert faults == {
        FaultCode.UNKNOWN_COMPONENT: ["city.look"],
        FaultCode.UNKNOWN_STEP_REFERENCE: ["find_crew"],
    }


def test_a_plan_that_is_wrong_throughout_is_judged_in_time() -> None:
    steps = tuple(step(f"s{number}", f"no.such.{number}", then=[f"t{number}"]) for number in range(500))
    known = [component(f"city.component_{number}") for number in range(500)]
    started = time.perf_counter()
    report(steps, *known, max_steps=1_000)
    assert time.perf_counter() - started < 5


WORK = component(
    "city.work",
    path_params={"request_id": {"type": "string"}},
    query_params={"notify": {"type": "boolean"}},
    request_schema={
        "type": "object",
        "properties": {"crew_id": {}, "place": {"type": "object", "properties": {"lat": {}}}},
        "additionalProperties": False,
    },
)


@pytest.mark.parametrize(
    ("location", "name", "meant"),
    [
        ("body", "crewid", ["crew_id"]),
        ("body", "crew", ["crew_id"]),
        ("body", "lat", ["place.lat"]),
        ("body", "notify", ["query.notify"]),
        ("path", "requestid", ["request_id"]),
        ("path", "crew_id", ["body.crew_id"]),
        ("query", "crew_id", ["body.crew_id"]),
        ("body", "wholly_different", []),
    ],
)
def test_inputs(location: Location, name: str, meant: list[str]) -> None:
    assert nearest_inputs(location, name, WORK)[: max(1, len(meant))] == meant


def test_the_validator_says_which_input_may_be_meant() -> None:
    found = report((step("a", "city.work", given("path", "request_id", "x"), given("body", "crewid", "x")),), WORK)
    assert only(found.errors).detail["nearest"] == ["crew_id"]
