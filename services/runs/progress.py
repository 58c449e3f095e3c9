"""How a run goes on: what a step that is over lets start, and when the run itself is over.

Everything here happens in a transaction that holds the run's row: of two steps that end at once one sees the
other, and a step that waits for both is started exactly once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, Text, Uuid, bindparam, column, func, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key
from sqlalchemy.types import TypeEngine

from db.models import Run, StepRun
from db.models.documents import StepWait
from db.prepared import PreparedStatement
from db.queue import NewJob, enqueue, enqueue_all, enqueue_new
from services.card_marks import redraws
from services.cards import CardService
from services.jobs import DrawQuestion, ReplyToReporter, RunStep, TellOfFailure, TellOfWait
from services.plans.model import WHEN
from services.runs.gates import GateService
from services.runs.step_rows import HeldRun
from services.runs.transitions import Begun, Beside
from services.states import OVER, RunState, StepState, check_step_move, run_state
from services.steps.sources import RunAndStep, StepFault, StepSource, StepSources
from services.steps.waits import people_asked

FINAL = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})


_KINDS: Mapping[str, TypeEngine[Any]] = {
    "runs": ARRAY(Uuid),
    "states": ARRAY(Text),
    "ends": ARRAY(DateTime(timezone=True)),
}
_STATES = PreparedStatement.of("SELECT DISTINCT run_id, state FROM step_runs WHERE run_id = ANY(:runs)", _KINDS)
_SETTLE = PreparedStatement.of(
    """
WITH settled AS (
    UPDATE workflow_executions AS run
    SET state = (:states)[array_position(:runs, run.id)], ended_at = (:ends)[array_position(:runs, run.id)]
    WHERE id = ANY(:runs)
    RETURNING id, workspace_id, state
)
INSERT INTO audit_events (id, workspace_id, subject_id, actor, action, facts)
SELECT gen_random_uuid(), workspace_id, id, 'mudda', 'run.' || lower(state), CAST('{}' AS jsonb) FROM settled
""",
    _KINDS,
)


class RunProgress:
    """Moves steps, and the runs with them. Every method takes a session that holds the rows of the runs."""

    def __init__(self, cards: CardService, gates: GateService, inputs: StepSources) -> None:
        self._cards = cards
        self._gates = gates
        self._inputs = inputs

    async def move(self, session: AsyncSession, step: StepRun, wanted: StepState, now: datetime) -> None:
        """Make one move of a step."""
        check_step_move(StepState(step.state), wanted)
        if inspect(step).attrs.state.history.has_changes():
            # Each move is a row of the audit trail, and the database writes those.
            await session.flush()
        step.state = wanted
        step.revision += 1
        step.claim = None
        step.ended_at = now if wanted in OVER or wanted is StepState.FAILED else None
        if people_asked(step.wait) and wanted is not StepState.WAITING:
            await self.draw_question(session, step.workspace_id, step.id, step.revision, step.wait)
        if wanted is StepState.UNCERTAIN:
            await self._tell_of_wait(session, await session.get_one(Run, step.run_id), step)

    async def advance(
        self,
        session: AsyncSession,
        run: Run,
        over: StepRun,
        now: datetime,
        ready: list[RunStep] | None = None,
    ) -> None:
        """Start what waited for this step and for no other any more; `ready` as with `advance_all`."""
        await self.advance_all(session, [(run, over)], now, ready)

    async def advance_all(
        self,
        session: AsyncSession,
        over: Sequence[RunAndStep],
        now: datetime,
        ready: list[RunStep] | None = None,
    ) -> None:
        """Start what waited for these steps and for no others any more.

        What is skipped on the way lets others start, or be skipped, in their turn. The jobs of steps that can
        start are put into the queue, or into `ready` where there is such a list.
        """
        jobs: list[RunStep] = [] if ready is None else ready
        while over:
            over = await self._release(session, await self._count_down(session, over), now, jobs)
        if ready is None:
            await enqueue_all(session, jobs)

    async def _count_down(self, session: AsyncSession, over: Sequence[RunAndStep]) -> list[RunAndStep]:
        """Note at the steps behind these that they are over; those that wait for no others any more."""
        runs = {run.id: run for run, _ in over if run.state != RunState.CANCELLED}
        fewer: Counter[tuple[UUID, str]] = Counter()
        done: Counter[tuple[UUID, str]] = Counter()
        for run, step in over:
            if run.id in runs:
                behind = [(run.id, name) for name in step.followers]
                fewer.update(behind)
                done.update(behind if step.skip is None else ())
        if not fewer:
            return []
        ended = (
            func.unnest(
                bindparam("runs", [run_id for run_id, _ in fewer], type_=ARRAY(Uuid)),
                bindparam("names", [name for _, name in fewer], type_=ARRAY(Text)),
                bindparam("numbers", list(fewer.values()), type_=ARRAY(Integer)),
                bindparam("done", [done[each] for each in fewer], type_=ARRAY(Integer)),
            )
            .table_valued(
                column("run_id", Uuid),
                column("step_id", Text),
                column("number", Integer),
                column("done", Integer),
                name="ended",
            )
            .render_derived()
        )
        rows = await session.scalars(
            update(StepRun)
            .where(StepRun.run_id == ended.c.run_id, StepRun.step_id == ended.c.step_id)
            .values(
                waiting_for=StepRun.waiting_for - ended.c.number,
                done_before=StepRun.done_before + ended.c.done,
            )
            .returning(StepRun)
            .execution_options(populate_existing=True, synchronize_session=False)
        )
        return [(runs[step.run_id], step) for step in rows if step.waiting_for == 0]

    async def open(
        self,
        session: AsyncSession,
        run: Run,
        steps: Sequence[StepRun],
        now: datetime,
        ready: list[RunStep] | None = None,
    ) -> None:
        """Let steps start whose turn it is: at once, or at their gate if a person has to agree first.

        `ready` as with `advance_all`.
        """
        jobs: list[RunStep] = [] if ready is None else ready
        skipped = await self._release(session, [(run, step) for step in steps], now, jobs)
        await self.advance_all(session, skipped, now, jobs)
        if ready is None:
            await enqueue_all(session, jobs)

    async def release_all(
        self, session: AsyncSession, step_ids: Collection[UUID], now: datetime, ready: list[RunStep]
    ) -> None:
        """Let steps start that wait for no others any more, whatever way they go; the jobs go into `ready`."""
        if not step_ids:
            return
        found = await session.execute(
            select(Run, StepRun)
            .join(StepRun, StepRun.run_id == Run.id)
            .where(StepRun.id.in_(step_ids))
            .execution_options(populate_existing=True)
        )
        skipped = await self._release(session, [(run, step) for run, step in found], now, ready)
        await self.advance_all(session, skipped, now, ready)

    async def _release(
        self, session: AsyncSession, steps: Sequence[RunAndStep], now: datetime, ready: list[RunStep]
    ) -> list[RunAndStep]:
        """Let steps of any runs start whose turn it is; those that are skipped instead are answered."""
        due = [(run, step) for run, step in steps if step.state in (StepState.PENDING, StepState.FAILED)]
        wanted = [(run, step) for run, step in due if _is_needed(step)]
        at_gate = {step.id for _, step in wanted if step.gated and not step.approved}
        asking = [(run, step) for run, step in wanted if step.id in at_gate or step.step.get(WHEN)]
        inputs = await self._inputs.load(session, asking) if asking else {}
        for run, step in due:
            if not await self._is_wanted(session, step, inputs.get(step.id), now):
                continue
            if step.id in at_gate:
                await self._to_gate(session, run, step, inputs[step.id], now)
            else:
                await self.move(session, step, StepState.READY, now)
                ready.append(_job(run, step))
        return [(run, step) for run, step in due if step.state == StepState.SKIPPED]

    async def _is_wanted(
        self, session: AsyncSession, step: StepRun, source: StepSource | None, now: datetime
    ) -> bool:
        """Whether a step is to be carried out. One that is not is skipped; one that can't be told of fails."""
        try:
            tests = [] if not _is_needed(step) else None if source is None else source.failed_tests()
        except StepFault as fault:
            step.error = fault.error
            await self.move(session, step, StepState.FAILED, now)
            return False
        if tests is None:
            return True
        step.skip, step.error = {"tests": tests}, None
        await self.move(session, step, StepState.SKIPPED, now)
        return False

    async def settle(
        self, session: AsyncSession, run: Run, now: datetime, *, goes_on: bool = False, draws: bool = True
    ) -> None:
        """Bring the run's state to what its steps say, have the card drawn, and tell the reporter of an end.

        `goes_on`: some step is READY or RUNNING, as is known. With `draws` unset the card is left to the caller.
        """
        begun = None if draws else Begun()
        await self.settle_held(session, [held_run(run)], {run.id} if goes_on else (), now, begun)

    def beside(self, runs: Sequence[HeldRun], going_on: Collection[UUID]) -> Beside:
        """What a statement that begins steps finds out besides, so that `settle_held` need not ask for it."""
        unknown = [run.id for run in runs if run.state != RunState.CANCELLED and run.id not in going_on]
        return Beside(self._cards.marking((run.workspace_id, run.plan_id) for run in runs), unknown)

    async def settle_held(
        self,
        session: AsyncSession,
        runs: Sequence[HeldRun],
        going_on: Collection[UUID],
        now: datetime,
        begun: Begun | None = None,
        jobs: Sequence[NewJob] = (),
    ) -> Mapping[UUID, RunState]:
        """The same for many runs; the states of those that have changed.

        Of those that are `going_on` some step is READY or RUNNING, as is known. Where steps were `begun` their
        cards are marked, and the states found are those of now. Other `jobs` are put in with those that follow.
        """
        changed = await self._settle(session, runs, going_on, now, {} if begun is None else begun.states)
        if begun is None:
            await self._cards.request_redraws(session, [(run.workspace_id, run.plan_id) for run in runs])
        marks = [] if begun is None else begun.cards
        await enqueue_new(session, [*jobs, *_told(changed, now), *redraws(marks)])
        return {run.id: state for run, state in changed}

    async def _settle(
        self,
        session: AsyncSession,
        runs: Sequence[HeldRun],
        going_on: Collection[UUID],
        now: datetime,
        known: Mapping[UUID, Collection[StepState]],
    ) -> list[tuple[HeldRun, RunState]]:
        """Bring the states of runs to what their steps say; those that have changed, with what they are now."""
        asked = {run.id: run for run in runs if run.state != RunState.CANCELLED}
        states = {run_id: {StepState.READY} for run_id in asked.keys() & set(going_on)}
        states |= {run_id: set(known[run_id]) for run_id in asked.keys() & known.keys() - states.keys()}
        if unknown := asked.keys() - states.keys():
            states |= {run_id: set() for run_id in unknown}
            for run_id, state in await _STATES.rows(session, runs=list(unknown)):
                states[run_id].add(StepState(state))
        wanted = {run_id: run_state(present) for run_id, present in states.items()}
        changed = [(asked[run_id], state) for run_id, state in wanted.items() if state != asked[run_id].state]
        if changed:
            ends = [now if state in FINAL else None for _, state in changed]
            ids = [run.id for run, _ in changed]
            # In the audit trail the moves of steps precede what comes of them: they are written by now.
            await _SETTLE.rows(session, runs=ids, states=[state for _, state in changed], ends=ends)
            for (run, state), end in zip(changed, ends, strict=True):
                _note(session, run.id, state, end)
        return changed

    async def _to_gate(
        self, session: AsyncSession, run: Run, step: StepRun, inputs: StepSource, now: datetime
    ) -> None:
        """Let people see what is about to be sent, and wait for them."""
        try:
            step.request = inputs.call().preview()
        except StepFault as fault:
            step.error = fault.error
            await self.move(session, step, StepState.FAILED, now)
            return
        await self.move(session, step, StepState.WAITING, now)
        await self._gates.open(session, run, step, now)
        await self._tell_of_wait(session, run, step)

    async def _tell_of_wait(self, session: AsyncSession, run: Run, step: StepRun) -> None:
        """Have those who may decide told that it is up to them: a redraw of the card rings for nobody."""
        job = TellOfWait(
            workspace=run.workspace_id, plan=run.plan_id, run=run.id, step=step.id, revision=step.revision
        )
        await enqueue(session, job, key=f"wait:{step.id}:{step.revision}")

    async def tell_reporter(self, session: AsyncSession, run: Run) -> None:
        """Have the reporter told how the run ended; once, whatever follows."""
        await enqueue_new(session, [_reply(held_run(run))])

    async def withdraw_questions(self, session: AsyncSession, run: Run) -> None:
        """Have it shown at the questions of a cancelled run that no answer is awaited any more."""
        steps = await session.scalars(
            select(StepRun)
            .where(StepRun.run_id == run.id, StepRun.state == StepState.CANCELLED, StepRun.wait.has_key("asked"))
            .execution_options(populate_existing=True)
        )
        for step in steps:
            await self.draw_question(session, step.workspace_id, step.id, step.revision, step.wait)

    async def draw_question(
        self, session: AsyncSession, workspace_id: UUID, step_id: UUID, revision: int, wait: StepWait | None
    ) -> None:
        """Have it shown at each message of a step's question what has become of it."""
        for each in people_asked(wait):
            if "ts" in each:
                job = DrawQuestion(workspace=workspace_id, step=step_id, user=each["person"])
                await enqueue(session, job, key=f"question:{step_id}:{revision}:{job.user}")


def _is_needed(step: StepRun) -> bool:
    """Whether as many of the steps before it are done as must be."""
    return step.done_before >= step.needed


def held_run(run: Run) -> HeldRun:
    """A run whose row is held, for what moves many steps."""
    return HeldRun(run.id, run.workspace_id, run.plan_id, run.state)


def _note(session: AsyncSession, run_id: UUID, state: RunState, ended_at: datetime | None) -> None:
    """Have the object of a run, if there is one, say what its row says now."""
    run = session.identity_map.get(identity_key(Run, run_id))
    if run is not None:
        set_committed_value(run, "state", state)
        set_committed_value(run, "ended_at", ended_at)


def _told(changed: Sequence[tuple[HeldRun, RunState]], now: datetime) -> list[NewJob]:
    """The jobs that tell people what has become of runs."""
    jobs = []
    for run, state in changed:
        if state is RunState.COMPLETED:
            jobs.append(_reply(run))
        elif state is RunState.FAILED:
            job = TellOfFailure(workspace=run.workspace_id, plan=run.plan_id, run=run.id, failed_at=now)
            jobs.append(NewJob(job, f"failure:{run.id}:{now.isoformat()}"))
    return jobs


def _reply(run: HeldRun) -> NewJob:
    return NewJob(ReplyToReporter(workspace=run.workspace_id, plan=run.plan_id, run=run.id), f"reply:{run.id}")


def _job(run: Run, step: StepRun) -> RunStep:
    return RunStep(workspace=run.workspace_id, run=run.id, step=step.id, attempt=step.attempt)
