"""Gates: where a step waits until enough people agree, and what happens if they don't."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PlanVersion, Run, StepGate, StepRun
from db.queue import enqueue
from services.approvals import AlreadyAgreed, ApprovalService, NotNamed
from services.jobs import GateLimit, RemindGate


class GateService:
    """Opens gates and counts who agrees. Every method takes a session and leaves the commit to its caller."""

    def __init__(self, approvals: ApprovalService) -> None:
        self._approvals = approvals

    async def open(self, session: AsyncSession, run: Run, step: StepRun, now: datetime) -> None:
        """A step begins to wait for people: schedule the reminder and the time limit that the rules ask for."""
        settings = await self._approvals.settings(session, run.workspace_id)
        limit = None if settings.limit_minutes is None else timedelta(minutes=settings.limit_minutes)
        session.add(
            StepGate(
                workspace_id=run.workspace_id,
                step_run_id=step.id,
                revision=step.revision,
                limit_at=None if limit is None else now + limit,
                limit_outcome=None if limit is None else settings.limit_outcome,
            )
        )
        await session.flush()
        if pause := settings.pause(1):
            job = RemindGate(
                workspace=run.workspace_id, plan=run.plan_id, run=run.id, step=step.id, revision=step.revision
            )
            await enqueue(session, job, after=pause, key=f"remind:{step.id}:{step.revision}:1")
        if limit is not None:
            end = GateLimit(workspace=run.workspace_id, run=run.id, step=step.id, revision=step.revision)
            await enqueue(session, end, after=limit, key=f"limit:{step.id}:{step.revision}")

    async def agree(self, session: AsyncSession, workspace_id: UUID, step: StepRun, user: str) -> bool:
        """Note that `user`, who may decide, agrees to a step at its gate; whether that is enough now.

        Only those count who are approvers now. Raises AlreadyAgreed if it changes nothing.
        """
        settings = await self._approvals.settings(session, workspace_id)
        gate = await self.get(session, step)
        before = [other for other in gate.agreed if other in settings.approvers]
        gate.agreed = before if user in before else [*before, user]
        if len(gate.agreed) >= settings.quorum:
            return True
        if user in before:
            raise AlreadyAgreed(user, agreed=len(before), quorum=settings.quorum)
        return False

    async def check_named(self, session: AsyncSession, run: Run, step: StepRun, user: str) -> None:
        """Whether policies let `user` agree to a step, who may decide about others. Raises NotNamed."""
        version = select(PlanVersion.gate_people).where(
            PlanVersion.plan_id == run.plan_id, PlanVersion.version == run.version
        )
        people = (await session.scalar(version) or {}).get(step.step_id)
        if people is not None and user not in people:
            raise NotNamed(user, people)

    async def get(self, session: AsyncSession, step: StepRun) -> StepGate:
        """The gate at which a step waits now. The caller holds the run's row."""
        return (
            await session.scalars(
                select(StepGate)
                .where(StepGate.step_run_id == step.id, StepGate.revision == step.revision)
                .execution_options(populate_existing=True)
            )
        ).one()
