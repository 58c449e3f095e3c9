"""AIService: two agents make a plan of an issue. The selector picks components, the plan maker arranges them.

No database is seen here. What every call of the model cost comes back with the result, or on the error.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from services.ai import prompts
from services.ai.errors import (
    DraftFailed,
    GeminiEmpty,
    GeminiError,
    GeminiMalformed,
    GeminiTruncated,
    NothingFits,
    PlanRejected,
)
from services.ai.gemini import GeminiClient
from services.ai.usage import Usage
from services.components.specs import ComponentSpec
from services.plans.model import Issue, Plan
from services.plans.validation import Fault, Report, validate
from services.plans.validation.policies import gate_people, with_gates, with_known_citations
from services.policies.specs import NO_POLICIES, Citation, Policies
from services.states import Phase

__all__ = ["AIService", "Draft", "OnPhase", "PlanProposal", "Selection", "Usage"]

MAX_REPAIRS = 2

UTC_ZONE = ZoneInfo("UTC")


def utc_now() -> datetime:
    """The time, with zone."""
    return datetime.now(UTC)


OnPhase = Callable[[Phase, Mapping[str, Any]], Awaitable[None]]
"""Told of each phase as it begins, with the facts known by then: `offered`, `selected`, `repairs`, `faults`."""

_T = TypeVar("_T")


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
        return self.usages[-1].model


class AIService:
    """Drafts plans with one Gemini client. A deadline is a reading of the running loop's clock."""

    def __init__(
        self,
        gemini: GeminiClient,
        *,
        max_steps: int = 200,
        zone: ZoneInfo = UTC_ZONE,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._gemini = gemini
        self._max_steps = max_steps
        self._zone = zone
        self._now = now

    def in_zone(self, zone: ZoneInfo) -> Self:
        """The same service, for a town whose clocks show that time zone's time."""
        other = copy.copy(self)
        other._zone = zone
        return other

    async def draft(
        self,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        *,
        deadline: float | None = None,
        on_phase: OnPhase,
        policies: Policies = NO_POLICIES,
    ) -> Draft:
        """Select, plan, validate, and repair what is invalid at most twice.

        `components` are the active ones by key, `policies` those in force. Raises NothingFits, PlanRejected or a
        GeminiError, each with the usages of every call; what `on_phase` raises passes through.
        """
        drafting = _Drafting(self, issue, components, deadline, on_phase, self._max_steps, policies)
        try:
            return await drafting.run()
        except DraftFailed as error:
            error.usages = (*drafting.usages, *error.usages)
            raise

    async def select(
        self, issue: Issue, components: Mapping[str, ComponentSpec], *, deadline: float | None = None
    ) -> Selection:
        """Let the selector choose. Ids it made up are dropped; with nothing else left it is asked once more."""

        def read(document: Any) -> tuple[str, ...]:
            chosen = _shaped(_SelectorAnswer, document).selected_component_ids
            known = tuple(key for key in dict.fromkeys(chosen) if key in components)
            if chosen and not known:
                raise GeminiMalformed("unknown_ids", ", ".join(chosen[:3])[:200])
            return known

        prompt = prompts.selector_prompt(issue, components.values(), today=self._today())
        question = _Question("selector", prompts.SELECTOR_SYSTEM, prompt, prompts.SELECTOR_SCHEMA, read)
        keys, usages = await self._ask(question, deadline)
        return Selection(keys, usages)

    async def plan(
        self,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        *,
        deadline: float | None = None,
        policies: Policies = NO_POLICIES,
    ) -> PlanProposal:
        """Let the plan maker arrange the given components."""
        today = self._today()
        prompt = prompts.planner_prompt(
            issue, components.values(), self._max_steps, today=today, policies=policies
        )
        return await self._ask_for_plan("planner", prompt, deadline)

    async def repair(
        self,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        plan: Plan,
        faults: Sequence[Fault],
        *,
        deadline: float | None = None,
        policies: Policies = NO_POLICIES,
    ) -> PlanProposal:
        """Let the plan maker remove the named faults from a plan."""
        today = self._today()
        prompt = prompts.repair_prompt(
            issue, components.values(), self._max_steps, plan, faults, today=today, policies=policies
        )
        return await self._ask_for_plan("repair", prompt, deadline)

    def _today(self) -> str:
        return prompts.today_in(self._zone, self._now())

    async def _ask_for_plan(self, agent: str, prompt: str, deadline: float | None) -> PlanProposal:
        question = _Question(
            agent, prompts.PLANNER_SYSTEM, prompt, prompts.PLAN_SCHEMA, lambda document: _shaped(Plan, document)
        )
        plan, usages = await self._ask(question, deadline)
        return PlanProposal(plan, usages)

    async def _ask(self, question: _Question[_T], deadline: float | None) -> tuple[_T, tuple[Usage, ...]]:
        """Ask, and ask once more if the answer is of no use: what was cut or garbled is often right next time."""
        try:
            return await self._ask_once(question, deadline)
        except (GeminiEmpty, GeminiTruncated, GeminiMalformed) as first:
            usages = first.usages
            again = replace(question, prompt=question.prompt + prompts.reminder(first))
        try:
            value, more = await self._ask_once(again, deadline)
        except GeminiError as second:
            second.usages = (*usages, *second.usages)
            raise
        return value, (*usages, *more)

    async def _ask_once(self, question: _Question[_T], deadline: float | None) -> tuple[_T, tuple[Usage, ...]]:
        answer = await self._gemini.generate_async(
            system=question.system,
            prompt=question.prompt,
            schema=question.schema,
            agent=question.agent,
            deadline=deadline,
        )
        try:
            return question.read(answer.document), (answer.usage,)
        except GeminiMalformed as error:
            error.usages = (replace(answer.usage, outcome=error.outcome),)
            raise


@dataclass(frozen=True, slots=True)
class _Question(Generic[_T]):
    """What an agent is asked, and how its answer is read; `read` raises GeminiMalformed."""

    agent: str
    system: str
    prompt: str
    schema: Mapping[str, Any]
    read: Callable[[Any], _T]


class _SelectorAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    selected_component_ids: tuple[str, ...]


_DETAILS = 5
"""So many things that are wrong with the shape of an answer are told to the model."""

_M = TypeVar("_M", bound=BaseModel)


def _shaped(model: type[_M], document: Any) -> _M:
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    try:
        return model.model_validate(_without_nulls(document))
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        places = [".".join(str(part) for part in error["loc"]) for error in errors]
        details = tuple(f"{place}: {error['msg']}" for place, error in zip(places, errors, strict=True))
        raise GeminiMalformed("wrong_shape", places[0], details[:_DETAILS]) from None


def _without_nulls(value: Any) -> Any:
    """A null is how models leave a member out. The depth is bounded by the JSON reader."""
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


class _Drafting:
    """One draft under way: the steps in their order, and the usages so far."""

    def __init__(
        self,
        service: AIService,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        deadline: float | None,
        on_phase: OnPhase,
        max_steps: int,
        policies: Policies,
    ) -> None:
        self._service = service
        self._policies = policies
        self._issue = issue
        self._components = components
        self._deadline = deadline
        self._on_phase = on_phase
        self._max_steps = max_steps
        self._clock = asyncio.get_running_loop().time
        self.usages: tuple[Usage, ...] = ()

    async def run(self) -> Draft:
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
        plan = with_known_citations(plan, self._policies)
        seconds = self._clock() - started
        cited = self._policies.cited(each for step in plan.steps for each in step.cites)
        people = gate_people(plan, self._components, self._policies)
        return Draft(plan, report, selected, self._components, self.usages, seconds, cited, people)

    async def _select(self) -> tuple[str, ...]:
        offered = len(self._components)
        if offered == 0:
            raise NothingFits(offered=0)
        await self._on_phase(Phase.SELECTING, {"offered": offered})
        selection = await self._service.select(self._issue, self._components, deadline=self._deadline)
        self.usages += selection.usages
        if not selection.keys:
            raise NothingFits(offered=offered)
        return selection.keys

    async def _plan(self, selected: tuple[str, ...]) -> Plan:
        await self._on_phase(Phase.PLANNING, {"selected": len(selected)})
        chosen = self._shown(selected)
        drafted = await self._service.plan(self._issue, chosen, deadline=self._deadline, policies=self._policies)
        self.usages += drafted.usages
        return with_gates(drafted.plan, self._components, self._policies)

    def _shown(self, keys: Iterable[str]) -> dict[str, ComponentSpec]:
        """Components by their keys, with those that rules about them demand."""
        return {key: self._components[key] for key in self._policies.with_demanded(keys, self._components)}

    async def _check(self, plan: Plan, selected: tuple[str, ...], repairs: int) -> Report:
        await self._on_phase(Phase.CHECKING, {"repairs": repairs})
        said = {"place": self._issue.place, "urgency": self._issue.urgency}
        return validate(
            plan,
            self._components,
            selected=selected,
            max_steps=self._max_steps,
            not_said=[name for name, text in said.items() if not text],
            policies=self._policies,
        )

    async def _repair(self, plan: Plan, report: Report, selected: tuple[str, ...], repairs: int) -> Plan:
        await self._on_phase(Phase.REPAIRING, {"repairs": repairs, "faults": len(report.errors)})
        used = (step.component_id for step in plan.steps if step.component_id in self._components)
        shown = self._shown((*selected, *used))
        drafted = await self._service.repair(
            self._issue, shown, plan, report.errors, deadline=self._deadline, policies=self._policies
        )
        self.usages += drafted.usages
        return with_gates(drafted.plan, self._components, self._policies)
