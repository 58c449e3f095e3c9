"""WorkflowService: the life of a plan, from an issue to a version that people can decide about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AICall, Card, WorkflowPlan, Workspace
from db.queue import enqueue
from services import audit, homes
from services.ai.service import Draft, Usage
from services.approvals import ApprovalService
from services.audit import Actor
from services.cards import CardService
from services.errors import NotFound, StaleVersion
from services.jobs import DraftPlan, OpenPlan, PostCard
from services.mentions import PARTS, Part, is_marked, readable
from services.plans.model import Issue
from services.states import Phase, PlanState, check_move
from services.workflows.drafts import Failure, failure_to_json, issue_of, version_row


class WorkflowService:
    """Plans and the moves they make. Every method takes a session and leaves the commit to its caller."""

    def __init__(self, cards: CardService, approvals: ApprovalService) -> None:
        self._cards = cards
        self._approvals = approvals

    async def open_plan(self, session: AsyncSession, request: OpenPlan, parts: Sequence[Part] = ()) -> UUID:
        """Write an issue down as a plan in DRAFTING and schedule its card and its draft; once per inbox key.

        `parts` are those of its text; none where it is plain words.
        """
        workspace_id = request.workspace
        known = await session.scalar(
            select(WorkflowPlan.id).where(
                WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.inbox_key == request.key
            )
        )
        if known is not None:
            return known
        plan = WorkflowPlan(
            id=uuid4(),
            workspace_id=workspace_id,
            number=await self._next_number(session, workspace_id),
            inbox_key=request.key,
            source=request.source,
            channel_id=request.channel,
            message_ts=request.message_ts,
            thread_ts=request.thread_ts,
            reporter_id=request.reporter,
            response_url=request.response_url,
            issue_text=readable(parts) or request.text,
            issue_parts=PARTS.dump_python(tuple(parts), mode="json") if is_marked(parts) else [],
            place=request.place,
            urgency=request.urgency,
            state=PlanState.DRAFTING,
            phase=Phase.WAITING,
        )
        session.add(plan)
        await session.flush()
        session.add(
            Card(
                workspace_id=workspace_id,
                plan_id=plan.id,
                channel_id=plan.channel_id,
                thread_ts=plan.thread_ts,
            )
        )
        await audit.record(
            session,
            workspace_id,
            subject=plan.id,
            actor=Actor(request.reporter, request.channel, request.message_ts),
            action="plan.opened",
            source=plan.source,
            key=plan.inbox_key,
        )
        await enqueue(session, PostCard(workspace=workspace_id, plan=plan.id), key=f"post:{plan.id}")
        await self._schedule_draft(session, plan)
        await homes.request_redraw(session, workspace_id, plan.id)
        return plan.id

    async def begin_draft(
        self, session: AsyncSession, workspace_id: UUID, job: DraftPlan, claim: UUID
    ) -> Issue | None:
        """Claim the draft for the worker that calls; None if this draft is no longer wanted."""
        plan = await self._locked(session, workspace_id, job.plan)
        if plan.state != PlanState.DRAFTING or plan.draft != job.draft:
            return None
        plan.claim = claim
        # What a worker that died had come to know is not known of this draft.
        plan.phase_facts = {}
        return issue_of(plan)

    async def note_phase(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        claim: UUID,
        phase: Phase,
        facts: dict[str, Any],
    ) -> bool:
        """Record how far the draft has come. False if the claim has passed to another worker."""
        plan = await self._claimed(session, workspace_id, plan_id, claim)
        if plan is None:
            return False
        plan.phase = phase
        plan.phase_facts = {**plan.phase_facts, **facts}
        await session.flush()
        await self._cards.request_progress(session, workspace_id, plan_id)
        return True

    async def store_version(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, claim: UUID, draft: Draft
    ) -> bool:
        """Keep what the agents drafted: the plan becomes a DRAFT. False if the claim is no longer held."""
        plan = await self._claimed(session, workspace_id, plan_id, claim)
        if plan is None:
            return False
        plan.version = (plan.version or 0) + 1
        plan.title = draft.plan.workflow_name
        plan.steps = len(draft.plan.steps)
        session.add(version_row(plan, plan.version, draft))
        plan.failure = None
        await self._move(
            session, plan, PlanState.DRAFT, actor=audit.SYSTEM, action="plan.drafted", version=plan.version
        )
        return True

    async def fail(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        failure: Failure,
        *,
        claim: UUID | None = None,
    ) -> bool:
        """End drafting without a plan. With a claim, only while it is still held."""
        plan = await self._locked(session, workspace_id, plan_id)
        if plan.state != PlanState.DRAFTING or (claim is not None and plan.claim != claim):
            return False
        await self._fail(session, plan, failure)
        return True

    async def fail_unseen(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, failure: Failure
    ) -> bool:
        """End a plan that nobody can be shown, drafted or not. False if it is further than that."""
        plan = await self._locked(session, workspace_id, plan_id)
        if plan.state not in (PlanState.DRAFTING, PlanState.DRAFT):
            return False
        await self._fail(session, plan, failure)
        return True

    async def fail_all(self, session: AsyncSession, workspace_id: UUID, failure: Failure, *, limit: int) -> int:
        """End at most so many drafts that are under way; how many there were."""
        plans = await session.scalars(
            select(WorkflowPlan)
            .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.state == PlanState.DRAFTING)
            .order_by(WorkflowPlan.id)
            .limit(limit)
            .with_for_update()
        )
        ended = plans.all()
        for plan in ended:
            await self._fail(session, plan, failure)
        return len(ended)

    async def discard(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        revision: int,
        actor: Actor,
        now: datetime,
    ) -> None:
        """Put a plan away for good: approvers may, and whoever asked for it.

        Raises NotAnApprover, StaleVersion, MoveNotAllowed or NotFound.
        """
        plan = await self._shown(session, workspace_id, plan_id, revision)
        await self._approvals.check_may_discard(session, workspace_id, actor.user, requester=plan.reporter_id)
        plan.decided_by = actor.user
        plan.decided_at = now
        await self._move(session, plan, PlanState.DISCARDED, actor=actor, action="plan.discarded")

    async def try_again(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, revision: int, actor: Actor
    ) -> None:
        """Draft a failed plan once more. Raises StaleVersion, MoveNotAllowed or NotFound."""
        plan = await self._shown(session, workspace_id, plan_id, revision)
        check_move(PlanState(plan.state), PlanState.DRAFTING)
        plan.draft += 1
        plan.phase = Phase.WAITING
        plan.phase_facts = {}
        await self._move(session, plan, PlanState.DRAFTING, actor=actor, action="plan.tried_again")
        await self._schedule_draft(session, plan)

    async def approve(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        revision: int,
        actor: Actor,
        now: datetime,
    ) -> int:
        """Agree to a plan as it was shown; returns the version.

        Raises StaleVersion, MoveNotAllowed, NotFound, NotAnApprover or SelfApproval.
        """
        plan = await self._shown(session, workspace_id, plan_id, revision)
        await self._approvals.check(session, workspace_id, actor.user, requester=plan.reporter_id)
        plan.decided_by = actor.user
        plan.decided_at = now
        await self._move(
            session, plan, PlanState.APPROVED, actor=actor, action="plan.approved", version=plan.version
        )
        return plan.version or 0

    async def record_calls(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, usages: Sequence[Usage]
    ) -> None:
        """Keep what every call of the model cost, whether or not it led to a plan."""
        if usages:
            await session.execute(
                insert(AICall),
                [{"workspace_id": workspace_id, "plan_id": plan_id, **usage.to_row()} for usage in usages],
            )

    async def _fail(self, session: AsyncSession, plan: WorkflowPlan, failure: Failure) -> None:
        plan.failure = failure_to_json(failure)
        await self._move(
            session, plan, PlanState.FAILED, actor=audit.SYSTEM, action="plan.failed", code=failure.code
        )

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
        plan.revision += 1
        if wanted != PlanState.DRAFTING:
            plan.claim = None
            plan.phase = None
        await audit.record(session, plan.workspace_id, subject=plan.id, actor=actor, action=action, **facts)
        await self._cards.request_redraw(session, plan.workspace_id, plan.id)

    async def _schedule_draft(self, session: AsyncSession, plan: WorkflowPlan) -> None:
        job = DraftPlan(workspace=plan.workspace_id, plan=plan.id, draft=plan.draft)
        await enqueue(session, job, key=f"draft:{plan.id}:{plan.draft}")

    async def _next_number(self, session: AsyncSession, workspace_id: UUID) -> int:
        result = await session.execute(
            update(Workspace)
            .where(Workspace.id == workspace_id)
            .values(last_plan_number=Workspace.last_plan_number + 1)
            .returning(Workspace.last_plan_number)
        )
        return result.scalar_one()

    async def _locked(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID) -> WorkflowPlan:
        plan = await session.scalar(
            select(WorkflowPlan)
            .where(WorkflowPlan.workspace_id == workspace_id, WorkflowPlan.id == plan_id)
            .with_for_update()
        )
        if plan is None:
            raise NotFound("plan", plan_id)
        return plan

    async def _claimed(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, claim: UUID
    ) -> WorkflowPlan | None:
        plan = await self._locked(session, workspace_id, plan_id)
        return plan if plan.state == PlanState.DRAFTING and plan.claim == claim else None

    async def _shown(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, revision: int
    ) -> WorkflowPlan:
        plan = await self._locked(session, workspace_id, plan_id)
        if plan.revision != revision:
            raise StaleVersion(shown=revision, current=plan.revision, state=plan.state)
        return plan
