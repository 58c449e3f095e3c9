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
from services.audit import Actor
from services.jobs import DraftPlan, OpenPlan, PostCard, TellOfWish, WishOutcome
from services.mentions import PARTS, Part, is_marked, readable
from services.plans.attached import AttachedPicture, pictures_among
from services.plans.model import Issue
from services.states import Phase, PlanState
from services.workflows.clarifications import is_asking
from services.workflows.drafts import Failure, failure_to_json, issue_of
from services.workflows.moves import PlanMoves
from services.workflows.versions import is_changing, made_of, next_version


class WorkflowService(PlanMoves):
    """Plans and the moves they make. Every method takes a session and leaves the commit to its caller."""

    async def open_plan(
        self, session: AsyncSession, request: OpenPlan, parts: Sequence[Part] = (), locale: str | None = None
    ) -> UUID:
        """Write an issue down as a plan in DRAFTING and schedule its card and its draft; once per inbox key.

        `parts` are those of its text; none where it is plain words. `locale` is that of whoever asks for it.
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
            requester_id=None if request.requester == request.reporter else request.requester,
            response_url=request.response_url,
            issue_text=readable(parts) or request.text,
            issue_parts=PARTS.dump_python(tuple(parts), mode="json") if is_marked(parts) else [],
            place=request.place,
            urgency=request.urgency,
            locale=locale,
            permalink=request.permalink,
            pictures=[picture.to_dict() for picture in pictures_among(request.files)],
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
            actor=Actor(request.requester or request.reporter, request.channel, request.message_ts, request.press),
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
        if plan.state != PlanState.DRAFTING or plan.draft != job.draft or is_asking(plan):
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

    async def note_pictures(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        plan_id: UUID,
        claim: UUID,
        pictures: Sequence[AttachedPicture],
    ) -> None:
        """Keep which of the issue's pictures could not be looked at; nothing if the claim is no longer held."""
        plan = await self._claimed(session, workspace_id, plan_id, claim)
        if plan is not None:
            plan.pictures = [picture.to_dict() for picture in pictures]

    async def store_version(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, claim: UUID, draft: Draft
    ) -> bool:
        """Keep what the agents drafted: the plan becomes a DRAFT. False if the claim is no longer held."""
        plan = await self._claimed(session, workspace_id, plan_id, claim)
        if plan is None:
            return False
        made = made_of(plan)
        session.add(next_version(plan, draft, made))
        plan.failure = plan.change = None
        facts = {"version": plan.version} | ({"wish": made.wish} if made.wish else {})
        actor, action = made.actor or audit.SYSTEM, f"plan.{made.kind}"
        await self._move(session, plan, PlanState.DRAFT, actor=actor, action=action, **facts)
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
        """End drafting without a plan. With a claim, only while it is still held.

        A plan that was to be changed stands again as it was, and whoever wanted that is told why.
        """
        plan = await self._locked(session, workspace_id, plan_id)
        if plan.state != PlanState.DRAFTING or (claim is not None and plan.claim != claim):
            return False
        if is_changing(plan):
            await self._stand_again(session, plan, WishOutcome.FAILED, failure)
        else:
            await self._fail(session, plan, failure)
        return True

    async def keep_as_is(self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, claim: UUID) -> bool:
        """What was wished for is there already: the plan stands again. False if the claim is no longer held."""
        plan = await self._claimed(session, workspace_id, plan_id, claim)
        if plan is None:
            return False
        await self._stand_again(session, plan, WishOutcome.SAME)
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
        absent = await self._approvals.check_may_discard(
            session, workspace_id, actor.user, requester=plan.reporter_id, also=plan.requester_id, now=now
        )
        plan.decided_by, plan.decided_for, plan.decided_at = actor.user, absent, now
        facts = {"on_behalf_of": absent} if absent else {}
        await self._move(session, plan, PlanState.DISCARDED, actor=actor, action="plan.discarded", **facts)

    async def try_again(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, revision: int, actor: Actor
    ) -> None:
        """Draft a failed plan once more. Raises StaleVersion, MoveNotAllowed or NotFound."""
        plan = await self._shown(session, workspace_id, plan_id, revision)
        await self._draft_anew(session, plan, actor=actor, action="plan.tried_again")

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
        absent = await self._approvals.check(
            session, workspace_id, actor.user, requester=plan.reporter_id, also=plan.requester_id, now=now
        )
        plan.decided_by, plan.decided_for, plan.decided_at = actor.user, absent, now
        facts = {"on_behalf_of": absent} if absent else {}
        await self._move(
            session, plan, PlanState.APPROVED, actor=actor, action="plan.approved", version=plan.version, **facts
        )
        return plan.version or 0

    async def record_calls(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID | None, usages: Sequence[Usage]
    ) -> None:
        """Keep what every call of the model cost, whether or not it led to a plan."""
        if usages:
            await session.execute(
                insert(AICall),
                [{"workspace_id": workspace_id, "plan_id": plan_id, **usage.to_row()} for usage in usages],
            )

    async def _stand_again(
        self, session: AsyncSession, plan: WorkflowPlan, outcome: WishOutcome, failure: Failure | None = None
    ) -> None:
        """The version that there is is to be decided about again; the card says why, and a private word."""
        change = plan.change = {**(plan.change or {}), "outcome": outcome.value}
        if failure is not None:
            plan.change = {**change, "failure": failure_to_json(failure)}
        await self._move(
            session, plan, PlanState.DRAFT, actor=audit.SYSTEM, action="plan.not_changed", outcome=outcome.value
        )
        told = TellOfWish(
            workspace=plan.workspace_id,
            channel=change["channel"],
            user=change["by"],
            thread_ts=change["thread_ts"],
            wish=change["wish"],
            outcome=outcome,
            failure=failure_to_json(failure) if failure else None,
        )
        await enqueue(session, told, key=f"tell:{plan.id}:wish:{plan.revision}")

    async def _fail(self, session: AsyncSession, plan: WorkflowPlan, failure: Failure) -> None:
        plan.failure = failure_to_json(failure)
        await self._move(
            session, plan, PlanState.FAILED, actor=audit.SYSTEM, action="plan.failed", code=failure.code
        )

    async def _next_number(self, session: AsyncSession, workspace_id: UUID) -> int:
        result = await session.execute(
            update(Workspace)
            .where(Workspace.id == workspace_id)
            .values(last_plan_number=Workspace.last_plan_number + 1)
            .returning(Workspace.last_plan_number)
        )
        return result.scalar_one()

    async def _claimed(
        self, session: AsyncSession, workspace_id: UUID, plan_id: UUID, claim: UUID
    ) -> WorkflowPlan | None:
        plan = await self._locked(session, workspace_id, plan_id)
        return plan if plan.state == PlanState.DRAFTING and plan.claim == claim else None
