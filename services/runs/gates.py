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

    async def agree(
        self, session: AsyncSession, workspace_id: UUID, step: StepRun, user: str, absent: str | None = None
    ) -> bool:
        """Note that `user`, who may decide, agrees to a step at its gate; whether that is enough now.

        Only those count who are approvers now. A deputy's agreement is that of the `absent`, and nobody agrees
        twice: not for two who are away, nor for one of them and themselves. Raises AlreadyAgreed if it changes
        nothing.
        """
        settings = await self._approvals.settings(session, workspace_id)
        gate = await self.get(session, step)
        before = [other for other in gate.agreed if other in settings.approvers]
        hands = {gate.deputies.get(other, other) for other in before}
        whose = absent or user
        is_new = whose not in before and user not in hands
        gate.agreed = [*before, whose] if is_new else before
        if is_new and absent is not None:
            gate.deputies = {**gate.deputies, absent: user}
        if len(gate.agreed) >= settings.quorum:
            return True
        if not is_new:
            raise AlreadyAgreed(user, agreed=len(before), quorum=settings.quorum)
        return False

    async def named(self, session: AsyncSession, run: Run, step: StepRun) -> list[str] | None:
        """Those whom policies name to agree to a step; None: whoever may decide about others."""
        version = select(PlanVersion.gate_people).where(
            PlanVersion.plan_id == run.plan_id, PlanVersion.version == run.version
        )
        people: list[str] | None = (await session.scalar(version) or {}).get(step.step_id)
        return people

    async def check_named(self, session: AsyncSession, run: Run, step: StepRun, user: str) -> None:
        """Whether policies let `user` agree to a step, who may decide about others. Raises NotNamed."""
        people = await self.named(session, run, step)
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
