"""Plans and components in a line each, for the tests of what is said about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from services.components.specs import ComponentSpec
from services.plans.model import Plan, Step, StepInput
from services.plans.validation import Fault, FaultCode, Report, validate

Location = Literal["path", "query", "header", "body", "variable"]


def given(location: Location, name: str, value: str) -> StepInput:
    return StepInput(location=location, name=name, value=value)


def body(**values: str) -> tuple[StepInput, ...]:
    return tuple(given("body", name, value) for name, value in values.items())


def step(step_id: str, component_id: str = "free", *inputs: StepInput, then: Sequence[str] = ()) -> Step:
    return Step(step_id=step_id, component_id=component_id, inputs=inputs, next=tuple(then))


def plan(*steps: Step) -> Plan:
    return Plan(workflow_name="Fix the road", steps=steps)


def component(key: str = "free", **rest: Any) -> ComponentSpec:
    """A component that takes any body and answers anything, and that tells the reporter."""
    defaults: dict[str, Any] = {"name": key, "category": "notify", "request_schema": {"type": "object"}}
    return ComponentSpec(key=key, **{**defaults, **rest})


def report(steps: tuple[Step, ...] | Plan, *components: ComponentSpec, **options: Any) -> Report:
    """What the validator says of these steps; a component named "free" is always there."""
    known = {spec.key: spec for spec in (component(), *components)}
    return validate(steps if isinstance(steps, Plan) else plan(*steps), known, **options)


def codes(faults: tuple[Fault, ...]) -> list[FaultCode]:
    return [fault.code for fault in faults]


def only(faults: tuple[Fault, ...]) -> Fault:
    """The one fault that there is."""
    assert len(faults) == 1, faults
    return faults[0]
