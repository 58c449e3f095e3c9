"""Whether what a wait.until calls may be called again and again, with the inputs it is given there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from services.components.builtins import WAIT_UNTIL
from services.components.specs import ComponentSpec
from services.plans.model import Step, input_field
from services.plans.polls import field_reference, is_pollable, polled_key, polled_step
from services.plans.references import MalformedReference, is_whole, scan
from services.plans.schemas import FieldStatus, Schema, declared_names
from services.plans.validation.faults import Fault, FaultCode, fault, malformed
from services.plans.validation.inputs import input_faults

_MAX_LISTED = 20


def poll_faults(step: Step, components: Mapping[str, ComponentSpec]) -> Iterator[Fault]:
    """Everything wrong with the call that a wait.until makes; nothing for other steps."""
    key = polled_key(step)
    if key is None:
        return
    where = step.step_id, input_field("body", "component")
    spec = components.get(key)
    if spec is None:
        yield fault(FaultCode.UNKNOWN_COMPONENT, *where, component=key)
        return
    if not spec.active:
        yield fault(FaultCode.INACTIVE_COMPONENT, *where, component=key)
    if spec.type == components[WAIT_UNTIL].type or not is_pollable(spec.http_method, spec.approval):
        yield fault(FaultCode.NOT_POLLABLE, *where, component=key)
        return
    yield from _place_faults(step)
    yield from map(as_given, input_faults(polled_step(step), spec))
    yield from _field_faults(step, spec)


def _place_faults(step: Step) -> Iterator[Fault]:
    """All path or query inputs at once can be written down, and not taken from a step: nobody could check them."""
    for item in step.inputs:
        if item.name in ("path", "query") and is_whole(item.value):
            field = input_field("body", item.name)
            facts = {"in": item.location, "name": item.name, "value": item.value}
            yield fault(
                FaultCode.INVALID_LITERAL, step.step_id, field, at="", keyword="type", expected="object", **facts
            )


def as_given(found: Fault) -> Fault:
    """A fault of the call, about the input as the wait.until has it: `query.status` is `body.query.status`."""
    detail = found.detail
    if "in" in detail:
        detail = {**detail, "in": "body", "name": f"{detail['in']}.{detail['name']}"}
    return replace(found, field=None if found.field is None else f"body.{found.field}", detail=detail)


def _field_faults(step: Step, spec: ComponentSpec) -> Iterator[Fault]:
    """A field that cannot be read, or that the answer does not have."""
    field = next((item.value for item in step.inputs if item.name == "field"), None)
    if field is None or scan(field):
        return
    where = step.step_id, input_field("body", "field")
    found = field_reference(field)
    if isinstance(found, MalformedReference):
        yield malformed(where, found)
        return
    says, parts = Schema(spec.response_schema).find_field(found.path)
    if says in (FieldStatus.LISTS_OTHERS, FieldStatus.FORBIDS):
        facts = {"reference": field, "source": step.step_id, "path": field, "component": spec.key}
        yield fault(FaultCode.UNDECLARED_FIELD, *where, declared=declared_names(parts)[:_MAX_LISTED], **facts)
