"""Whether the values of a step come from where its component takes them from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import Step
from services.plans.polls import polled_key, polled_step
from services.plans.validation.contracts import Contracts
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.polls import as_given


class Origins:
    """From where the components of a plan take their inputs. One per plan.

    `sources` are the keys of the components by step id; of a step id that stands there twice there is none.
    """

    def __init__(
        self, components: Mapping[str, ComponentSpec], sources: Mapping[str, str], contracts: Contracts
    ) -> None:
        self._components = components
        self._sources = sources
        self._contracts = contracts

    def faults(self, step: Step, spec: ComponentSpec) -> Iterator[Fault]:
        """The inputs of a step that come from elsewhere, and those of the call that a wait.until makes."""
        at_gate = step.requires_approval or spec.approval is ApprovalPolicy.STEP
        if self._contracts.of(spec).demands.are_made:
            yield from self._found(step, spec, at_gate=at_gate)
        key = polled_key(step)
        polled = None if key is None else self._components.get(key)
        if polled is not None:
            yield from map(as_given, self._found(polled_step(step), polled, at_gate=at_gate))

    def _found(self, step: Step, spec: ComponentSpec, *, at_gate: bool) -> Iterator[Fault]:
        for breach in self._contracts.of(spec).demands.breaches(step, self._sources, at_gate=at_gate):
            yield fault(
                FaultCode.FORBIDDEN_ORIGIN,
                step.step_id,
                breach.field,
                component=spec.key,
                **{"in": breach.location},
                name=breach.name,
                origins=[origin.value for origin in breach.origins],
                allowed=[origin.value for origin in breach.allowed],
            )
