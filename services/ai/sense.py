"""Which warnings a valid plan is sent back for, once, and whether what came back is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.components.builtins import NOTIFY
from services.components.specs import ComponentSpec
from services.plans.validation import Fault, FaultCode, Report
from services.plans.validation.faults import SENSE
from services.plans.validation.telling import is_notifying

HINTS: Mapping[FaultCode, str] = {
    FaultCode.REPORTER_NOT_TOLD: "no step tells the reporter what is done; add one at the end.",
    FaultCode.REPORTER_TOLD_EARLY: "the reporter is told before the work and not after it; tell them at the end.",
    FaultCode.REPEATED_WRITE: "the step does once more what the step `source` does; leave one of them out.",
    FaultCode.UNUSED_LOOK_UP: "no later step takes what the step finds, and nobody is asked to read it; "
    "refer to it, have the step that depends on it approved (requires_approval), or leave the look-up out.",
    FaultCode.LATE_SEARCH: "the step searches for what the step `source` makes; it belongs before that step.",
    FaultCode.UNUSED_OUTPUT: "no later step takes these outputs; refer to them, or do not declare them.",
    FaultCode.UNGUARDED_REFERENCE: "what the reference takes may not be there; give this step, or one before it, "
    "a `when` in which it is present, and plan what is done otherwise.",
    FaultCode.LEFTOVER_PLACEHOLDER: "the value holds a blank that nothing fills in; refer to a value, write it, "
    "or leave the input out.",
    FaultCode.MISNAMED_STEP: "the description says what the component `named` does; use it, or say what is done.",
}
"""What each code means, for the plan maker."""

_MENDED = SENSE | {FaultCode.UNGUARDED_REFERENCE, FaultCode.LEFTOVER_PLACEHOLDER}

# A repair that leaves a look-up out leaves a selected component unused, and is none the worse for it.
_NO_MATTER = frozenset({FaultCode.UNUSED_SELECTION, FaultCode.UNJUDGED})


def sense_to_mend(report: Report, components: Mapping[str, ComponentSpec]) -> tuple[Fault, ...]:
    """The warnings to repair. That nobody tells the reporter is one only where a component can."""
    can_tell = NOTIFY in components or any(map(is_notifying, components.values()))
    return tuple(
        fault
        for fault in report.warnings
        if fault.code in _MENDED and (can_tell or fault.code is not FaultCode.REPORTER_NOT_TOLD)
    )


def telling_keys(faults: Sequence[Fault], components: Mapping[str, ComponentSpec]) -> tuple[str, ...]:
    """What a repair needs besides the components of the plan: a way to tell the reporter, if nobody does."""
    untold = any(fault.code is FaultCode.REPORTER_NOT_TOLD for fault in faults)
    return (NOTIFY,) if untold and NOTIFY in components else ()


def sense_hints(faults: Sequence[Fault]) -> list[str]:
    """A line for each kind of warning among the faults: what it means, and what is to be done."""
    codes = dict.fromkeys(fault.code for fault in faults)
    return [f"- {code.value}: {HINTS[code]}" for code in codes if code in HINTS]


def makes_more_sense(repaired: Report, former: Report) -> bool:
    """Whether a repaired plan is valid, and there is less to warn of."""
    return repaired.ok and _weight(repaired) < _weight(former)


def _weight(report: Report) -> int:
    return sum(fault.code not in _NO_MATTER for fault in report.warnings)
