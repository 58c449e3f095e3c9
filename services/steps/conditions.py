"""Whether the condition of a step holds, once the values that it asks of are known."""

from __future__ import annotations

import json
from typing import Any

from db.models.documents import FailedTest
from services.connectors.errors import ConditionUndecided
from services.formats.text import clip
from services.plans.comparing import is_number, point_in_time
from services.plans.model import Comparison, Condition, Operator
from services.plans.references import MalformedReference, Reference, parse
from services.steps.resolving import Values


def failed_tests(condition: Condition, values: Values) -> list[FailedTest] | None:
    """Why a condition does not hold: the comparisons that do not, and what was found. None if it does.

    A value that is not there is empty and equals nothing; capital letters are as good as small ones. Raises
    ConditionUndecided for two values without an order.
    """
    failed = [test for comparison in condition.tests if (test := _failed(comparison, values)) is not None]
    holds = not failed if condition.match == "all" else len(failed) < len(condition.tests)
    return None if holds else failed


def _failed(comparison: Comparison, values: Values) -> FailedTest | None:
    found = _value(comparison.value, values)
    others = [_value(text, values) for text in comparison.to]
    if _holds(comparison, found, others):
        return None
    return {
        "value": comparison.value,
        "is": comparison.operator.value,
        "to": [clip(_as_text(other)) for other in others],
        "found": None if found is None else clip(_as_text(found)),
    }


def _holds(comparison: Comparison, found: Any, others: list[Any]) -> bool:
    match comparison.operator:
        case Operator.PRESENT:
            return not _is_empty(found)
        case Operator.EMPTY:
            return _is_empty(found)
        case Operator.EQUALS | Operator.ONE_OF:
            return any(_equal(found, other) for other in others)
        case Operator.NOT_EQUALS:
            return not any(_equal(found, other) for other in others)
        case Operator.GREATER:
            return _is_empty(found) is False and _order(comparison, found, others[0]) > 0
        case Operator.LESS:
            return _is_empty(found) is False and _order(comparison, found, others[0]) < 0


def _value(text: str, values: Values) -> Any:
    """What a text stands for: the value of a reference, or the text itself."""
    parts = parse(text)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return values.find(parts[0])
    return "".join(part if isinstance(part, str) else _part(part, values) for part in parts)


def _part(part: Reference | MalformedReference, values: Values) -> str:
    return _as_text(values.find(part)) if isinstance(part, Reference) else part.text


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    left, right = _as_text(one).strip().casefold(), _as_text(other).strip().casefold()
    if is_number(left) and is_number(right) and not (isinstance(one, str) and isinstance(other, str)):
        return float(left) == float(right)
    return left == right


def _order(comparison: Comparison, one: Any, other: Any) -> int:
    """Greater than 0 where the first is greater, less than 0 where it is less."""
    left, right = _as_text(one), _as_text(other)
    if is_number(left) and is_number(right):
        return (float(left) > float(right)) - (float(left) < float(right))
    first, second = point_in_time(left), point_in_time(right)
    if first is None or second is None:
        raise ConditionUndecided(comparison.value, found=clip(left), other=clip(right))
    return (first > second) - (first < second)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
