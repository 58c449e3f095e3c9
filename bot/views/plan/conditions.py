"""Conditions in words: when a step is carried out at all, and why one was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.views.kit.text import clip, join, one_line
from bot.views.plan.values import field_words
from services.plans.model import Comparison, Condition, Operator
from services.plans.references import RESERVED, Reference, parse

_VALUE = 60
_MOST = 3


def only_if(condition: Condition | None, numbers: Mapping[str, int]) -> str:
    """The condition of a step as a sentence: "Only if step 1 gave no request id."; empty where it has none."""
    if condition is None:
        return ""
    tests = [_test(comparison, numbers) for comparison in condition.tests]
    return f"Only if {join(tests, last='and' if condition.match == 'all' else 'or')}."


def skipped(tests: Sequence[Mapping[str, Any]], numbers: Mapping[str, int], waits_for: Sequence[int]) -> str:
    """Why the plan itself skipped a step; `waits_for` are the numbers of the steps before it."""
    if tests:
        return f"Not needed: {join([_found(test, numbers) for test in tests[:_MOST]])}."
    if len(waits_for) == 1:
        return f"Not needed, because step {waits_for[0]:,} was skipped."
    return "Not needed, because what it builds on was skipped."


def _test(comparison: Comparison, numbers: Mapping[str, int]) -> str:
    who, what, from_whom = _subject(comparison.value, numbers)
    others = join([_other(text, numbers) for text in comparison.to], last="or")
    match comparison.operator:
        case Operator.PRESENT:
            return f"{who} gives {_the(what)}"
        case Operator.EMPTY:
            return f"{who} gives no {what}"
        case Operator.EQUALS | Operator.ONE_OF:
            return f"{_the(what)} {from_whom} is {others}"
        case Operator.NOT_EQUALS:
            return f"{_the(what)} {from_whom} is not {others}"
        case Operator.GREATER:
            return f"{_the(what)} {from_whom} is above {others}"
        case Operator.LESS:
            return f"{_the(what)} {from_whom} is below {others}"


def _found(test: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    """What was found in place of what was asked for. A row may be older or newer than this code."""
    who, what, from_whom = _subject(str(test.get("value", "")), numbers)
    found = test.get("found")
    if found is None or found == "":
        return f"{who} gave no {what}"
    return f"{_the(what)} {from_whom} is {_quoted(str(found))}"


def _subject(reference: str, numbers: Mapping[str, int]) -> tuple[str, str, str]:
    """Who gives a value, what it is called, and where it is from: "step 1", "request id", "from step 1"."""
    found = parse(reference)[:1]
    if not found or not isinstance(found[0], Reference):
        return "something", _quoted(reference), "of the plan"
    source = found[0].source
    if source in RESERVED:
        whose = "the report" if source == "issue" else "the run"
        return whose, field_words(found[0]), f"of {whose}"
    whose = f"step {numbers[source]:,}" if source in numbers else "an earlier step"
    return whose, field_words(found[0]), f"from {whose}"


def _the(what: str) -> str:
    return f"the {what}"


def _other(text: str, numbers: Mapping[str, int]) -> str:
    parts = parse(text)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        _, what, from_whom = _subject(text, numbers)
        return f"{_the(what)} {from_whom}"
    return _quoted(text)


def _quoted(text: str) -> str:
    return f"“{clip(one_line(text), _VALUE)}”"
