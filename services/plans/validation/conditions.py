"""Whether the condition of a step can be judged at all, and can ever hold."""

from __future__ import annotations

from collections.abc import Iterator

from services.plans.comparing import is_number, is_point_in_time
from services.plans.model import WHEN, Comparison, Condition, Operator, Step
from services.plans.references import Reference, parse, scan
from services.plans.validation.contracts import Sources
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.flows import NUMBERS, SCALARS, Shape

_WITHOUT_VALUE = frozenset({Operator.PRESENT, Operator.EMPTY})
_ORDERING = frozenset({Operator.GREATER, Operator.LESS})
_MATCHING = frozenset({Operator.EQUALS, Operator.ONE_OF})
_BOOLEANS = frozenset({"true", "false"})


def condition_faults(step: Step, when: Condition, sources: Sources) -> Iterator[Fault]:
    """Everything wrong with the condition of a step, but for where its references point."""
    for comparison in when.tests:
        reason = _flaw(comparison) or _never(comparison, sources)
        if reason is not None:
            facts = {"value": comparison.value, "is": comparison.operator.value, "to": list(comparison.to)}
            yield fault(FaultCode.INVALID_CONDITION, step.step_id, WHEN, reason=reason, **facts)


def _flaw(comparison: Comparison) -> str | None:
    """What is wrong with how a comparison is written."""
    parts = parse(comparison.value)
    if len(parts) != 1 or isinstance(parts[0], str):
        return "no_reference"
    wanted = 0 if comparison.operator in _WITHOUT_VALUE else 1
    if len(comparison.to) < wanted:
        return "no_value"
    if len(comparison.to) > wanted and comparison.operator is not Operator.ONE_OF:
        return "too_many_values"
    return None


def _never(comparison: Comparison, sources: Sources) -> str | None:
    """Why a comparison can never hold, by what is known of the value and of those it is compared with."""
    gives = _shape(comparison, sources)
    comes = None if gives is None else gives.types
    if comparison.operator in _WITHOUT_VALUE or comes is None or gives is None:
        return None
    if not comes & SCALARS:
        return "not_comparable"
    known = [text for text in comparison.to if not scan(text)]
    if len(known) < len(comparison.to):
        return None
    if comparison.operator in _ORDERING:
        return None if _has_order(comes, known[0]) else "not_comparable"
    if comparison.operator not in _MATCHING or any(_may_equal(text, gives, comes) for text in known):
        return None
    return "never"


def _has_order(comes: frozenset[str], text: str) -> bool:
    """Whether there is a greater and a less: among numbers, and among days and times."""
    if is_number(text):
        return bool(comes & (NUMBERS | {"string"}))
    return is_point_in_time(text) and "string" in comes


def _may_equal(text: str, gives: Shape, comes: frozenset[str]) -> bool:
    if gives.values is not None:
        return text.casefold() in {str(value).casefold() for value in gives.values}
    return (
        "string" in comes
        or (bool(comes & NUMBERS) and is_number(text))
        or ("boolean" in comes and text.casefold() in _BOOLEANS)
    )


def _shape(comparison: Comparison, sources: Sources) -> Shape | None:
    found = parse(comparison.value)[0]
    return sources.brings(found) if isinstance(found, Reference) else None
