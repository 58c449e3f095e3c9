"""The validator: everything that is wrong with a plan, named at once.

No fault hides another, nothing recurses over the steps, and no plan is too odd to be judged: what a model wrote
and what a component declares are both taken as they come.

A step is *unreachable* when no order of the steps ever comes to it. Without a cycle there is always an order, so
these are the steps behind a cycle; those on it are named by the cycle itself. A reference makes an edge of its
own, so what it points to is *not upstream* only where that edge closes a cycle: where `next` (or the plan's
order, where `next` is silent) puts the other step after this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from services.components.builtins import WAIT_UNTIL
from services.components.specs import ComponentSpec
from services.formats.strict_json import render_path
from services.plans.model import Plan, dependencies, levels
from services.plans.polls import component_keys
from services.plans.references import RESERVED, STEP_ID, MalformedReference, Reference
from services.plans.schemas import FieldStatus, declared_names
from services.plans.validation.conditions import condition_faults
from services.plans.validation.contracts import Contracts, Sources
from services.plans.validation.faults import Fault, FaultCode, Report, fault, malformed
from services.plans.validation.graph import shortest_cycle, strongly_connected
from services.plans.validation.guards import guard_faults
from services.plans.validation.inputs import read_input_faults
from services.plans.validation.leftovers import leftover_faults
from services.plans.validation.origins import Origins
from services.plans.validation.policies import policy_faults
from services.plans.validation.polls import poll_faults
from services.plans.validation.reading import ReadStep, read_plan
from services.plans.validation.sense import sense_faults
from services.plans.validation.telling import may_tell_reporter
from services.policies.specs import NO_POLICIES, Policies

__all__ = ["Fault", "FaultCode", "Report", "validate"]

_MAX_LISTED = 20
_SAYS_NO = frozenset({FieldStatus.LISTS_OTHERS, FieldStatus.FORBIDS})

_MAX_OF_REFERENCES = 2_000
"""So many faults of references are named: a plan with more of them has no other use for the rest."""


def validate(
    plan: Plan,
    components: Mapping[str, ComponentSpec],
    *,
    selected: Collection[str] = (),
    max_steps: int = 200,
    not_said: Collection[str] = (),
    policies: Policies = NO_POLICIES,
    contracts: Contracts | None = None,
) -> Report:
    """Every fault of `plan`, judged by the workspace's components (by key) and the keys that were selected.

    `not_said` are the members of `issue` that this issue does not have: a place, or how urgent it is. `policies`
    are those in force. `contracts` are what has been read of components before, for earlier plans.
    Never raises for what stands in a plan or a component.
    """
    check = _Check(plan, components, not_said, contracts or Contracts())
    faults = [
        *check.size_faults(max_steps),
        *check.step_faults(),
        *check.order_faults(),
        *check.selection_faults(selected),
        *check.reporter_faults(),
        *sense_faults(plan, components, check.read),
        *policy_faults(plan, components, policies),
    ]
    return Report.of(_once(faults))


def _once(faults: Iterable[Fault]) -> Iterator[Fault]:
    """One warning for each part of a component that can't be judged by, however many steps use it."""
    unjudged: set[tuple[str, str]] = set()
    for found in faults:
        if found.code is FaultCode.UNJUDGED:
            part = (found.detail["component"], found.detail["part"])
            if part in unjudged:
                continue
            unjudged.add(part)
        yield found


class _Check:
    """One plan under judgement."""

    def __init__(
        self, plan: Plan, components: Mapping[str, ComponentSpec], not_said: Collection[str], contracts: Contracts
    ) -> None:
        self.not_said = frozenset(not_said)
        self.plan = plan
        self.read = read_plan(plan)
        self.components = components
        self.times = Counter(step.step_id for step in plan.steps)
        self.component_of = {step.step_id: components.get(step.component_id) for step in plan.steps}
        # Of a step id that stands there twice nobody can say what it answers.
        self.sources = Sources(
            contracts, {name: spec for name, spec in self.component_of.items() if self.times[name] == 1}
        )
        self.hints = self.sources.hints
        self._room = _MAX_OF_REFERENCES
        self.origins = Origins(
            components,
            {step.step_id: step.component_id for step in plan.steps if self.times[step.step_id] == 1},
            contracts,
        )

    def size_faults(self, max_steps: int) -> Iterator[Fault]:
        count = len(self.plan.steps)
        if count == 0:
            yield fault(FaultCode.NO_STEPS, None, "steps")
        if count > max_steps:
            yield fault(FaultCode.TOO_MANY_STEPS, None, "steps", steps=count, limit=max_steps)

    def step_faults(self) -> Iterator[Fault]:
        yield from self._id_faults()
        for read in self.read:
            step = read.step
            yield from self._component_faults(read)
            for target in dict.fromkeys(step.next):
                if target not in self.times:
                    meant = self.hints.names(target, self.times)
                    yield fault(FaultCode.DANGLING_NEXT, step.step_id, "next", next=target, **meant)
            yield from self._bounded(self._reference_faults(read))
            yield from leftover_faults(read)
            if step.when is not None:
                yield from condition_faults(step, step.when, self.sources)

    def _bounded(self, faults: Iterator[Fault]) -> Iterator[Fault]:
        for found in islice(faults, self._room):
            self._room -= 1
            yield found

    def _id_faults(self) -> Iterator[Fault]:
        for step_id, times in self.times.items():
            if step_id in RESERVED or STEP_ID.fullmatch(step_id) is None:
                reason = "reserved" if step_id in RESERVED else "pattern"
                yield fault(FaultCode.MALFORMED_STEP_ID, step_id, "step_id", reason=reason)
            if times > 1:
                yield fault(FaultCode.DUPLICATE_STEP_ID, step_id, "step_id", times=times)

    def _component_faults(self, read: ReadStep) -> Iterator[Fault]:
        step = read.step
        spec = self.components.get(step.component_id)
        if spec is None:
            meant = self.hints.names(step.component_id, self.components)
            code = FaultCode.UNKNOWN_COMPONENT
            yield fault(code, step.step_id, "component_id", component=step.component_id, **meant)
            return
        if not spec.active:
            code = FaultCode.INACTIVE_COMPONENT
            yield fault(code, step.step_id, "component_id", component=step.component_id)
        yield from read_input_faults(read, spec, self.sources)
        yield from self.origins.faults(step, spec)
        if step.component_id == WAIT_UNTIL:
            yield from poll_faults(step, self.components)

    def _reference_faults(self, read: ReadStep) -> Iterator[Fault]:
        step_id = read.step.step_id
        if self._are_fine(step_id, read):
            return
        for field, found in read.found:
            wrong = self._reference_fault(step_id, field, found)
            if wrong is not None:
                yield wrong

    def _are_fine(self, step_id: str, read: ReadStep) -> bool:
        """Whether all that a step refers to is declared where it points to, as nearly always."""
        for each in read.inputs:
            if not each.found:
                continue
            for found, answered in zip(each.found, self.sources.answers(each), strict=True):
                if type(found) is not Reference or answered is None or answered.brings is None:
                    return False
                if found.source == step_id or found.source in RESERVED or not found.path:
                    return False
        return not read.tested

    def _reference_fault(self, step_id: str, field: str, found: Reference | MalformedReference) -> Fault | None:
        where = step_id, field
        if isinstance(found, MalformedReference):
            return malformed(where, found)
        if found.source in RESERVED:
            missing = self.not_said if found.source == "issue" else frozenset()
            allowed = [name for name in RESERVED[found.source] if name not in missing]
            is_there = len(found.path) == 1 and found.path[0] in allowed
            return None if is_there else _undeclared(where, found, declared=allowed)
        if found.source == step_id:
            return fault(FaultCode.SELF_REFERENCE, *where, reference=found.text)
        if found.source not in self.times:
            code = FaultCode.UNKNOWN_STEP_REFERENCE
            meant = self.hints.names(found.source, self.times)
            return fault(code, *where, reference=found.text, source=found.source, **meant)
        return self._field_fault(where, found)

    def _field_fault(self, where: tuple[str, str], found: Reference) -> Fault | None:
        """A field that the step's answer does not have, as far as its component says what it has."""
        spec = self.component_of[found.source]
        if spec is None or self.times[found.source] > 1 or not found.path:
            return None
        answered = self.sources.answered(found)
        if answered is None or not isinstance(spec.response_schema, dict | bool):
            return fault(FaultCode.UNJUDGED, where[0], component=spec.key, part="response_schema")
        if answered.status not in _SAYS_NO:
            return None
        declared = declared_names(answered.shape.parts)[:_MAX_LISTED]
        meant = self.hints.paths(found.path, spec.response_schema)
        return _undeclared(where, found, component=spec.key, declared=declared, **meant)

    def order_faults(self) -> Iterator[Fault]:
        sources = [{found.source for found in read.references} for read in self.read]
        needs = dependencies(self.plan, sources)
        ordered = {step_id: needs[step_id] for level in levels(needs) for step_id in level}
        if len(ordered) == len(needs):
            yield from guard_faults(self.read, ordered, self.sources)
            return
        cyclic = [part for part in strongly_connected(needs) if len(part) > 1 or part[0] in needs[part[0]]]
        cycle_of = {step_id: number for number, part in enumerate(cyclic) for step_id in part}
        yield from self._cycle_faults(needs, cyclic)
        yield from self._bounded(self._upstream_faults(cycle_of))
        for step_id, needed in needs.items():
            if step_id not in ordered and step_id not in cycle_of:
                blocked = [other for other in needed if other not in ordered]
                waits_for = blocked[:_MAX_LISTED]
                yield fault(FaultCode.UNREACHABLE_STEP, step_id, waits_for=waits_for)

    def _cycle_faults(self, needs: Mapping[str, tuple[str, ...]], cyclic: list[list[str]]) -> Iterator[Fault]:
        position = {step_id: index for index, step_id in enumerate(needs)}
        for part in sorted(cyclic, key=lambda part: min(position[step_id] for step_id in part)):
            first = min(part, key=position.__getitem__)
            # What a step needs comes before it: turned round, the cycle runs as the work would.
            start, *back = shortest_cycle(needs, first, frozenset(part))
            yield fault(FaultCode.CYCLE, first, cycle=[start, *reversed(back)])

    def _upstream_faults(self, cycle_of: Mapping[str, int]) -> Iterator[Fault]:
        """The references that close a cycle by pointing to a step that comes later."""
        after: dict[str, list[str]] = {step_id: [] for step_id in reversed(self.times)}
        for step in self.plan.steps:
            after[step.step_id] += [target for target in step.next if target in self.times]
        # The components come last first, so of two steps the later has the smaller number.
        ranked = enumerate(strongly_connected(after))
        rank = {step_id: number for number, part in ranked for step_id in part}
        for read in self.read:
            step = read.step
            for field, found in read.found:
                if isinstance(found, MalformedReference) or found.source in RESERVED:
                    continue
                on_cycle = cycle_of.get(step.step_id, -1) == cycle_of.get(found.source)
                if on_cycle and rank[step.step_id] > rank[found.source]:
                    facts = {"reference": found.text, "source": found.source}
                    yield fault(FaultCode.NOT_UPSTREAM, step.step_id, field, **facts)

    def selection_faults(self, selected: Collection[str]) -> Iterator[Fault]:
        used = component_keys(self.plan)
        for key in dict.fromkeys(selected):
            if key not in used:
                yield fault(FaultCode.UNUSED_SELECTION, component=key)

    def reporter_faults(self) -> Iterator[Fault]:
        if self.plan.steps and not any(
            may_tell_reporter(step, self.components.get(step.component_id)) for step in self.plan.steps
        ):
            yield fault(FaultCode.REPORTER_NOT_TOLD)


def _undeclared(where: tuple[str, str], found: Reference, **facts: object) -> Fault:
    path = render_path(found.path)
    return fault(FaultCode.UNDECLARED_FIELD, *where, reference=found.text, source=found.source, path=path, **facts)
