"""A plan judged by the components and policies of today, and made ready to be kept as a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.session import ReadSession
from services.ai.drafting import judged
from services.ai.service import Draft
from services.components.builtins import BUILTINS
from services.components.service import ComponentService
from services.components.specs import ComponentSpec
from services.plans.model import Issue, Plan
from services.plans.polls import component_keys
from services.plans.validation import FaultCode, Report
from services.plans.validation.policies import gate_people
from services.policies.service import PolicyService
from services.policies.specs import Citation, Policies


@dataclass(frozen=True, slots=True)
class Rules:
    """What a plan is judged by: those of its components that there are, and the policies in force."""

    components: Mapping[str, ComponentSpec]
    policies: Policies


class RecheckService:
    """Plans that are not the agents' any more. Its readings leave the session to the caller."""

    def __init__(self, components: ComponentService, policies: PolicyService, max_steps: int) -> None:
        self._components = components
        self._policies = policies
        self._max_steps = max_steps

    async def rules(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, issue: Issue, plan: Plan, day: date
    ) -> Rules:
        """What the plan is judged by on that day of the town."""
        keys = sorted(component_keys(plan) - BUILTINS.keys())
        known = await self._components.by_keys(session, workspace_id, keys)
        policies = await self._policies.for_issue(session, workspace_id, issue.text, day)
        return Rules({**known, **BUILTINS}, policies)

    async def draft(
        self, plan: Plan, issue: Issue, rules: Rules, *, selected: Sequence[str], citations: Sequence[Citation]
    ) -> Draft:
        """The plan with all that is said of it. `citations` are those that it has had so far: they stay good."""
        found = await judged(plan, rules.components, issue, policies=rules.policies, max_steps=self._max_steps)
        cited = {each for step in plan.steps for each in step.cites}
        known = {citation.id: citation for citation in (*citations, *rules.policies.cited(cited))}
        warnings = tuple(
            fault
            for fault in found.warnings
            if fault.code is not FaultCode.UNKNOWN_CITATION or fault.detail["passage"] not in known
        )
        return Draft(
            plan,
            Report(found.errors, warnings),
            tuple(selected),
            rules.components,
            (),
            0.0,
            tuple(citation for citation in known.values() if citation.id in cited),
            gate_people(plan, rules.components, rules.policies),
        )
