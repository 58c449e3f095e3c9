"""Conditions in words."""

from __future__ import annotations

from typing import Any

import pytest

from bot.views.plan.conditions import only_if, skipped
from services.plans.model import Condition

NUMBERS = {"find": 1, "ask": 2}


def condition(match: str, *tests: tuple[str, str, list[str]]) -> Condition:
    wire = [{"value": value, "is": operator, "to": to} for value, operator, to in tests]
    return Condition.model_validate({"match": match, "tests": wire})


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ([("{{find.results[0].request_id}}", "empty", [])], "Only if step 1 gives no request id."),
        ([("{{find.results}}", "present", [])], "Only if step 1 gives the results."),
        ([("{{issue.place}}", "present", [])], "Only if the report gives the place."),
        ([("{{find.total}}", "greater", ["3"])], "Only if the total from step 1 is above “3”."),
        ([("{{issue.urgency}}", "one_of", ["high", "emergency"])],
         "Only if the urgency of the report is “high” or “emergency”."),
        ([("{{find.status}}", "not_equals", ["{{ask.answer}}"])],
         "Only if the status from step 1 is not the answer from step 2."),
        ([("{{find[0]}}", "present", []), ("{{gone.x}}", "less", ["<@U1>"])],
         "Only if step 1 gives the result and the x from an earlier step is below “<@U1>”."),
    ],
)  # fmt: skip
def test_only_if(tests: list[tuple[str, str, list[str]]], told: str) -> None:
    assert only_if(condition("all", *tests), NUMBERS) == told


def test_any_and_none() -> None:
    tests = [("{{find.id}}", "present", []), ("{{ask.answer}}", "equals", ["yes"])]
    assert only_if(condition("any", *tests), NUMBERS).count(" or ") == 1
    assert only_if(None, NUMBERS) == ""


@pytest.mark.parametrize(
    ("tests", "waits_for", "told"),
    [
        ([{"value": "{{find.id}}", "is": "empty", "to": [], "found": "SR-1"}], [1],
         "Not needed: the id from step 1 is “SR-1”."),
        ([{"value": "{{find.id}}", "is": "present", "to": [], "found": None}], [1],
         "Not needed: step 1 gave no id."),
        ([], [3], "Not needed, because step 3 was skipped."),
        ([], [3, 4], "Not needed, because what it builds on was skipped."),
        ([{}], [1], "Not needed: something gave no “”."),
    ],
)  # fmt: skip
def test_skipped(tests: list[dict[str, Any]], waits_for: list[int], told: str) -> None:
    assert skipped(tests, NUMBERS, waits_for) == told
