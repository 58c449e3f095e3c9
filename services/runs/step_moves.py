"""Steps moved one by one, as objects: whatever way they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Run, StepAttempt, StepRun
from db.queue import enqueue
from services.components.builtins import BUILTINS, NOTIFY
from services.errors import NotFound
from services.jobs import JobDeferral, RunStep
from services.runs.claims import Attempt, AttemptOutcome, BeginResult
from services.runs.progress import RunProgress
from services.states import RunState, StepState
from services.steps.calls import StepCall
from services.steps.results import Deferral
from services.steps.sources import RunAndStep, StepFault, StepSource, StepSources


class StepMoves:
    """Every method takes a session, and holds the rows of the runs that its steps are of. Raises NotFound."""

    def __init__(self, progress: RunProgress, inputs: StepSources) -> None:
        self._progress = progress
        self._inputs = inputs

    async def begin(self, session: AsyncSession, jobs: Sequence[RunStep], now: datetime) -> list[BeginResult]:
        """Claim steps; an answer for each job. Their runs are not settled."""
        found = await _held(session, jobs)
        due = [pair for job, pair in zip(jobs, found, strict=True) if _is_due(job, pair[1])]
        inputs = await self._inputs.load(session, due)
        return [
            await self._begin(session, *pair, inputs[pair[1].id], now) if _is_due(job, pair[1]) else None
            for job, pair in zip(jobs, found, strict=True)
        ]

    async def record(
        self, session: AsyncSession, came: Sequence[AttemptOutcome], now: datetime
    ) -> tuple[list[bool], list[RunAndStep]]:
        """Record what came of attempts; whether each was kept, and the steps that are DONE. Nothing is settled."""
        found = await _held(session, [each.job for each in came])
        kept = [await self._record(session, *pair, each, now) for each, pair in zip(came, found, strict=True)]
        done = [pair for pair, is_kept in zip(found, kept, strict=True) if is_kept]
        return kept, [pair for pair in done if pair[1].state == StepState.DONE]

    async def of(self, session: AsyncSession, jobs: Sequence[RunStep]) -> list[RunAndStep]:
        """Steps as objects, with their runs."""
        return await _held(session, jobs)

    async def defer(
        self, session: AsyncSession, job: RunStep, attempt: Attempt[StepCall], deferral: Deferral, now: datetime
    ) -> bool:
        """Let a step wait, held by no worker. False if the claim has passed on.

        It is the same attempt that goes on then: nothing has failed.
        """
        [found] = await _held(session, [job])
        if found[1].state != StepState.RUNNING or found[1].claim != attempt.claim:
            return False
        run, step = found
        step.wait = {**(step.wait or {}), **deferral.progress}
        await self._progress.move(session, step, StepState.READY, now)
        if run.state == RunState.CANCELLED:
            await self._progress.move(session, step, StepState.CANCELLED, now)
        else:
            step.retry_at = deferral.until
            again = RunStep(workspace=job.workspace, run=run.id, step=step.id, attempt=step.attempt)
            await enqueue(session, again, after=deferral.until - now)
        await self._progress.settle(session, run, now)
        return True

    async def abandon(self, session: AsyncSession, job: RunStep, now: datetime) -> None:
        """A step's job has failed too often for a reason of ours: whether it was sent is not known."""
        [found] = await _held(session, [job])
        if not _is_due(job, found[1]):
            return
        run, step = found
        step.error = {"code": "internal"}
        wanted = StepState.UNCERTAIN if step.state == StepState.RUNNING else StepState.FAILED
        await self._progress.move(session, step, wanted, now)
        await self._progress.settle(session, run, now)

    async def _begin(
        self, session: AsyncSession, run: Run, step: StepRun, inputs: StepSource, now: datetime
    ) -> BeginResult:
        if run.state == RunState.CANCELLED:
            if step.state == StepState.RUNNING:
                await self._stop(session, step, now)
            return None
        if step.state == StepState.READY and step.wait and step.retry_at is not None and step.retry_at > now:
            return JobDeferral(step.retry_at - now, "the step is still to wait")
        try:
            call = inputs.call()
        except StepFault as fault:
            step.error = fault.error
            await self._progress.move(session, step, StepState.FAILED, now)
            return None
        is_resumed = step.state == StepState.RUNNING
        if is_resumed and not call.is_repeatable:
            await self._interrupted(session, step, now)
            return None
        if not is_resumed:
            await self._progress.move(session, step, StepState.RUNNING, now)
        return _claimed(run, step, call, now, is_resumed=is_resumed)

    async def _record(
        self, session: AsyncSession, run: Run, step: StepRun, came: AttemptOutcome, now: datetime
    ) -> bool:
        attempt, result = came.attempt, came.result
        if step.state != StepState.RUNNING or step.claim != attempt.claim:
            return False
        _append(session, step, result.outcome, attempt.started_at, result.status, result.error)
        step.output, step.warnings = result.output, list(result.warnings)
        step.error = None if result.error is None else dict(result.error)
        await self._progress.move(session, step, result.state, now)
        if result.state is StepState.READY and run.state != RunState.CANCELLED:
            step.attempt += 1
            step.retry_at = now + (result.retry_after or timedelta())
            again = RunStep(workspace=run.workspace_id, run=run.id, step=step.id, attempt=step.attempt)
            await enqueue(session, again, after=result.retry_after, key=f"step:{step.id}:{step.attempt}")
        elif result.state is StepState.READY:
            await self._progress.move(session, step, StepState.CANCELLED, now)
        return True

    async def _stop(self, session: AsyncSession, step: StepRun, now: datetime) -> None:
        """A worker died over this step, and the run was cancelled since. What it may have sent stays in doubt."""
        if step.component_key in BUILTINS.keys() - {NOTIFY}:
            await self._progress.move(session, step, StepState.READY, now)
            await self._progress.move(session, step, StepState.CANCELLED, now)
        else:
            await self._interrupted(session, step, now)

    async def _interrupted(self, session: AsyncSession, step: StepRun, now: datetime) -> None:
        """The worker that sent this died before it wrote down what came of it: only a person can know."""
        _append(session, step, "interrupted", step.started_at or now)
        step.error = {"code": "interrupted"}
        await self._progress.move(session, step, StepState.UNCERTAIN, now)


def _claimed(run: Run, step: StepRun, call: StepCall, now: datetime, *, is_resumed: bool) -> Attempt[StepCall]:
    """Claim a step that is RUNNING for the worker that calls."""
    if step.component_key not in BUILTINS:
        step.started_at = now
    elif step.wait is None or step.wait.get("attempt") != step.attempt:
        step.started_at = now
        step.wait, step.warnings = {"attempt": step.attempt}, []
    step.claim, step.retry_at = uuid4(), None
    step.request = call.preview()
    return Attempt(
        call=call,
        claim=step.claim,
        number=step.attempt,
        tries=step.attempt - step.first_attempt + 1,
        started_at=step.started_at or now,
        plan_id=run.plan_id,
        is_resumed=is_resumed,
        wait=step.wait or {},
    )


async def _held(session: AsyncSession, jobs: Sequence[RunStep]) -> list[RunAndStep]:
    """The runs and steps of jobs, in their order; the runs' rows are held. Raises NotFound."""
    runs = await session.scalars(
        select(Run)
        .where(Run.id.in_({job.run for job in jobs}))
        .order_by(Run.id)  # all take their locks in one order
        .with_for_update()
    )
    by_id = {run.id: run for run in runs}
    steps = await session.scalars(
        select(StepRun).where(StepRun.id.in_({job.step for job in jobs})).execution_options(populate_existing=True)
    )
    found = {(step.run_id, step.id): (by_id[step.run_id], step) for step in steps if step.run_id in by_id}
    pairs = []
    for job in jobs:
        pair = found.get((job.run, job.step))
        if pair is None or pair[0].workspace_id != job.workspace:
            raise NotFound("step", job.step)
        pairs.append(pair)
    return pairs


def _is_due(job: RunStep, step: StepRun) -> bool:
    """Whether a job is about the attempt that the step is at."""
    return step.attempt == job.attempt and step.state in (StepState.READY, StepState.RUNNING)


def _append(
    session: AsyncSession,
    step: StepRun,
    outcome: str,
    started_at: datetime,
    status: int | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    session.add(
        StepAttempt(
            workspace_id=step.workspace_id,
            step_run_id=step.id,
            number=step.attempt,
            outcome=outcome,
            status=status,
            facts=dict(error or {}),
            started_at=started_at,
        )
    )
