"""AttemptService: steps carried out. Each attempt is begun in one transaction and recorded in another.

In between, the step is sent with no session open. The worker may die there; whoever gets the job again finds the
step RUNNING and knows that the earlier attempt may have reached the other side.

Both take as many steps as there are, of any runs: what a step costs is statements and commits, and a hundred that
begin together need no more of them than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.group_commit import LockedElsewhere
from db.models import Run, StepAttempt, StepRun
from db.models.documents import StepWait
from db.queue import JobRow, enqueue, enqueue_all, move_rows, moved_rows
from services.components.builtins import BUILTINS, NOTIFY
from services.errors import NotFound
from services.jobs import JobDeferral, RunStep
from services.runs.progress import RunProgress
from services.states import RunState, StepState
from services.steps.calls import StepCall
from services.steps.results import Deferral, StepResult
from services.steps.sources import RunAndStep, StepFault, StepSource, StepSources

C = TypeVar("C", bound=StepCall, covariant=True)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[C]):
    """A step that this worker has claimed, ready to be carried out.

    `number` counts from 1 as long as the run lasts, `tries` from 1 since a person last had the step tried again.
    `started_at` is when the attempt began, however often it has been taken up since. `is_resumed`: another worker
    had it, and may have got somewhere already. `wait` is how far a step that waits has come.
    """

    call: C
    claim: UUID
    number: int
    tries: int
    started_at: datetime
    plan_id: UUID
    is_resumed: bool = False
    wait: StepWait = field(default_factory=StepWait)


BeginResult = Attempt[StepCall] | JobDeferral | None
"""None: there is nothing to do, for the step is done or was put off. JobDeferral: it is still to wait."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What came of an attempt. `row` may become that of a step that can start now."""

    job: RunStep
    attempt: Attempt[StepCall]
    result: StepResult
    row: JobRow | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that the worker of one that is over goes on with: it was begun in the same transaction."""

    job: RunStep
    begun: BeginResult


RecordResult = NextStep | bool
"""False: the claim has passed to another, and what came of the attempt was thrown away."""


class AttemptService:
    """Every method takes a session and leaves the commit to its caller."""

    def __init__(self, progress: RunProgress, inputs: StepSources) -> None:
        self._progress = progress
        self._inputs = inputs

    async def begin(
        self, session: AsyncSession, jobs: Sequence[RunStep], now: datetime, *, may_wait: bool = True
    ) -> list[BeginResult | LockedElsewhere]:
        """Claim steps for the worker that calls; an answer for each job. Raises NotFound.

        With `may_wait` unset, the steps of runs whose rows others hold are LOCKED.
        """
        begun, due = await self._begin_all(session, jobs, now, may_wait=may_wait)
        await self._progress.settle_all(session, _runs(due), now)
        return begun

    async def _begin_all(
        self, session: AsyncSession, jobs: Sequence[RunStep], now: datetime, *, may_wait: bool
    ) -> tuple[list[BeginResult | LockedElsewhere], list[RunAndStep]]:
        """An answer for each job, and what may have changed."""
        found = await _locked(session, jobs, may_wait=may_wait)
        due = [pair for job, pair in zip(jobs, found, strict=True) if pair and _is_due(job, pair[1])]
        inputs = await self._inputs.load(session, due)
        begun: list[BeginResult | LockedElsewhere] = []
        for job, pair in zip(jobs, found, strict=True):
            if pair is None:
                begun.append(LockedElsewhere.LOCKED)
            elif _is_due(job, pair[1]):
                begun.append(await self._begin(session, *pair, inputs[pair[1].id], now))
            else:
                begun.append(None)
        return begun, due

    async def record(
        self, session: AsyncSession, came: Sequence[AttemptOutcome], now: datetime, *, may_wait: bool = True
    ) -> list[RecordResult | LockedElsewhere]:
        """Record what came of attempts, and begin in their places what can start now.

        With `may_wait` unset, as with `begin`.
        """
        found = await _locked(session, [each.job for each in came], may_wait=may_wait)
        kept = [
            LockedElsewhere.LOCKED if pair is None else await self._record(session, *pair, each, now)
            for each, pair in zip(came, found, strict=True)
        ]
        changed = [pair for pair, is_kept in zip(found, kept, strict=True) if pair and is_kept is True]
        ready: list[RunStep] = []
        await self._progress.advance_all(
            session, [each for each in changed if each[1].state == StepState.DONE], now, ready
        )
        rows = [each.row for each, is_kept in zip(came, kept, strict=True) if is_kept is True and each.row]
        following = await self._hand_over(session, rows, ready, now)
        lost = [(each.row, each.job) for each, is_kept in zip(came, kept, strict=True) if not is_kept and each.row]
        # Recorded before, by a commit of which nobody told us: the row is a later step's by now.
        for row_id in await moved_rows(session, lost):
            following[row_id] = NextStep(_job_of(came, row_id), JobDeferral(timedelta(), "the row has moved on"))
        await self._progress.settle_all(session, _runs(changed), now)
        return [
            following.get(each.row.id, is_kept) if each.row else is_kept
            for each, is_kept in zip(came, kept, strict=True)
        ]

    async def _hand_over(
        self, session: AsyncSession, rows: Sequence[JobRow], ready: Sequence[RunStep], now: datetime
    ) -> dict[int, NextStep]:
        """Begin steps whose turn it is in the places of those that are over, as far as there are any.

        By the ids of the rows in which they go on. The others are put into the queue.
        """
        pairs = list(zip([row for row in rows if row.may_go_on()], ready, strict=False))
        moved = await move_rows(session, pairs)
        going_on = [(row, job) for row, job in pairs if row.id in moved]
        left = [job for row, job in pairs if row.id not in moved] + list(ready[len(pairs) :])
        await enqueue_all(session, left)
        if not going_on:
            return {}
        begun, _ = await self._begin_all(session, [job for _, job in going_on], now, may_wait=True)
        return {
            row.id: NextStep(job, each)
            for (row, job), each in zip(going_on, begun, strict=True)
            if not isinstance(each, LockedElsewhere)
        }

    async def defer(
        self, session: AsyncSession, job: RunStep, attempt: Attempt[StepCall], deferral: Deferral, now: datetime
    ) -> bool:
        """Let a step wait, held by no worker. False if the claim has passed on.

        It is the same attempt that goes on then: nothing has failed.
        """
        [found] = await _locked(session, [job], may_wait=True)
        if found is None or found[1].state != StepState.RUNNING or found[1].claim != attempt.claim:
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
        [found] = await _locked(session, [job], may_wait=True)
        if found is None or not _is_due(job, found[1]):
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


async def _locked(session: AsyncSession, jobs: Sequence[RunStep], *, may_wait: bool) -> list[RunAndStep | None]:
    """The runs and steps of jobs, in their order; the runs' rows are held.

    None for those whose runs others hold, if it may not wait for them; else raises NotFound for what there is not.
    """
    runs = await session.scalars(
        select(Run)
        .where(Run.id.in_({job.run for job in jobs}))
        .order_by(Run.id)  # all take their locks in one order
        .with_for_update(skip_locked=not may_wait)
    )
    by_id = {run.id: run for run in runs}
    steps = await session.scalars(
        select(StepRun)
        .where(StepRun.id.in_({job.step for job in jobs if job.run in by_id}))
        .execution_options(populate_existing=True)
    )
    found = {(step.run_id, step.id): (by_id[step.run_id], step) for step in steps if step.run_id in by_id}
    pairs = [found.get((job.run, job.step)) for job in jobs]
    for job, pair in zip(jobs, pairs, strict=True):
        if (pair is None and may_wait) or (pair is not None and pair[0].workspace_id != job.workspace):
            raise NotFound("step", job.step)
    return pairs


def _job_of(came: Sequence[AttemptOutcome], row_id: int) -> RunStep:
    return next(each.job for each in came if each.row and each.row.id == row_id)


def _is_due(job: RunStep, step: StepRun) -> bool:
    """Whether a job is about the attempt that the step is at."""
    return step.attempt == job.attempt and step.state in (StepState.READY, StepState.RUNNING)


def _runs(steps: Sequence[RunAndStep]) -> list[Run]:
    return list({run.id: run for run, _ in steps}.values())


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
