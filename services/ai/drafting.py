"""Drafting: one draft under way, from the choice of the components to a valid plan.

It knows what comes after what. Who the agents are and how they are asked is the business of AIService.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.ai.errors import NothingFits, PlanRejected
from services.ai.usage import Usage
from services.components.specs import ComponentSpec
from services.plans.model import Issue, Plan
from services.plans.validation import Fault, Report, validate
from services.states import Phase

MAX_REPAIRS = 2

OnPhase = Callable[[Phase, Mapping[str, Any]], Awaitable[None]]
"""Told of each phase as it begins, with the facts known by then: `offered`, `selected`, `repairs`, `faults`."""


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
    """A valid plan, the components it was drafted over, and what the drafting took."""

    plan: Plan
    report: Report
    selected: tuple[str, ...]
    components: Mapping[str, ComponentSpec]
    usages: tuple[Usage, ...]
    seconds: float

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What people should know of the plan."""
        return self.report.warnings

    @property
    def model(self) -> str:
        """The model that made the plan, by the name it answered under."""
        return self.usages[-1].model


class Agents(Protocol):
    """Whom a draft asks; AIService has it all."""

    async def select(
        self, issue: Issue, components: Mapping[str, ComponentSpec], *, deadline: float | None = None
    ) -> Selection:
        """Choose components."""

    async def plan(
        self, issue: Issue, components: Mapping[str, ComponentSpec], *, deadline: float | None = None
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
    ) -> PlanProposal:
        """Remove faults from a plan."""


class Drafting:
    """One draft under way: the steps in their order, and the usages so far."""

    def __init__(
        self,
        agents: Agents,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        deadline: float | None,
        on_phase: OnPhase,
        max_steps: int,
    ) -> None:
        self._agents = agents
        self._issue = issue
        self._components = components
        self._deadline = deadline
        self._on_phase = on_phase
        self._max_steps = max_steps
        self._clock = asyncio.get_running_loop().time
        self.usages: tuple[Usage, ...] = ()

    async def run(self) -> Draft:
        """The draft. Raises a DraftFailed; what was spent until then is in `usages`."""
        started = self._clock()
        selected = await self._select()
        plan = await self._plan(selected)
        report = await self._check(plan, selected, repairs=0)
        for repairs in range(1, MAX_REPAIRS + 1):
            if report.ok:
                break
            plan = await self._repair(plan, report, selected, repairs)
            report = await self._check(plan, selected, repairs)
        if not report.ok:
            raise PlanRejected(plan, report.errors)
        return Draft(plan, report, selected, self._components, self.usages, self._clock() - started)

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

    async def _plan(self, selected: tuple[str, ...]) -> Plan:
        await self._on_phase(Phase.PLANNING, {"selected": len(selected)})
        chosen = {key: self._components[key] for key in selected}
        drafted = await self._agents.plan(self._issue, chosen, deadline=self._deadline)
        self.usages += drafted.usages
        return drafted.plan

    async def _check(self, plan: Plan, selected: tuple[str, ...], repairs: int) -> Report:
        await self._on_phase(Phase.CHECKING, {"repairs": repairs})
        said = {"place": self._issue.place, "urgency": self._issue.urgency}
        return validate(
            plan,
            self._components,
            selected=selected,
            max_steps=self._max_steps,
            not_said=[name for name, text in said.items() if not text],
        )

    async def _repair(self, plan: Plan, report: Report, selected: tuple[str, ...], repairs: int) -> Plan:
        await self._on_phase(Phase.REPAIRING, {"repairs": repairs, "faults": len(report.errors)})
        used = (step.component_id for step in plan.steps if step.component_id in self._components)
        shown = {key: self._components[key] for key in dict.fromkeys((*selected, *used))}
        drafted = await self._agents.repair(self._issue, shown, plan, report.errors, deadline=self._deadline)
        self.usages += drafted.usages
        return drafted.plan
