"""A model is told of forty faults at most, of each kind some, and the roots first."""

from __future__ import annotations

import json

from services.plans.validation import FaultCode
from services.plans.validation.faults import fault
from services.plans.validation.ranking import MAX_CHARACTERS, MAX_TOLD, most_telling

MANY = [fault(FaultCode.MISSING_INPUT, f"s{n}", "body.x", component="c", name="x") for n in range(500)]
CYCLE = fault(FaultCode.CYCLE, "a", cycle=["a", "b"])
UNKNOWN = fault(FaultCode.UNKNOWN_COMPONENT, "z", "component_id", component="none")


def test_few_are_told_all_with_the_roots_first() -> None:
    assert most_telling([MANY[0], CYCLE, UNKNOWN]) == (UNKNOWN, CYCLE, MANY[0])


def test_many_of_one_kind_leave_room_for_the_others() -> None:
    told = most_telling([*MANY, CYCLE, UNKNOWN])
    assert len(told) == MAX_TOLD
    assert told[:2] == (UNKNOWN, CYCLE)
    assert told[2:] == tuple(MANY[: MAX_TOLD - 2])


def test_long_ones_are_fewer() -> None:
    long = [
        fault(FaultCode.INVALID_LITERAL, f"s{n}", value="x" * 200, expected=["y" * 200] * 5) for n in range(40)
    ]
    told = most_telling(long)
    assert 0 < len(told) < MAX_TOLD
    assert sum(len(json.dumps(each.to_dict())) for each in told) <= MAX_CHARACTERS
