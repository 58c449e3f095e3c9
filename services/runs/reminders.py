"""ReminderService: what happens at a gate while nobody decides. Whatever it is, it is never consent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepGate, StepRun
from db.queue import enqueue
from services import audit
from services.approvals import ApprovalService, LimitOutcome
from services.jobs import GateLimit, RemindGate
from services.runs.gates import GateService
from services.runs.progress import RunProgress
from services.runs.service import RunService, record_decision
from services.states import RunState, StepState


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder that is due; `begun_at` if somebody may have posted it already."""

    gate_id: UUID
    number: int
    begun_at: datetime | None


class ReminderService:
    """Reminders and time limits. Every method takes a session and leaves the commit to its caller."""

    def __init__(
        self, runs: RunService, progress: RunProgress, approvals: ApprovalService, gates: GateService
    ) -> None:
        self._runs = runs
        self._progress = progress
        self._approvals = approvals
        self._gates = gates

    async def remind(self, session: AsyncSession, job: RemindGate, now: datetime) -> Reminder | None:
        """Note that people are about to be reminded, and schedule the next time; None if it is not wanted."""
        run = await self._runs.locked(session, job.workspace, job.run)
        found = await self._waiting(session, run, job.step, job.revision)
        if found is None or found[1].reminders > job.reminder:
            return None
        _, gate = found
        begun_at = gate.reminded_at if gate.reminders == job.reminder else None
        gate.reminders, gate.reminded_at = job.reminder, begun_at or now
        settings = await self._approvals.settings(session, job.workspace)
        if pause := settings.pause(job.reminder + 1):
            following = job.model_copy(update={"reminder": job.reminder + 1})
            key = f"remind:{job.step}:{job.revision}:{following.reminder}"
            await enqueue(session, following, after=pause, key=key)
        return Reminder(gate.id, job.reminder, begun_at)

    async def time_out(self, session: AsyncSession, job: GateLimit, now: datetime) -> None:
        """Do with a step what was to be done when its time is up; nothing if it does not wait any more."""
        run = await self._runs.locked(session, job.workspace, job.run)
        found = await self._waiting(session, run, job.step, job.revision)
        if found is None:
            return
        step, gate = found
        await audit.record(
            session,
            job.workspace,
            subject=run.id,
            actor=audit.SYSTEM,
            action="gate.timed_out",
            step=step.step_id,
            outcome=gate.limit_outcome,
        )
        if gate.limit_outcome in (LimitOutcome.FAIL, LimitOutcome.SKIP):
            await record_decision(session, run, step, "time_out", audit.SYSTEM.user, gate.limit_outcome)
            step.error = {"code": "gate_timeout"}
            step.decided_by = step.decided_for = step.decided_at = step.note = None
            is_skipped = gate.limit_outcome == LimitOutcome.SKIP
            await self._progress.move(session, step, StepState.SKIPPED if is_skipped else StepState.FAILED, now)
            if is_skipped:
                await self._progress.advance(session, run, step, now)
            await self._progress.settle(session, run, now)

    async def _waiting(
        self, session: AsyncSession, run: Run, step_id: UUID, revision: int
    ) -> tuple[StepRun, StepGate] | None:
        """The step and its gate, while it still waits there."""
        step = await session.scalar(
            select(StepRun)
            .where(
                StepRun.run_id == run.id,
                StepRun.id == step_id,
                StepRun.revision == revision,
                StepRun.state == StepState.WAITING,
            )
            .execution_options(populate_existing=True)
        )
        if step is None or run.state == RunState.CANCELLED:
            return None
        return step, await self._gates.get(session, step)
