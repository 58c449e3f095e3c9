"""Refining: a plan is changed as somebody wishes, by the same agents and under the same rules as a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.ai import prompts, refining_prompts
from services.ai.answer_schemas import plan_schema, selector_schema
from services.ai.drafting import Draft, PlanProposal, Selection
from services.ai.prompts import Explain
from services.ai.questions import Question, Questioner, SelectorAnswer, shaped
from services.ai.wishes import Wish
from services.components.specs import ComponentSpec
from services.learning.memory import NOTHING, Memory
from services.plans.model import Issue, Plan, as_answered
from services.plans.polls import component_keys
from services.plans.validation import Fault, FaultCode, Report
from services.policies.specs import NO_POLICIES, Policies


@dataclass(frozen=True, slots=True)
class RefiningAgents:
    """The agents of a draft, told of the wish in all that they are asked. `today` says the day in words."""

    questioner: Questioner
    wish: Wish
    today: Callable[[], str]
    max_steps: int
    explain: Explain | None

    async def select(
        self, issue: Issue, components: Mapping[str, ComponentSpec], *, deadline: float | None = None
    ) -> Selection:
        """Choose what the change needs; the components of the plan are there anyway."""

        def read(document: Any) -> tuple[str, ...]:
            chosen = shaped(SelectorAnswer, document).selected_component_ids
            return tuple(key for key in dict.fromkeys(chosen) if key in components)

        prompt = refining_prompts.selector_prompt(issue, components.values(), self.wish, today=self.today())
        question = Question(
            "selector",
            prompts.SELECTOR_SYSTEM,
            prompt,
            selector_schema,
            tuple(components),
            read,
            issue.pictures,
        )
        keys, usages = await self.questioner.ask(question, deadline)
        used = component_keys(self.wish.plan) if self.wish.plan else set[str]()
        kept = [key for key, spec in components.items() if key in used and spec.active]
        return Selection(tuple(dict.fromkeys([*kept, *keys])), usages)

    async def plan(
        self,
        issue: Issue,
        components: Mapping[str, ComponentSpec],
        *,
        deadline: float | None = None,
        memory: Memory = NOTHING,
        policies: Policies = NO_POLICIES,
    ) -> PlanProposal:
        """Change the plan."""
        prompt = refining_prompts.planner_prompt(
            issue,
            components.values(),
            self.max_steps,
            self.wish,
            today=self.today(),
            explain=self.explain,
            memory=memory,
            policies=policies,
        )
        return await self._ask("refiner", prompt, components, deadline, issue.pictures)

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
        """Remove faults from the changed plan."""
        prompt = refining_prompts.repair_prompt(
            issue,
            components.values(),
            self.max_steps,
            plan,
            faults,
            self.wish,
            today=self.today(),
            explain=self.explain,
            memory=memory,
            policies=policies,
        )
        return await self._ask("repair", prompt, components, deadline, issue.pictures)

    async def _ask(
        self,
        agent: str,
        prompt: str,
        components: Mapping[str, ComponentSpec],
        deadline: float | None,
        pictures: tuple[bytes, ...],
    ) -> PlanProposal:
        def read(document: Any) -> Plan:
            return as_answered(shaped(Plan, document), self.wish.plan)

        question = Question(agent, prompts.PLANNER_SYSTEM, prompt, plan_schema, tuple(components), read, pictures)
        plan, usages = await self.questioner.ask(question, deadline)
        return PlanProposal(plan, usages)


def refined(draft: Draft) -> Draft:
    """A changed plan without word of components that it does not use: that may be what was wished for."""
    warnings = tuple(fault for fault in draft.warnings if fault.code is not FaultCode.UNUSED_SELECTION)
    return replace(draft, report=Report(draft.report.errors, warnings))
