"""A built-in step is begun: once, or again after a pause that a deferred job ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import StepAttempt, StepRun, WorkflowExecution
from services.components.builtins import NOTIFY
from services.runs.progress import Progress
from services.states import RunState, StepState
from services.steps.builtin_calls import BuiltinCall
from services.steps.sources import StepFault, StepInputs


@dataclass(frozen=True, slots=True)
class BuiltinAttempt:
    """A built-in step that this worker has claimed.

    `started_at` is when the attempt began, however often it has been taken up since. `is_resumed`: another worker
    had it, and may have posted already. `wait` is as the step keeps it.
    """

    call: BuiltinCall
    claim: UUID
    number: int
    started_at: datetime
    plan_id: UUID
    is_resumed: bool
    wait: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Early:
    """The step is still to wait, for so long."""

    delay: timedelta


async def begin_builtin(
    session: AsyncSession,
    progress: Progress,
    run: WorkflowExecution,
    step: StepRun,
    inputs: StepInputs,
    now: datetime,
) -> BuiltinAttempt | Early | None:
    """Claim a built-in step that is READY or RUNNING; None if there is nothing to do.

    The caller holds the run's row, and settles the run.
    """
    if run.state == RunState.CANCELLED:
        if step.state == StepState.RUNNING:
            await _stop(session, progress, step, now)
        return None
    if step.state == StepState.READY and step.retry_at is not None and step.retry_at > now:
        return Early(step.retry_at - now)
    try:
        call = inputs.builtin()
    except StepFault as fault:
        step.error = fault.error
        await progress.move(session, step, StepState.FAILED, now)
        return None
    is_resumed = step.state == StepState.RUNNING
    if not is_resumed:
        await progress.move(session, step, StepState.RUNNING, now)
    if step.wait is None or step.wait.get("attempt") != step.attempt:
        step.started_at = now
        step.wait, step.warnings = {"attempt": step.attempt}, []
    step.claim, step.retry_at = uuid4(), None
    step.request = call.preview()
    return BuiltinAttempt(
        call=call,
        claim=step.claim,
        number=step.attempt,
        started_at=step.started_at or now,
        plan_id=run.plan_id,
        is_resumed=is_resumed,
        wait=step.wait,
    )


async def _stop(session: AsyncSession, progress: Progress, step: StepRun, now: datetime) -> None:
    """A worker died over this step, and the run was cancelled since. Only what may be posted stays in doubt."""
    if step.component_key == NOTIFY:
        step.error = {"code": "interrupted"}
        session.add(
            StepAttempt(
                step_run_id=step.id,
                number=step.attempt,
                outcome="interrupted",
                started_at=step.started_at or now,
            )
        )
        await progress.move(session, step, StepState.UNCERTAIN, now)
    else:
        await progress.move(session, step, StepState.READY, now)
        await progress.move(session, step, StepState.CANCELLED, now)
