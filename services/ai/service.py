"""AIService: two agents make a plan of an issue. The selector picks components, the plan maker arranges them.

No database is seen here. What every call of the model cost comes back with the result, or on the error.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from services.ai import prompts
from services.ai.answer_schemas import plan_schema, selector_schema
from services.ai.drafting import Draft, Drafting, OnPhase, PlanProposal, Selection
from services.ai.errors import (
    DraftFailed,
    GeminiEmpty,
    GeminiError,
    GeminiMalformed,
    GeminiRefused,
    GeminiTruncated,
)
from services.ai.gemini import GeminiClient, ModelAnswer
from services.ai.usage import Usage
from services.components.specs import ComponentSpec
from services.learning.memory import NOTHING, Memory
from services.plans.model import Issue, Plan
from services.plans.validation import Fault
from services.policies.specs import NO_POLICIES, Policies

__all__ = ["AIService", "Draft", "OnPhase", "PlanProposal", "Selection", "Usage"]

log = logging.getLogger(__name__)

SECONDS_TO_MAKE_SENSE = 20.0
"""A valid plan is not sent back for what makes no sense in it with less time than this left."""

UTC_ZONE = ZoneInfo("UTC")


def utc_now() -> datetime:
    """The time, with zone."""
    return datetime.now(UTC)


_T = TypeVar("_T")


class AIService:
    """Drafts plans with one Gemini client. A deadline is a reading of the running loop's clock.

    `explain` says a fault in the words that people see, for the model that is to mend it.
    """

    def __init__(
        self,
        gemini: GeminiClient,
        *,
        max_steps: int = 200,
        zone: ZoneInfo = UTC_ZONE,
        now: Callable[[], datetime] = utc_now,
        explain: prompts.Explain | None = None,
        seconds_to_make_sense: float = SECONDS_TO_MAKE_SENSE,
    ) -> None:
        self._gemini = gemini
        self._max_steps = max_steps
        self._zone = zone
        self._now = now
        self._explain = explain
        self._enums = _EnumLimit()
        self._seconds_to_make_sense = seconds_to_make_sense

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
        memory: Memory = NOTHING,
        policies: Policies = NO_POLICIES,
    ) -> Draft:
        """Select, plan, validate, repair what is invalid, and try other plans where a repair does not help.

        `components` are the active ones by key; of `memory` is told what fits those that are chosen, and
        `policies` are those in force. Raises NothingFits, PlanRejected or a GeminiError, each with the usages of
        every call; what `on_phase` raises passes through.
        """
        least = self._gemini.least
        drafting = Drafting(
            self,
            issue,
            components,
            deadline,
            on_phase,
            max_steps=self._max_steps,
            least=least,
            seconds_to_make_sense=self._seconds_to_make_sense,
            memory=memory,
            policies=policies,
        )
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
        question = _Question("selector", prompts.SELECTOR_SYSTEM, prompt, selector_schema, tuple(components), read)
        keys, usages = await self._ask(question, deadline)
        return Selection(keys, usages)

    async def plan(
        self,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        *,
        deadline: float | None = None,
        memory: Memory = NOTHING,
        policies: Policies = NO_POLICIES,
    ) -> PlanProposal:
        """Let the plan maker arrange the given components."""
        today = self._today()
        prompt = prompts.planner_prompt(
            issue, components.values(), self._max_steps, today=today, memory=memory, policies=policies
        )
        return await self._ask_for_plan("planner", prompt, components, deadline)

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
        """Let the plan maker remove the named faults from a plan."""
        prompt = prompts.repair_prompt(
            issue,
            components.values(),
            self._max_steps,
            plan,
            faults,
            today=self._today(),
            explain=self._explain,
            memory=memory,
            policies=policies,
        )
        return await self._ask_for_plan("repair", prompt, components, deadline)

    def _today(self) -> str:
        return prompts.today_in(self._zone, self._now())

    async def _ask_for_plan(
        self, agent: str, prompt: str, components: Collection[str], deadline: float | None
    ) -> PlanProposal:
        def read(document: Any) -> Plan:
            return _shaped(Plan, document)

        question = _Question(agent, prompts.PLANNER_SYSTEM, prompt, plan_schema, tuple(components), read)
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
        answer, usages = await self._generate(question, deadline)
        try:
            return question.read(answer.document), (*usages, answer.usage)
        except GeminiMalformed as error:
            error.usages = (*usages, replace(answer.usage, outcome=error.outcome))
            raise

    async def _generate(
        self, question: _Question[_T], deadline: float | None
    ) -> tuple[ModelAnswer, tuple[Usage, ...]]:
        """Ask with the ids of the components as an enum, and without where the API finds that too large."""
        refused: tuple[Usage, ...] = ()
        if question.keys and len(question.keys) <= self._enums.most:
            try:
                return await self._generate_with(question, question.schema(question.keys), deadline), ()
            except GeminiRefused as error:
                if error.status != HTTPStatus.BAD_REQUEST or error.reason:
                    raise
                log.warning(
                    "The API took no enum of %d ids, so it is asked without: %s", len(question.keys), error
                )
                refused = error.usages
        try:
            answer = await self._generate_with(question, question.schema(()), deadline)
        except GeminiError as error:
            error.usages = (*refused, *error.usages)
            raise
        if refused:
            # It was the enum; the next one that long would be refused as well.
            self._enums.most = len(question.keys) - 1
        return answer, refused

    async def _generate_with(
        self, question: _Question[_T], schema: Mapping[str, Any], deadline: float | None
    ) -> ModelAnswer:
        return await self._gemini.generate_async(
            system=question.system, prompt=question.prompt, schema=schema, agent=question.agent, deadline=deadline
        )


@dataclass(slots=True)
class _EnumLimit:
    """The longest enum that the API may take, by what it has refused so far; one for all towns."""

    most: float = math.inf


@dataclass(frozen=True, slots=True)
class _Question(Generic[_T]):
    """What an agent is asked, and how its answer is read; `read` raises GeminiMalformed."""

    agent: str
    system: str
    prompt: str
    schema: Callable[[Collection[str]], Mapping[str, Any]]
    keys: tuple[str, ...]
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
