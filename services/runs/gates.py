"""Gates: where a step waits until enough people agree, and what happens if they don't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepGate, StepRun
from db.queue import enqueue
from services.approvals import AlreadyAgreed, ApprovalRules, ApprovalService
from services.jobs import GateLimit, RemindGate
from services.runs.held_steps import HeldGate


class GateService:
    """Opens gates. Every method takes a session and leaves the commit to its caller."""

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

    async def get(self, session: AsyncSession, step: StepRun) -> StepGate:
        """The gate at which a step waits now. The caller holds the run's row."""
        return (
            await session.scalars(
                select(StepGate)
                .where(StepGate.step_run_id == step.id, StepGate.revision == step.revision)
                .execution_options(populate_existing=True)
            )
        ).one()


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who agrees at a gate by now, as `StepGate` has it, and whether that is enough."""

    agreed: Sequence[str]
    deputies: Mapping[str, str]
    is_enough: bool


def agree(gate: HeldGate, rules: ApprovalRules, user: str, absent: str | None = None) -> Agreement:
    """What it makes of a gate that `user`, who may decide, agrees to the step.

    Only those count who are approvers now. A deputy's agreement is that of the `absent`, and nobody agrees twice:
    not for two who are away, nor for one of them and themselves. Raises AlreadyAgreed if it changes nothing. The
    caller holds the run's row.
    """
    before = [other for other in gate.agreed if other in rules.approvers]
    hands = {gate.deputies.get(other, other) for other in before}
    whose = absent or user
    is_new = whose not in before and user not in hands
    agreed = [*before, whose] if is_new else before
    if not is_new and len(agreed) < rules.quorum:
        raise AlreadyAgreed(user, agreed=len(before), quorum=rules.quorum)
    deputies = {**gate.deputies, absent: user} if is_new and absent is not None else gate.deputies
    return Agreement(agreed, deputies, len(agreed) >= rules.quorum)
