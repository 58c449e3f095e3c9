"""AIService: two agents make a plan of an issue. The selector picks components, the plan maker arranges them.

No database is seen here. What every call of the model cost comes back with the result, or on the error.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from services.ai import prompts
from services.ai.answer_schemas import plan_schema, selector_schema
from services.ai.drafting import Agents, Draft, Drafting, OnPhase, PlanProposal, Selection, judged
from services.ai.errors import DraftFailed, GeminiMalformed
from services.ai.gemini import GeminiClient
from services.ai.questions import Question, Questioner, SelectorAnswer, shaped
from services.ai.refining import RefiningAgents, refined
from services.ai.usage import Usage
from services.ai.wishes import Wish
from services.components.specs import ComponentSpec
from services.learning.memory import NOTHING, Memory
from services.plans.model import Issue, Plan, as_answered
from services.plans.validation import Fault, Report
from services.plans.validation.contracts import Contracts
from services.policies.specs import NO_POLICIES, Policies

__all__ = ["AIService", "Draft", "OnPhase", "PlanProposal", "Selection", "Usage"]

log = logging.getLogger(__name__)

SECONDS_TO_MAKE_SENSE = 20.0
"""A valid plan is not sent back for what makes no sense in it with less time than this left."""

UTC_ZONE = ZoneInfo("UTC")


def utc_now() -> datetime:
    """The time, with zone."""
    return datetime.now(UTC)


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
        self._questioner = Questioner(gemini)
        self._max_steps = max_steps
        self._zone = zone
        self._now = now
        self._explain = explain
        self._seconds_to_make_sense = seconds_to_make_sense
        self._contracts = Contracts()

    def in_zone(self, zone: ZoneInfo) -> Self:
        """The same service, for a town whose clocks show that time zone's time."""
        other = copy.copy(self)
        other._zone = zone
        other._contracts = Contracts()
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
        wish: Wish | None = None,
    ) -> Draft:
        """Select, plan, validate, repair what is invalid, and try other plans where a repair does not help.

        `components` are the active ones by key; of `memory` is told what fits those that are chosen, and
        `policies` are those in force. With a `wish` the plan that there is is changed. Raises NothingFits,
        PlanRejected or a GeminiError, each with the usages of every call; what `on_phase` raises passes through.
        """
        least = self._questioner.least
        agents: Agents = self
        if wish is not None:
            agents = RefiningAgents(self._questioner, wish, self._today, self._max_steps, self._explain)
        drafting = Drafting(
            agents,
            issue,
            components,
            deadline,
            on_phase,
            max_steps=self._max_steps,
            least=least,
            seconds_to_make_sense=self._seconds_to_make_sense,
            memory=memory,
            policies=policies,
            contracts=self._contracts,
        )
        try:
            draft = await drafting.run()
        except DraftFailed as error:
            error.usages = (*drafting.usages, *error.usages)
            raise
        return draft if wish is None else refined(draft)

    async def judged(
        self, plan: Plan, components: Mapping[str, ComponentSpec], issue: Issue, policies: Policies
    ) -> Report:
        """What is wrong with a plan as it stands, by the rules for drafts."""
        return await judged(
            plan,
            components,
            issue,
            policies=policies,
            max_steps=self._max_steps,
            contracts=self._contracts,
        )

    async def select(
        self, issue: Issue, components: Mapping[str, ComponentSpec], *, deadline: float | None = None
    ) -> Selection:
        """Let the selector choose. Ids it made up are dropped; with nothing else left it is asked once more."""

        def read(document: Any) -> tuple[str, ...]:
            chosen = shaped(SelectorAnswer, document).selected_component_ids
            known = tuple(key for key in dict.fromkeys(chosen) if key in components)
            if chosen and not known:
                raise GeminiMalformed("unknown_ids", ", ".join(chosen[:3])[:200])
            return known

        prompt = prompts.selector_prompt(issue, components.values(), today=self._today())
        question = Question(
            "selector",
            prompts.SELECTOR_SYSTEM,
            prompt,
            selector_schema,
            tuple(components),
            read,
            issue.pictures,
        )
        keys, usages = await self._questioner.ask(question, deadline)
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
        return await self._ask_for_plan("planner", prompt, components, deadline, issue.pictures)

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
        return await self._ask_for_plan("repair", prompt, components, deadline, issue.pictures)

    def _today(self) -> str:
        return prompts.today_in(self._zone, self._now())

    async def _ask_for_plan(
        self,
        agent: str,
        prompt: str,
        components: Collection[str],
        deadline: float | None,
        pictures: tuple[bytes, ...],
    ) -> PlanProposal:
        def read(document: Any) -> Plan:
            return as_answered(shaped(Plan, document))

        question = Question(agent, prompts.PLANNER_SYSTEM, prompt, plan_schema, tuple(components), read, pictures)
        plan, usages = await self._questioner.ask(question, deadline)
        return PlanProposal(plan, usages)
