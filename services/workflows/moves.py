"""What all moves of a plan have in common: the row under lock, the table of moves, the record, the redraw."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import WorkflowPlan
from db.queue import enqueue
from services import audit
from services.approvals import ApprovalService
from services.audit import Actor
from services.cards import CardService
from services.errors import NotFound, StaleVersion
from services.jobs import DraftPlan
from services.states import Phase, PlanState, check_move
from services.workflows.clarifications import Settled, is_asking


class PlanMoves:
    """The base of the services that move plans."""

    def __init__(self, cards: CardService, approvals: ApprovalService) -> None:
        self._cards = cards
        self._approvals = approvals

    async def _move(
        self,
        session: AsyncSession,
        plan: WorkflowPlan,
        wanted: PlanState,
        *,
        actor: Actor,
        action: str,
        **facts: Any,
    ) -> None:
        check_move(PlanState(plan.state), wanted)
        plan.state = wanted
        if wanted != PlanState.DRAFTING:
            plan.claim = None
            plan.phase = None
        await self._changed(session, plan, actor=actor, action=action, **facts)

    async def _changed(
        self, session: AsyncSession, plan: WorkflowPlan, *, actor: Actor, action: str, **facts: Any
    ) -> None:
        """Put a change on record and have it shown: from here on every button of before is out of date."""
        plan.revision += 1
        await audit.record(session, plan.workspace_id, subject=plan.id, actor=actor, action=action, **facts)
        await self._cards.request_redraw(session, plan.workspace_id, plan.id)

    async def _draft_anew(
        self, session: AsyncSession, plan: WorkflowPlan, *, actor: Actor, action: str, **facts: Any
    ) -> None:
        """Let the agents work on the plan once more."""
        check_move(PlanState(plan.state), PlanState.DRAFTING)
        if is_asking(plan):
            # It was not drafted for want of a card, say: what was asked then is of no interest any more.
            plan.clarification = {**(plan.clarification or {}), "outcome": Settled.ANYWAY.value}
        plan.draft += 1
        plan.phase = Phase.WAITING
        plan.phase_facts = {}
        await self._move(session, plan, PlanState.DRAFTING, actor=actor, action=action, **facts)
        await self._schedule_draft(session, plan)

    async def _schedule_draft(self, session: AsyncSession, plan: WorkflowPlan) -> None:
        job = DraftPlan(workspace=plan.workspace_id, plan=plan.id, draft=plan.draft)
        await enqueue(session, job, key=f"draft:{plan.id}:{plan.draft}")

    async def _locked(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> WorkflowPlan:
        plan = await session.scalar(
            select(WorkflowPlan)
            .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)
            .with_for_update()
        )
        if plan is None:
            raise NotFound("plan", plan_id)
        return plan

    async def _shown(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, revision: int
    ) -> WorkflowPlan:
        plan = await self._locked(session, workspace_id, plan_id)
        if plan.revision != revision:
            raise StaleVersion(shown=revision, current=plan.revision, state=plan.state)
        return plan
