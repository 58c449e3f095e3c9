"""AttemptService: steps carried out. Each attempt is begun in one transaction and recorded in another.

In between, the step is sent with no session open. The worker may die there; whoever gets the job again finds the
step RUNNING and knows that the earlier attempt may have reached the other side.

Both take as many steps as there are, of any runs: what a step costs is statements and commits, and a hundred that
begin together need no more of them than one. What goes the way that nearly all steps go is moved by
`transitions`, a statement for all; the rest by `StepMoves`, one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.group_commit import LockedElsewhere
from db.queue import JobRow, NewJob, moved_rows
from db.session import Database
from services.errors import NotFound
from services.jobs import JobDeferral, RunStep
from services.runs import transitions
from services.runs.claims import Attempt, AttemptOutcome, BeginResult, NextStep, RecordResult, attempt_of
from services.runs.hand_overs import HandOvers
from services.runs.progress import RunProgress
from services.runs.step_moves import StepMoves
from services.runs.step_rows import Behind, HeldRun, StepRow
from services.runs.transitions import BeginningStep, Begun, Beside, Finished
from services.steps.calls import StepCall
from services.steps.results import Deferral
from services.steps.sources import RunAndStep, StepFault, StepSources

BeginResults = dict[UUID, BeginResult]
"""By the ids of steps."""


class AttemptService:
    """Every method but `hand_over` takes a session and leaves the commit to its caller."""

    def __init__(self, progress: RunProgress, inputs: StepSources) -> None:
        self._progress = progress
        self._inputs = inputs
        self._moves = StepMoves(progress, inputs)
        self._hand_overs = HandOvers(progress, inputs)

    async def begin(
        self, session: AsyncSession, jobs: Sequence[RunStep], now: datetime, *, may_wait: bool = True
    ) -> list[BeginResult | LockedElsewhere]:
        """Claim steps for the worker that calls; an answer for each job. Raises NotFound.

        With `may_wait` unset, the steps of runs whose rows others hold are LOCKED.
        """
        runs, rows = await _hold(session, jobs, may_wait=may_wait)
        free = [job for job in jobs if job.run in runs]
        begun = await self._begin(session, runs, free, rows, now)
        return [begun[job.step] if job.run in runs else LockedElsewhere.LOCKED for job in jobs]

    async def record(
        self, session: AsyncSession, came: Sequence[AttemptOutcome], now: datetime, *, may_wait: bool = True
    ) -> list[RecordResult | LockedElsewhere]:
        """Record what came of attempts, and begin in their places what can start now.

        With `may_wait` unset, as with `begin`.
        """
        done = [each.done() for each in came if each.is_plain]
        finished = await transitions.finish(session, {each.job.run for each in came}, done, now, may_wait=may_wait)
        runs = finished.runs
        _check(runs, [each.job for each in came], may_wait=may_wait)
        free = [each for each in came if each.job.run in runs]
        kept, ready = await self._record(session, finished, free, now)
        touched = [runs[run_id] for run_id in {each.job.run for each in free if each.job.step in kept}]
        beside = self._progress.beside(touched, {job.run for job in ready})
        places = [each.row for each in free if each.row and each.job.step in kept and each.row.may_go_on()]
        rows = {row.id: row for row in finished.ready}
        following, begun, jobs = await self._hand_over(session, runs, places, ready, rows, now, beside)
        lost = {each.row.id: each for each in free if each.row and each.job.step not in kept}
        # Recorded before, by a commit of which nobody told us: the row is a later step's by now.
        for row_id in await moved_rows(session, [(each.row, each.job) for each in lost.values() if each.row]):
            following[row_id] = NextStep(lost[row_id].job, JobDeferral(timedelta(), "the row has moved on"))
        failed = {each.job.run for each in following.values() if not isinstance(each.begun, Attempt)}
        going_on = {job.run for job in ready} - failed
        await self._progress.settle_held(session, touched, going_on, now, begun, jobs)
        return [
            _answer(each, kept, following) if each.job.run in runs else LockedElsewhere.LOCKED for each in came
        ]

    async def begin_in_place(
        self,
        session: AsyncSession,
        ready: Sequence[RunStep],
        place: JobRow | None,
        now: datetime,
        at_hand: tuple[HeldRun, StepRow] | None = None,
    ) -> NextStep | None:
        """Begin one of the steps that a person's word has let start, in the place of the job that carries it out.

        The step then waits for no other transaction and no other job. The others are put into the queue, and all
        are where there is no place. What the word was about is `at_hand`, of a run that is held and settled: it is
        not read again, and its card is drawn.
        """
        places = [place] if place is not None and place.may_go_on() else []
        first = ready[: len(places)]
        settled = [] if at_hand is None else [at_hand[0]]
        runs: Mapping[UUID, HeldRun] = {run.id: run for run in settled}
        rows: Mapping[UUID, StepRow] = {}
        if at_hand is not None and [job.step for job in first] == [at_hand[1].id]:
            rows = {at_hand[1].id: at_hand[1]}
        elif first:
            runs, rows = await _hold(session, first, may_wait=True)
        beside = self._progress.beside(settled, runs)
        following, begun, jobs = await self._hand_over(session, runs, places, ready, rows, now, beside)
        answer = next(iter(following.values()), None)
        # Of what could not be sent its run does not know yet.
        unsettled = list(runs.values()) if answer is not None and not isinstance(answer.begun, Attempt) else []
        await self._progress.settle_held(session, unsettled, (), now, begun, jobs)
        return answer

    async def defer(
        self, session: AsyncSession, job: RunStep, attempt: Attempt[StepCall], deferral: Deferral, now: datetime
    ) -> bool:
        """Let a step wait, held by no worker. False if the claim has passed on.

        It is the same attempt that goes on then: nothing has failed.
        """
        return await self._moves.defer(session, job, attempt, deferral, now)

    async def hand_over(self, database: Database, came: AttemptOutcome, now: datetime) -> NextStep | None:
        """Record a step and begin the only one behind it, by one statement of its own, as `record` would.

        None: it is not that simple, nothing is written, and `record` has to do it.
        """
        return await self._hand_overs.hand_over(database, came, now)

    async def abandon(self, session: AsyncSession, job: RunStep, now: datetime) -> None:
        """A step's job has failed too often for a reason of ours: whether it was sent is not known."""
        await self._moves.abandon(session, job, now)

    async def _begin(
        self,
        session: AsyncSession,
        runs: Mapping[UUID, HeldRun],
        jobs: Sequence[RunStep],
        rows: Mapping[UUID, StepRow],
        now: datetime,
    ) -> BeginResults:
        """Claim steps, and bring their runs up to date."""
        held = [runs[id_] for id_ in {job.run for job in jobs}]
        begun, found = await self._claim(
            session, runs, dict.fromkeys(jobs), rows, now, self._progress.beside(held, runs)
        )
        others = [job for job in jobs if job.step not in begun]
        if others:
            moves = await self._moves.begin(session, others, now)
            begun |= {job.step: each for job, each in zip(others, moves, strict=True)}
        going_on = {job.run for job in jobs} - {job.run for job in others}
        await self._progress.settle_held(session, held, going_on, now, found)
        return begun

    async def _claim(
        self,
        session: AsyncSession,
        runs: Mapping[UUID, HeldRun],
        jobs: Mapping[RunStep, JobRow | None],
        rows: Mapping[UUID, StepRow],
        now: datetime,
        beside: Beside,
    ) -> tuple[BeginResults, Begun]:
        """Claim those steps that only have to be; what can't be sent as it is is left to others, too.

        Some go on in the place of another job.
        """
        known = [(job, runs[job.run], rows[job.step]) for job in jobs if job.step in rows]
        due = [
            (run, row)
            for job, run, row in known
            if row.run_id == run.id and row.attempt == job.attempt and transitions.is_plain(run, row)
        ]
        sources = await self._inputs.load(session, due)
        claimed: dict[UUID, Attempt[StepCall]] = {}
        for run, row in due:
            try:
                claimed[row.id] = attempt_of(run.plan_id, row, sources[row.id].call(), now)
            except StepFault:
                continue
        asked = [
            BeginningStep(job, each.claim, each.call.preview(), place)
            if (each := claimed.get(job.step))
            else BeginningStep(job, None, None, place)
            for job, place in jobs.items()
            if place is not None or job.step in claimed
        ]
        begun = await transitions.begin(session, asked, now, beside)
        running = {step: each for step, each in claimed.items() if step in begun.running}
        for step, follower in begun.behind.items():
            running[step] = replace(running[step], behind=Behind.of(rows[step], follower))
        return dict(running), begun

    async def _record(
        self, session: AsyncSession, finished: Finished, came: Sequence[AttemptOutcome], now: datetime
    ) -> tuple[set[UUID], list[RunStep]]:
        """Record what came of attempts that went another way than to be `finished`, and let start what can now.

        The steps for which any of it counts, and the jobs of those that can start.
        """
        kept = set(finished.done)
        ready = [_job(finished.runs[row.run_id], row) for row in finished.ready]
        over: list[RunAndStep] = []
        if others := [each for each in came if not each.is_plain]:
            are_kept, over = await self._moves.record(session, others, now)
            kept |= {each.job.step for each, is_kept in zip(others, are_kept, strict=True) if is_kept}
        await self._progress.advance_all(session, over, now, ready)
        await self._progress.release_all(session, finished.others, now, ready)
        return kept, ready

    async def _hand_over(
        self,
        session: AsyncSession,
        runs: Mapping[UUID, HeldRun],
        places: Sequence[JobRow],
        ready: Sequence[RunStep],
        rows: Mapping[UUID, StepRow],
        now: datetime,
        beside: Beside,
    ) -> tuple[dict[int, NextStep], Begun, list[NewJob]]:
        """Begin steps whose turn it is in the places of those that are over, as far as there are any.

        By the ids of the rows in which they go on; what else was found; and the jobs of the others, to be put in.
        """
        placed = dict(zip(ready, places, strict=False))
        begun, found = await self._claim(session, runs, placed, rows, now, beside)
        going_on = {job: row for job, row in placed.items() if job.step in found.placed}
        if others := [job for job in going_on if job.step not in begun]:
            moves = await self._moves.begin(session, others, now)
            begun |= {job.step: each for job, each in zip(others, moves, strict=True)}
        following = {row.id: NextStep(job, begun[job.step]) for job, row in going_on.items()}
        return following, found, [NewJob(job) for job in ready if job.step not in found.placed]


async def _hold(
    session: AsyncSession, jobs: Sequence[RunStep], *, may_wait: bool
) -> tuple[Mapping[UUID, HeldRun], Mapping[UUID, StepRow]]:
    """The runs of jobs, held, and their steps; without what others hold, if it may not wait. Raises NotFound."""
    run_ids, step_ids = {job.run for job in jobs}, {job.step for job in jobs}
    runs, rows = await transitions.hold(session, run_ids, step_ids, may_wait=may_wait)
    _check(runs, jobs, may_wait=may_wait)
    return runs, rows


def _check(runs: Mapping[UUID, HeldRun], jobs: Sequence[RunStep], *, may_wait: bool) -> None:
    """Raise NotFound for a job whose run is not there, or another workspace's."""
    for job in jobs:
        if (may_wait and job.run not in runs) or (job.run in runs and runs[job.run].workspace_id != job.workspace):
            raise NotFound("step", job.step)


def _job(run: HeldRun, row: StepRow) -> RunStep:
    return RunStep(workspace=run.workspace_id, run=run.id, step=row.id, attempt=row.attempt)


def _answer(came: AttemptOutcome, kept: Collection[UUID], following: Mapping[int, NextStep]) -> RecordResult:
    if came.row is not None and came.row.id in following:
        return following[came.row.id]
    return came.job.step in kept
