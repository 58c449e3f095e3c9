"""Conditions in words: when a step is carried out at all, and why one was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.languages import _
from bot.views.kit.text import clip, in_quotes, join, one_line
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
    return _("Only if {conditions}.", conditions=join(tests, last="and" if condition.match == "all" else "or"))


def skipped(tests: Sequence[Mapping[str, Any]], numbers: Mapping[str, int], waits_for: Sequence[int]) -> str:
    """Why the plan itself skipped a step; `waits_for` are the numbers of the steps before it."""
    if tests:
        return _("Not needed: {reasons}.", reasons=join([_found(test, numbers) for test in tests[:_MOST]]))
    if len(waits_for) == 1:
        return _("Not needed, because step {number} was skipped.", number=waits_for[0])
    return _("Not needed, because what it builds on was skipped.")


def _test(comparison: Comparison, numbers: Mapping[str, int]) -> str:
    source, field = _subject(comparison.value, numbers)
    value = _value(comparison.value, numbers)
    others = join([_other(text, numbers) for text in comparison.to], last="or")
    match comparison.operator:
        case Operator.PRESENT:
            return _("{source} gives the {field}", source=source, field=field)
        case Operator.EMPTY:
            return _("{source} gives no {field}", source=source, field=field)
        case Operator.EQUALS | Operator.ONE_OF:
            return _("{value} is {others}", value=value, others=others)
        case Operator.NOT_EQUALS:
            return _("{value} is not {others}", value=value, others=others)
        case Operator.GREATER:
            return _("{value} is above {others}", value=value, others=others)
        case Operator.LESS:
            return _("{value} is below {others}", value=value, others=others)


def _found(test: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    """What was found in place of what was asked for. A row may be older or newer than this code."""
    reference, found = str(test.get("value", "")), test.get("found")
    if found is None or found == "":
        source, field = _subject(reference, numbers)
        return _("{source} gave no {field}", source=source, field=field)
    return _("{value} is {others}", value=_value(reference, numbers), others=_quoted(str(found)))


def _subject(reference: str, numbers: Mapping[str, int]) -> tuple[str, str]:
    """Who gives a value, and what it is called: "step 1", "request id"."""
    found = parse(reference)[:1]
    if not found or not isinstance(found[0], Reference):
        return _("something"), _quoted(reference)
    field, source = field_words(found[0]), found[0].source
    if source in RESERVED:
        return _("the report") if source == "issue" else _("the run"), field
    return _("step {number}", number=numbers[source]) if source in numbers else _("an earlier step"), field


def _value(reference: str, numbers: Mapping[str, int]) -> str:
    """A value and where it is from: "the request id from step 1"."""
    source, field = _subject(reference, numbers)
    found = parse(reference)[:1]
    if not found or not isinstance(found[0], Reference):
        return _("the {field} of the plan", field=field)
    if found[0].source == "issue":
        return _("the {field} of the report", field=field)
    if found[0].source in RESERVED:
        return _("the {field} of the run", field=field)
    return _("the {field} from {source}", field=field, source=source)


def _other(text: str, numbers: Mapping[str, int]) -> str:
    parts = parse(text)
    return _value(text, numbers) if len(parts) == 1 and isinstance(parts[0], Reference) else _quoted(text)


def _quoted(text: str) -> str:
    return in_quotes(clip(one_line(text), _VALUE))
