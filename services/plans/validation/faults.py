"""What the validator found: faults with a code and the facts, no sentences for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from enum import StrEnum
from typing import Any, Self

from services.formats.text import MAX_TEXT_CHARACTERS, UNPRINTABLE, clip
from services.plans.references import LEGAL_FORM, MalformedReference, readable_part

_MAX_ID = 64


class FaultCode(StrEnum):
    """What can be wrong with a plan; the comment after each names what its detail holds."""

    NO_STEPS = "no_steps"
    TOO_MANY_STEPS = "too_many_steps"  # steps, limit
    MALFORMED_STEP_ID = "malformed_step_id"  # reason: "pattern" | "reserved"
    DUPLICATE_STEP_ID = "duplicate_step_id"  # times
    UNKNOWN_COMPONENT = "unknown_component"  # component, nearest
    INACTIVE_COMPONENT = "inactive_component"  # component
    DANGLING_NEXT = "dangling_next"  # next, nearest
    CYCLE = "cycle"  # cycle: step ids, each before the one after it, the last before the first
    NOT_POLLABLE = "not_pollable"  # component: what a wait.until may not call
    UNREACHABLE_STEP = "unreachable_step"  # waits_for: step ids that no order comes to
    # reference, flaw: see references.Flaw, position: the first character that can't stand there, legal: what could
    MALFORMED_REFERENCE = "malformed_reference"
    UNKNOWN_STEP_REFERENCE = "unknown_step_reference"  # reference, source, nearest
    SELF_REFERENCE = "self_reference"  # reference
    NOT_UPSTREAM = "not_upstream"  # reference, source
    # reference, source, path, declared; component and nearest unless issue or run
    UNDECLARED_FIELD = "undeclared_field"
    # reference, source, gives and takes: JSON types, at: where in the value; component unless issue or run
    FLOW_MISFIT = "flow_misfit"
    FORBIDDEN_ORIGIN = "forbidden_origin"  # component, in, name, origins, allowed: see plans.origins.Origin
    MISSING_INPUT = "missing_input"  # component, in, name
    UNKNOWN_INPUT = "unknown_input"  # component, in, name, nearest
    DUPLICATE_INPUT = "duplicate_input"  # in, name, other: the name that it clashes with
    INVALID_LITERAL = "invalid_literal"  # in, name, value, at, keyword, expected: as JSON Schema has them
    INPUTS_DO_NOT_FIT = "inputs_do_not_fit"  # component, at, keyword, expected: what the inputs together fail
    UNLISTED_INPUT = "unlisted_input"  # component, in, name, nearest
    LEFTOVER_PLACEHOLDER = "leftover_placeholder"  # in, name, placeholder
    # These name the rule by policy, section (its heading) and passage (its id), and the component of the step.
    POLICY_FORBIDDEN = "policy_forbidden"
    POLICY_NEEDS_GATE = "policy_needs_gate"
    POLICY_NEEDS_BEFORE = "policy_needs_before"  # before: the components or categories one of which it needs
    POLICY_NEEDS_WHEN = "policy_needs_when"
    POLICY_HOURS = "policy_hours"  # hours: in which it may not begin, and nobody is asked before it
    POLICY_HOURS_AT_GATE = "policy_hours_at_gate"  # hours: whoever agrees has to mind them
    UNKNOWN_CITATION = "unknown_citation"  # passage: as it was cited
    UNUSED_SELECTION = "unused_selection"  # component
    REPORTER_NOT_TOLD = "reporter_not_told"
    # value, is, to, reason: "no_reference" | "no_value" | "too_many_values" | "not_comparable" | "never"
    INVALID_CONDITION = "invalid_condition"
    UNGUARDED_REFERENCE = "unguarded_reference"  # reference, source, reason: "list" | "optional" | "skipped"
    REPORTER_TOLD_EARLY = "reporter_told_early"
    REPEATED_WRITE = "repeated_write"  # component, source: the step that does the same before it
    UNUSED_LOOK_UP = "unused_look_up"  # component
    LATE_SEARCH = "late_search"  # component, source: the step that it should come before
    UNUSED_OUTPUT = "unused_output"  # component, outputs: as the step declares them
    MISNAMED_STEP = "misnamed_step"  # component, named: the component whose name the description has
    UNJUDGED = "unjudged"  # component, part: which part of the component could not be judged by


SENSE = frozenset(
    {
        FaultCode.REPORTER_NOT_TOLD,
        FaultCode.REPORTER_TOLD_EARLY,
        FaultCode.REPEATED_WRITE,
        FaultCode.UNUSED_LOOK_UP,
        FaultCode.LATE_SEARCH,
        FaultCode.UNUSED_OUTPUT,
        FaultCode.MISNAMED_STEP,
    }
)
"""The warnings of what can be carried out and makes no sense: a plan maker is asked once to mend it."""

WARNINGS = frozenset(
    {
        FaultCode.POLICY_HOURS_AT_GATE,
        FaultCode.UNKNOWN_CITATION,
        FaultCode.UNLISTED_INPUT,
        FaultCode.LEFTOVER_PLACEHOLDER,
        FaultCode.UNGUARDED_REFERENCE,
        FaultCode.UNUSED_SELECTION,
        FaultCode.UNJUDGED,
        *SENSE,
    }
)
"""The codes that people should see and that don't make a plan invalid."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the step it is in (None: the plan as a whole) and the field of the step.

    `field` is `step_id`, `component_id`, `description`, `outputs`, `next`, or for an
    input its place and name ("body.location.lat").
    `detail` is JSON-safe, holds no control characters, and its texts are cut at 200 characters.
    """

    code: FaultCode
    step_id: str | None = None
    field: str | None = None
    detail: Mapping[str, Any] = dataclass_field(default_factory=dict)

    @property
    def is_warning(self) -> bool:
        """Whether the plan is valid all the same."""
        return self.code in WARNINGS

    def to_dict(self) -> dict[str, Any]:
        """For the database."""
        return {
            "code": self.code.value,
            "step_id": self.step_id,
            "field": self.field,
            "detail": dict(self.detail),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """From the database. Raises KeyError or ValueError for what to_dict did not write."""
        return cls(FaultCode(document["code"]), document["step_id"], document["field"], dict(document["detail"]))


@dataclass(frozen=True, slots=True)
class Report:
    """All that is wrong with a plan. A plan with warnings only is valid."""

    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the plan is valid."""
        return not self.errors

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> Self:
        """Part errors from warnings, each in the order found."""
        found = tuple(faults)
        return cls(
            tuple(fault for fault in found if not fault.is_warning),
            tuple(fault for fault in found if fault.is_warning),
        )


def fault(code: FaultCode, step_id: str | None = None, field: str | None = None, /, **detail: Any) -> Fault:
    """A fault made from whatever a plan holds: every text is cleaned and cut, so that it can be kept and shown."""
    return Fault(
        code,
        None if step_id is None else clip(step_id, _MAX_ID),
        None if field is None else clip(field),
        {name: _safe(value) for name, value in detail.items()},
    )


def malformed(where: tuple[str, str], found: MalformedReference) -> Fault:
    """A reference that can't be read: from which character on, and what of it could stand."""
    legal, position = readable_part(found.text)
    facts = {"reference": found.text, "flaw": found.flaw.value, "position": position}
    return fault(FaultCode.MALFORMED_REFERENCE, *where, **facts, legal=legal or LEGAL_FORM)


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return clip(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [clip(item) for item in value]
    if value is None or isinstance(value, bool | int):
        return value
    text = json.dumps(value, ensure_ascii=False)
    # A control character inside of it is written with a backslash.
    plain = not UNPRINTABLE.search(text) and "\\" not in text
    return value if plain and len(text) <= MAX_TEXT_CHARACTERS else clip(text)
