"""Drafting: one draft under way, from the choice of the components to a valid plan.

A plan is asked for and, where it has faults, repaired. If that did not help, others are asked for, all at once:
a model that has lost its way seldom finds back, and may well not lose it a second time. The best of all that
there is by then is shown if it is valid, and repaired once more if it is not.

Who the agents are and how they are asked is the business of AIService.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from services.ai.errors import GeminiError, GeminiMalformed, NothingFits, PlanRejected
from services.ai.sense import makes_more_sense, sense_to_mend, telling_keys
from services.ai.usage import Usage
from services.components.specs import ComponentSpec
from services.learning.memory import NOTHING, Memory
from services.plans.model import Issue, Plan
from services.plans.validation import Fault, Report, validate
from services.plans.validation.contracts import Contracts
from services.plans.validation.policies import gate_people, with_gates, with_known_citations
from services.policies.specs import NO_POLICIES, Citation, Policies
from services.selection.closure import with_producers
from services.states import Phase

log = logging.getLogger(__name__)

MAX_REPAIRS = 2
"""So often a plan is repaired at the most, what makes no sense in it counted in."""

SAMPLES = 2
"""So many other plans are asked for at once where one repair was not enough."""

OnPhase = Callable[[Phase, Mapping[str, Any]], Awaitable[None]]
"""Told of each phase as it begins, with the facts known by then: `offered`, `selected`, `repairs`, `samples`, the
`faults` that are to be mended and how many of them there are by code (`codes`)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The keys of the components that matter, the most important first; none if nothing fits."""

    keys: tuple[str, ...]
    usages: tuple[Usage, ...]


@dataclass(frozen=True, slots=True)
class PlanProposal:
    """A plan in the right shape. Whether it is valid is the validator's business."""

    plan: Plan
    usages: tuple[Usage, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A valid plan, the components it was drafted over, and what the drafting took.

    `citations` are the passages of policies that it cites, `gate_people` those whom these name to agree to steps.
    """

    plan: Plan
    report: Report
    selected: tuple[str, ...]
    components: Mapping[str, ComponentSpec]
    usages: tuple[Usage, ...]
    seconds: float
    citations: tuple[Citation, ...] = ()
    gate_people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What people should know of the plan."""
        return self.report.warnings

    @property
    def model(self) -> str:
        """The model that made the plan, by the name it answered under."""
        return next(usage.model for usage in reversed(self.usages) if usage.outcome == "ok")


class Agents(Protocol):
    """Whom a draft asks; AIService has it all."""

    async def select(
        self, issue: Issue, components: Mapping[str, ComponentSpec], *, deadline: float | None = None
    ) -> Selection:
        """Choose components."""

    async def plan(
        self,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        *,
        deadline: float | None = None,
        memory: Memory = NOTHING,
        policies: Policies = NO_POLICIES,
    ) -> PlanProposal:
        """Arrange components."""

    async def repair(
        self,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        plan: Plan,
        faults: Sequence[Fault],
        *,
        deadline: float | None = None,
        memory: Memory = NOTHING,
        policies: Policies = NO_POLICIES,
    ) -> PlanProposal:
        """Remove faults from a plan."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A plan, and what the validator says of it."""

    plan: Plan
    report: Report

    @property
    def score(self) -> tuple[int, int, int]:
        """The lower, the better: errors count before warnings, and of two alike the shorter plan wins."""
        return len(self.report.errors), len(self.report.warnings), len(self.plan.steps)


def _best(candidates: Iterable[_Candidate]) -> _Candidate:
    """The one with the lowest score; of equals the first."""
    return min(candidates, key=lambda candidate: candidate.score)


_MAX_ON_LOOP = 60_000
"""Characters of a plan that are judged on the event loop: some 200 steps, in 30 ms. Longer ones go to a thread."""


def _size(plan: Plan) -> int:
    return sum(len(item.value) + 20 for step in plan.steps for item in step.inputs) + 100 * len(plan.steps)


async def judged(
    plan: Plan,
    components: Mapping[str, ComponentSpec],
    issue: Issue,
    *,
    policies: Policies,
    max_steps: int,
    selected: Sequence[str] = (),
    contracts: Contracts | None = None,
) -> Report:
    """What the validator says of a plan for an issue; of a long one in a thread.

    `contracts` are what it has read of the components before.
    """
    said = {"place": issue.place, "urgency": issue.urgency}
    check = partial(
        validate,
        plan,
        components,
        selected=selected,
        max_steps=max_steps,
        not_said=[name for name, text in said.items() if not text],
        policies=policies,
        contracts=contracts,
    )
    return await asyncio.to_thread(check) if _size(plan) > _MAX_ON_LOOP else check()


class Drafting:
    """One draft under way: the steps in their order, and the usages so far.

    A call of the model needs `least` seconds at least, and a valid plan is not sent back for what makes no sense
    in it with less than `seconds_to_make_sense` left.
    """

    def __init__(
        self,
        agents: Agents,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        deadline: float | None,
        on_phase: OnPhase,
        *,
        max_steps: int,
        least: float,
        seconds_to_make_sense: float,
        memory: Memory,
        policies: Policies,
        contracts: Contracts,
    ) -> None:
        self._agents = agents
        self._issue = issue
        self._components = components
        self._contracts = contracts
        self._deadline = deadline
        self._on_phase = on_phase
        self._max_steps = max_steps
        self._least = least
        self._seconds_to_make_sense = seconds_to_make_sense
        self._memory = memory
        self._policies = policies
        self._clock = asyncio.get_running_loop().time
        self.usages: tuple[Usage, ...] = ()

    async def run(self) -> Draft:
        """The draft. Raises a DraftFailed; what was spent until then is in `usages`."""
        started = self._clock()
        selected = await self._select()
        found = await self._search(selected)
        if not found.report.ok:
            raise PlanRejected(found.plan, found.report.errors)
        plan = with_known_citations(found.plan, self._policies)
        return Draft(
            plan,
            found.report,
            selected,
            self._components,
            self.usages,
            self._clock() - started,
            self._policies.cited(each for step in plan.steps for each in step.cites),
            gate_people(plan, self._components, self._policies),
        )

    async def _search(self, selected: tuple[str, ...]) -> _Candidate:
        """A valid plan, or else the best of those that were made."""
        plan = await self._plan_meanwhile(selected)
        first = _Candidate(plan, await self._check(plan, selected, repairs=0))
        if first.report.ok:
            return await self._make_sense(first, selected, repairs=1)
        repaired = await self._repaired(first, first.report.errors, selected, repairs=1)
        if repaired.report.ok:
            return await self._make_sense(repaired, selected, repairs=2)
        best = _best([repaired, first, *await self._sample(repaired, selected)])
        if best.report.ok:
            return best
        return _best([await self._repaired(best, best.report.errors, selected, repairs=2), best])

    async def _make_sense(self, valid: _Candidate, selected: tuple[str, ...], repairs: int) -> _Candidate:
        """Ask once to mend what makes no sense in a valid plan; the plan as it is, unless that makes it better."""
        faults = sense_to_mend(valid.report, self._components)
        if not faults or not self._has_time_to_make_sense():
            return valid
        try:
            mended = await self._repaired(valid, faults, selected, repairs)
        except GeminiError as error:
            self.usages += error.usages
            return valid
        return mended if makes_more_sense(mended.report, valid.report) else valid

    def _has_time_to_make_sense(self) -> bool:
        return self._deadline is None or self._clock() + self._seconds_to_make_sense <= self._deadline

    async def _select(self) -> tuple[str, ...]:
        offered = len(self._components)
        if offered == 0:
            raise NothingFits(offered=0)
        await self._on_phase(Phase.SELECTING, {"offered": offered})
        selection = await self._agents.select(self._issue, self._components, deadline=self._deadline)
        self.usages += selection.usages
        if not selection.keys:
            raise NothingFits(offered=offered)
        return selection.keys

    async def _plan_meanwhile(self, selected: tuple[str, ...]) -> Plan:
        """The plan. While the model makes it, what it will be judged by is read of the components."""
        reading = asyncio.create_task(asyncio.to_thread(self._contracts.read, self._shown(selected).values()))
        try:
            return await self._plan(selected)
        finally:
            await reading

    async def _plan(self, selected: tuple[str, ...]) -> Plan:
        await self._on_phase(Phase.PLANNING, {"selected": len(selected)})
        try:
            return await self._ask_for_plan(selected, self._deadline, self._memory)
        except GeminiMalformed as error:
            if self._fitting(self._shown(selected)) == NOTHING:
                raise
            # A note or an example may be what kept it from answering with a plan.
            self.usages += error.usages
            return await self._ask_for_plan(selected, self._deadline, NOTHING)

    async def _ask_for_plan(self, selected: tuple[str, ...], deadline: float | None, memory: Memory) -> Plan:
        chosen = self._shown(selected)
        told = memory.fitting(self._issue.text, chosen, self._components)
        drafted = await self._agents.plan(
            self._issue, chosen, deadline=deadline, memory=told, policies=self._policies
        )
        self.usages += drafted.usages
        return with_gates(drafted.plan, self._components, self._policies)

    async def _sample(self, invalid: _Candidate, selected: tuple[str, ...]) -> list[_Candidate]:
        """Other plans, asked for all at once; none where there is no time for it, or no answer of any use."""
        deadline = self._half_of_what_is_left()
        if deadline is not None and deadline - self._clock() < self._usual_seconds():
            return []
        await self._on_phase(Phase.SAMPLING, {"samples": SAMPLES, "faults": len(invalid.report.errors)})
        async with asyncio.TaskGroup() as group:
            # What leads one astray may be a note or an example: the last one does without.
            memories = [self._memory] * (SAMPLES - 1) + [NOTHING]
            asked = [group.create_task(self._one_sample(selected, deadline, memory)) for memory in memories]
        plans = [plan for task in asked if (plan := task.result()) is not None]
        if plans:
            await self._on_phase(Phase.CHECKING, {"repairs": 1})
        return [_Candidate(plan, await self._report(plan, selected)) for plan in plans]

    async def _one_sample(self, selected: tuple[str, ...], deadline: float | None, memory: Memory) -> Plan | None:
        """Another plan. One that does not come is no failure: there is a plan to go on with."""
        try:
            return await self._ask_for_plan(selected, deadline, memory)
        except GeminiError as error:
            self.usages += error.usages
            log.warning("A sample came to nothing: %s", error, extra={"action": "draft.sample"})
            return None

    def _half_of_what_is_left(self) -> float | None:
        """Until when samples are waited for: one that hangs must leave time for the last repair."""
        now = self._clock()
        return None if self._deadline is None else now + (self._deadline - now) / 2

    def _usual_seconds(self) -> float:
        """What a call takes: as long as the slowest good one of this draft."""
        return max([self._least, *(usage.latency_ms / 1_000 for usage in self.usages if usage.outcome == "ok")])

    async def _check(self, plan: Plan, selected: tuple[str, ...], repairs: int) -> Report:
        await self._on_phase(Phase.CHECKING, {"repairs": repairs})
        return await self._report(plan, selected)

    async def _report(self, plan: Plan, selected: tuple[str, ...]) -> Report:
        return await judged(
            plan,
            self._components,
            self._issue,
            selected=selected,
            max_steps=self._max_steps,
            policies=self._policies,
            contracts=self._contracts,
        )

    async def _repaired(
        self, former: _Candidate, faults: Sequence[Fault], selected: tuple[str, ...], repairs: int
    ) -> _Candidate:
        plan = await self._repair(former.plan, faults, selected, repairs)
        return _Candidate(plan, await self._check(plan, selected, repairs))

    async def _repair(self, plan: Plan, faults: Sequence[Fault], selected: tuple[str, ...], repairs: int) -> Plan:
        codes = dict(Counter(fault.code.value for fault in faults))
        await self._on_phase(Phase.REPAIRING, {"repairs": repairs, "faults": len(faults), "codes": codes})
        used = (step.component_id for step in plan.steps if step.component_id in self._components)
        needed = telling_keys(faults, self._components)
        shown = self._shown((*selected, *used, *needed))
        drafted = await self._agents.repair(
            self._issue,
            shown,
            plan,
            faults,
            deadline=self._deadline,
            memory=self._fitting(shown),
            policies=self._policies,
        )
        self.usages += drafted.usages
        return with_gates(drafted.plan, self._components, self._policies)

    def _shown(self, keys: Iterable[str]) -> dict[str, ComponentSpec]:
        """Components by their keys, with those that rules demand and those that return what is required."""
        demanded = self._policies.with_demanded(keys, self._components)
        return {key: self._components[key] for key in with_producers(tuple(demanded), self._components)}

    def _fitting(self, shown: Mapping[str, ComponentSpec]) -> Memory:
        return self._memory.fitting(self._issue.text, shown, self._components)
