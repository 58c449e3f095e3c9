"""Which faults of a plan go to a model that is to mend it: not all of a thousand, and the most telling first."""

from __future__ import annotations

import json
from collections.abc import Sequence

from services.plans.validation.faults import Fault, FaultCode

MAX_TOLD = 40
MAX_CHARACTERS = 8_000

# What makes other faults comes before them: an unknown component has unknown inputs, a cycle unreachable steps.
_ORDER = (
    FaultCode.NO_STEPS,
    FaultCode.TOO_MANY_STEPS,
    FaultCode.UNKNOWN_COMPONENT,
    FaultCode.INACTIVE_COMPONENT,
    FaultCode.DUPLICATE_STEP_ID,
    FaultCode.MALFORMED_STEP_ID,
    FaultCode.MALFORMED_REFERENCE,
    FaultCode.CYCLE,
    FaultCode.DANGLING_NEXT,
    FaultCode.UNKNOWN_STEP_REFERENCE,
    FaultCode.UNDECLARED_FIELD,
    FaultCode.MISSING_INPUT,
    FaultCode.UNKNOWN_INPUT,
    FaultCode.FLOW_MISFIT,
    FaultCode.FORBIDDEN_ORIGIN,
    FaultCode.INVALID_LITERAL,
)
_RANK = {code: rank for rank, code in enumerate(_ORDER)}


def most_telling(
    faults: Sequence[Fault], *, most: int = MAX_TOLD, characters: int = MAX_CHARACTERS
) -> tuple[Fault, ...]:
    """The faults to tell, so many and so long at most: of each kind some, before the many of one kind."""
    told: list[Fault] = []
    length = 0
    for found in _by_turns(faults):
        length += len(json.dumps(found.to_dict(), ensure_ascii=False))
        if len(told) == most or length > characters:
            break
        told.append(found)
    return tuple(sorted(told, key=_rank))


def _by_turns(faults: Sequence[Fault]) -> list[Fault]:
    """The first fault of each kind, then the second of each."""
    seen: dict[FaultCode, int] = {}
    turns = []
    for found in sorted(faults, key=_rank):
        seen[found.code] = seen.get(found.code, 0) + 1
        turns.append((seen[found.code], found))
    return [found for _, found in sorted(turns, key=lambda each: each[0])]


def _rank(found: Fault) -> int:
    return _RANK.get(found.code, len(_RANK))
