"""Conditions in a plan: how they are written, what is wrong with them, and what they let be taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from services.plans.model import Plan, Step, dependencies
from services.plans.validation import FaultCode, Report
from tests.support.builders import component, only, report

FOUND = {
    "type": "object",
    "required": ["total", "results", "sure"],
    "properties": {
        "total": {"type": "integer"},
        "status": {"type": "string", "enum": ["open", "closed"]},
        "urgent": {"type": "boolean"},
        "since": {"type": "string", "format": "date"},
        "note": {"type": "string"},
        "site": {"type": "object"},
        "results": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        "sure": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    },
}
FIND = component("city.find", category="lookup", http_method="GET", response_schema=FOUND)


def test(value: str, operator: str, *to: str) -> dict[str, Any]:
    return {"value": value, "is": operator, "to": list(to)}


test.__test__ = False  # type: ignore[attr-defined]


def judged(*steps: Mapping[str, Any]) -> Report:
    """What is said of these steps after a look-up called `find`."""
    look: Mapping[str, Any] = {"step_id": "find", "component_id": "city.find"}
    each = {"component_id": "free", "description": "Do it"}
    wire = [look, *({**each, **given} for given in steps)]
    return report(Plan.model_validate({"workflow_name": "Fix", "steps": wire}), FIND)


def asking(*tests: Mapping[str, Any], match: str = "all") -> Report:
    return judged({"step_id": "act", "when": {"match": match, "tests": list(tests)}})


@pytest.mark.parametrize(
    "tests",
    [
        [test("{{find.results[0].id}}", "empty")],
        [test("{{find.results[0].id}}", "present"), test("{{find.total}}", "greater", "0")],
        [test("{{find.total}}", "equals", "3")],
        [test("{{find.total}}", "less", "{{find.total}}")],
        [test("{{find.status}}", "one_of", "open", "closed")],
        [test("{{find.status}}", "equals", "OPEN")],
        [test("{{find.urgent}}", "equals", "true")],
        [test("{{find.since}}", "less", "2026-11-25")],
        [test("{{find.site}}", "present")],
        [test("{{issue.text}}", "not_equals", "help")],
        [test("{{find.note}}", "equals", "{{issue.text}}")],
    ],
)
def test_what_can_be_asked(tests: Sequence[Mapping[str, Any]]) -> None:
    assert asking(*tests) == Report()


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (test("3", "equals", "3"), "no_reference"),
        (test("id {{find.note}}", "present"), "no_reference"),
        (test("{{find.note}}", "equals"), "no_value"),
        (test("{{find.note}}", "one_of"), "no_value"),
        (test("{{find.note}}", "present", "x"), "too_many_values"),
        (test("{{find.note}}", "equals", "x", "y"), "too_many_values"),
        (test("{{find.site}}", "equals", "x"), "not_comparable"),
        (test("{{find.results}}", "greater", "0"), "not_comparable"),
        (test("{{find.total}}", "greater", "many"), "not_comparable"),
        (test("{{find.urgent}}", "greater", "1"), "not_comparable"),
        (test("{{find.status}}", "equals", "done"), "never"),
        (test("{{find.status}}", "one_of", "done", "over"), "never"),
        (test("{{find.total}}", "equals", "many"), "never"),
        (test("{{find.urgent}}", "equals", "perhaps"), "never"),
    ],
)
def test_what_can_not(asked: Mapping[str, Any], reason: str) -> None:
    found = only(asking(asked).errors)
    assert (found.code, found.step_id, found.field) == (FaultCode.INVALID_CONDITION, "act", "when")
    assert found.detail == {"reason": reason, "value": asked["value"], "is": asked["is"], "to": asked["to"]}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("{{find.results[0].id", FaultCode.MALFORMED_REFERENCE),
        ("{{nobody.id}}", FaultCode.UNKNOWN_STEP_REFERENCE),
        ("{{find.nothing}}", FaultCode.UNDECLARED_FIELD),
        ("{{act.id}}", FaultCode.SELF_REFERENCE),
        ("{{issue.place}}", FaultCode.UNDECLARED_FIELD),
    ],
)
def test_its_references_are_judged_as_any(value: str, code: FaultCode) -> None:
    known = report(
        Plan.model_validate(
            {
                "workflow_name": "Fix",
                "steps": [
                    {"step_id": "find", "component_id": "city.find"},
                    {"step_id": "act", "component_id": "free", "when": {"tests": [test(value, "present")]}},
                ],
            }
        ),
        FIND,
        not_said=["place"],
    )
    assert [(found.code, found.field) for found in known.errors] == [(code, "when")]


def test_a_step_waits_for_what_its_condition_asks_about() -> None:
    steps = [
        {"step_id": "act", "component_id": "free", "when": [test("{{find.total}}", "equals", "{{sum.total}}")]},
        {"step_id": "find", "component_id": "city.find"},
        {"step_id": "sum", "component_id": "city.find"},
    ]
    plan = Plan.model_validate({"workflow_name": "Fix", "steps": steps})
    assert dependencies(plan)["act"] == ("find", "sum")


@pytest.mark.parametrize("written", [None, {}, [], {"match": "any", "tests": []}])
def test_a_condition_without_tests_is_none(written: object) -> None:
    step = Step.model_validate({"step_id": "a", "component_id": "b", "when": written})
    assert step.when is None
    assert not {"when", "needs"} & step.model_dump(mode="json", by_alias=True).keys()


def test_a_condition_is_kept_as_it_was_written() -> None:
    wire = {"match": "any", "tests": [test("{{find.total}}", "equals", "3")]}
    step = Step.model_validate({"step_id": "a", "component_id": "b", "when": wire, "needs": "any"})
    kept = step.model_dump(mode="json", by_alias=True)
    assert (kept["when"], kept["needs"]) == (wire, "any")
    assert Step.model_validate(kept) == step


def giving(name: str, value: str) -> list[dict[str, str]]:
    return [{"in": "body", "name": name, "value": value}]


EMPTY, PRESENT = test("{{find.results[0].id}}", "empty"), test("{{find.results[0].id}}", "present")
TAKES_FIRST = giving("id", "{{find.results[0].id}}")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{{find.results[0].id}}", "list"),
        ("see {{find.results[0].id}}", "list"),
        ("{{find.sure[1]}}", "list"),
        ("{{find.note}}", "optional"),
    ],
)
def test_what_may_not_be_there_is_asked_for_first(value: str, reason: str) -> None:
    found = only(judged({"step_id": "act", "inputs": giving("id", value)}).warnings)
    assert (found.code, found.step_id, found.field) == (FaultCode.UNGUARDED_REFERENCE, "act", "body.id")
    assert (found.detail["source"], found.detail["reason"]) == ("find", reason)


@pytest.mark.parametrize("value", ["{{find.total}}", "{{find.results}}", "{{find.sure[0]}}", "{{find}}"])
def test_what_is_always_there_needs_no_question(value: str) -> None:
    assert judged({"step_id": "act", "inputs": giving("id", value)}).warnings == ()


def test_who_has_asked_may_take() -> None:
    act = {"step_id": "act", "inputs": TAKES_FIRST, "when": [PRESENT], "next": ["after"]}
    after = {"step_id": "after", "inputs": TAKES_FIRST}
    assert judged(act, after).warnings == ()


def test_who_comes_after_any_of_several_has_not_asked() -> None:
    act = {"step_id": "act", "inputs": TAKES_FIRST, "when": [PRESENT], "next": ["after"]}
    other = {"step_id": "other", "when": [test("{{issue.text}}", "present")], "next": ["after"]}
    after = {"step_id": "after", "needs": "any", "inputs": [*TAKES_FIRST, *giving("other", "{{act.id}}")]}
    warned = [(found.detail["source"], found.detail["reason"]) for found in judged(act, other, after).warnings]
    assert warned == [("find", "list"), ("act", "skipped")]
