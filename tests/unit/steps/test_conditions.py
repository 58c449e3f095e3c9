"""Whether a condition holds, by the values that it asks of."""

from __future__ import annotations

from typing import Any

import pytest

from services.connectors.errors import ConditionUndecided
from services.plans.model import Condition
from services.steps.conditions import failed_tests
from services.steps.resolving import Values

OUTPUT: dict[str, Any] = {
    "none": None,
    "blank": "",
    "no_items": [],
    "nothing": {},
    "zero": 0,
    "no": False,
    "yes": True,
    "number": 7,
    "digits": "7",
    "half": 0.5,
    "word": "Open",
    "day": "2026-11-25",
    "moment": "2026-11-25T08:00:00+02:00",
    "items": [{"id": "SR-1"}],
}
VALUES = Values(outputs={"find": OUTPUT}, issue_text="A leak", issue_urgency="high")


def condition(*tests: tuple[str, str, list[str]], match: str = "all") -> Condition:
    wire = [{"value": f"{{{{{name}}}}}", "is": operator, "to": to} for name, operator, to in tests]
    return Condition.model_validate({"match": match, "tests": wire})


def holds(name: str, operator: str, *to: str) -> bool:
    return failed_tests(condition((name, operator, list(to))), VALUES) is None


@pytest.mark.parametrize("name", ["none", "blank", "no_items", "nothing", "missing", "items[1].id", "word.deeper"])
def test_what_is_empty(name: str) -> None:
    assert holds(f"find.{name}", "empty")
    assert not holds(f"find.{name}", "present")
    assert not holds(f"find.{name}", "greater", "0")
    assert not holds(f"find.{name}", "less", "9")


@pytest.mark.parametrize("name", ["zero", "no", "yes", "number", "word", "items", "items[0].id"])
def test_what_is_there(name: str) -> None:
    assert holds(f"find.{name}", "present")
    assert not holds(f"find.{name}", "empty")


@pytest.mark.parametrize(
    ("name", "other", "is_equal"),
    [
        ("find.word", "open", True),
        ("find.word", " OPEN ", True),
        ("find.word", "closed", False),
        ("find.number", "7.0", True),
        ("find.number", "{{find.digits}}", True),
        ("find.number", "8", False),
        ("find.digits", "07", False),
        ("find.yes", "true", True),
        ("find.yes", "True", True),
        ("find.yes", "1", False),
        ("find.missing", "", False),
        ("find.missing", "{{find.none}}", False),
        ("issue.urgency", "high", True),
    ],
)
def test_what_is_equal(name: str, other: str, is_equal: bool) -> None:
    assert holds(name, "equals", other) is is_equal
    assert holds(name, "not_equals", other) is not is_equal
    assert holds(name, "one_of", "something else", other) is is_equal


@pytest.mark.parametrize(
    ("name", "operator", "other"),
    [
        ("number", "greater", "6"),
        ("number", "less", "7.5"),
        ("digits", "greater", "6"),
        ("half", "less", "1"),
        ("day", "less", "2026-12-01"),
        ("day", "greater", "2026-11-24T23:59:59Z"),
        ("moment", "less", "2026-11-25T06:00:01Z"),
        ("moment", "greater", "2026-11-25T05:59:59Z"),
    ],
)
def test_what_is_greater(name: str, operator: str, other: str) -> None:
    opposite = "less" if operator == "greater" else "greater"
    assert holds(f"find.{name}", operator, other)
    assert not holds(f"find.{name}", opposite, other)


@pytest.mark.parametrize(("name", "other"), [("word", "3"), ("number", "open"), ("items", "1"), ("yes", "0")])
def test_what_has_no_order(name: str, other: str) -> None:
    with pytest.raises(ConditionUndecided) as caught:
        holds(f"find.{name}", "greater", other)
    assert caught.value.to_dict()["code"] == "condition_undecided"


def test_all_and_any() -> None:
    good, bad = ("find.number", "equals", ["7"]), ("find.word", "equals", ["closed"])
    assert failed_tests(condition(good, bad, match="any"), VALUES) is None
    failed: Any = {"value": "{{find.word}}", "is": "equals", "to": ["closed"], "found": "Open"}
    assert failed_tests(condition(good, bad), VALUES) == [failed]
    assert failed_tests(condition(bad, bad, match="any"), VALUES) == [failed, failed]
