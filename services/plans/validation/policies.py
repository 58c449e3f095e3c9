"""The hard rules of a town's policies: which steps break them, and the gates that they call for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from services.components.specs import ApprovalPolicy, ComponentSpec
from services.plans.model import WHEN, Plan, Step, dependencies, levels
from services.plans.polls import polled_key
from services.plans.validation.faults import Fault, FaultCode, fault
from services.policies.checks import Target
from services.policies.specs import Policies, Rule

Components = Mapping[str, ComponentSpec]


def policy_faults(plan: Plan, components: Components, policies: Policies) -> Iterator[Fault]:
    """Every step that breaks a rule, named with the passage; and citations of passages that there are not.

    Nobody knows at what hour a step will begin. Where a rule forbids hours, a step that nobody is asked about
    could begin in them, which is a fault; of one at a gate, whoever agrees is told the hours, by a warning.
    """
    check = _Check(plan, components)
    for rule in policies.rules:
        yield from check.rule_faults(rule)
    known = policies.citations()
    for step in plan.steps:
        for cited in dict.fromkeys(step.cites):
            if cited not in known:
                yield fault(FaultCode.UNKNOWN_CITATION, step.step_id, "cites", passage=cited)


def with_gates(plan: Plan, components: Components, policies: Policies) -> Plan:
    """The plan with a gate, and the passage cited, at each step for which a rule demands one or forbids hours.

    Only a person can see to what these rules ask for, so there is nothing in them that a model could do better.
    """
    check = _Check(plan, components)
    gates: dict[str, list[str]] = {}
    for rule in policies.rules:
        if rule.check.needs_gate is not None or rule.check.forbidden_hours:
            for step in check.covered(rule.check):
                gates.setdefault(step.step_id, []).append(rule.citation.id)
    steps = tuple(_gated(step, gates[step.step_id]) if step.step_id in gates else step for step in plan.steps)
    return plan.model_copy(update={"steps": steps})


def _gated(step: Step, passages: Iterable[str]) -> Step:
    cites = tuple(dict.fromkeys((*step.cites, *passages)))
    return step.model_copy(update={"requires_approval": True, "cites": cites})


def gate_people(plan: Plan, components: Components, policies: Policies) -> dict[str, tuple[str, ...]]:
    """Whom rules name to agree to steps, by the ids of these; where several do, those whom all of them name."""
    check = _Check(plan, components)
    people: dict[str, tuple[str, ...]] = {}
    for rule in policies.rules:
        named = rule.check.needs_gate.people if rule.check.needs_gate is not None else ()
        for step in check.covered(rule.check) if named else ():
            before = people.get(step.step_id, named)
            people[step.step_id] = tuple(user for user in before if user in named)
    return people


def with_known_citations(plan: Plan, policies: Policies) -> Plan:
    """The plan without the citations of passages that there are not."""
    known = policies.citations()
    steps = [step.model_copy(update={"cites": _known(step.cites, known)}) for step in plan.steps]
    return plan.model_copy(update={"steps": tuple(steps)})


def _known(cites: Iterable[str], known: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(cited for cited in cites if cited in known))


class _Check:
    """One plan, and which of its steps call what."""

    def __init__(self, plan: Plan, components: Components) -> None:
        self._plan = plan
        self._components = components
        self._steps = {step.step_id: step for step in plan.steps}
        self._by_key: dict[str, list[Step]] = {}
        for step in plan.steps:
            for key in filter(None, (step.component_id, polled_key(step))):
                self._by_key.setdefault(key, []).append(step)

    @cached_property
    def _needs(self) -> dict[str, tuple[str, ...]]:
        """What each step waits for, each step after those that it waits for."""
        needs = dependencies(self._plan)
        return {step_id: needs[step_id] for level in levels(needs) for step_id in level}

    @cached_property
    def _skippable(self) -> set[str]:
        """The steps that the plan itself may skip."""
        found: set[str] = set()
        for step_id, needed in self._needs.items():
            step = self._steps[step_id]
            skipped = [other in found for other in needed]
            if step.when is not None or (any(skipped) if step.needs == "all" else skipped and all(skipped)):
                found.add(step_id)
        return found

    def covered(self, target: Target) -> list[Step]:
        """The steps that call what is meant, be it only to poll it."""
        keys = [key for key in self._by_key if target.covers(key, self._components.get(key))]
        return [step for key in keys for step in self._by_key[key]]

    def rule_faults(self, rule: Rule) -> Iterator[Fault]:
        """The steps that break a rule."""
        check, cited = rule.check, rule.citation
        steps = self.covered(check)
        after = self._after(check.needs_before) if steps and check.needs_before is not None else set()
        for step in steps:
            about = step.step_id, "requires_approval"
            facts = {"component": step.component_id, "policy": cited.policy, "section": cited.heading}
            facts["passage"] = cited.id
            gated = self._is_gated(step)
            if check.forbidden:
                yield fault(FaultCode.POLICY_FORBIDDEN, step.step_id, "component_id", **facts)
            elif check.needs_before is not None and step.step_id not in after:
                before = check.needs_before.names
                yield fault(FaultCode.POLICY_NEEDS_BEFORE, step.step_id, "next", before=before, **facts)
            elif check.forbidden_hours:
                code = FaultCode.POLICY_HOURS_AT_GATE if gated else FaultCode.POLICY_HOURS
                yield fault(code, *about, hours=list(check.forbidden_hours), **facts)
            elif check.needs_when and step.when is None:
                yield fault(FaultCode.POLICY_NEEDS_WHEN, step.step_id, WHEN, **facts)
            elif check.needs_gate is not None and not gated:
                yield fault(FaultCode.POLICY_NEEDS_GATE, *about, **facts)

    def _is_gated(self, step: Step) -> bool:
        spec = self._components.get(step.component_id)
        return step.requires_approval or (spec is not None and spec.approval is ApprovalPolicy.STEP)

    def _after(self, target: Target) -> set[str]:
        """The steps that can only begin once a step that calls what is meant is done."""
        meant = {step.step_id for step in self.covered(target)}
        after: set[str] = set()
        for step_id, needed in self._needs.items():
            sure = [other for other in needed if other in meant or other in after]
            if self._steps[step_id].needs == "any":
                is_after = len(sure) == len(needed) or any(other not in self._skippable for other in sure)
            else:
                is_after = True
            if sure and is_after:
                after.add(step_id)
        return after
