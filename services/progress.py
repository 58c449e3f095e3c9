"""How a run goes on: what a step that is over lets start, and when the run itself is over.

Everything here happens in a transaction that holds the run's row: of two steps that end at once one sees the
other, and a step that waits for both is started exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import StepRun, WorkflowExecution, WorkflowPlan
from db.queue import enqueue, enqueue_all
from services import audit
from services.approvals import ApprovalService
from services.builtin_calls import BuiltinCall, prepare_builtin
from services.builtins import BUILTINS, polled_key
from services.cards import CardService
from services.connectors import PreparedRequest, prepare, preview
from services.definitions import ComponentDefinition
from services.errors import CallError
from services.jobs import DrawQuestion, ReplyToReporter, RunStep
from services.plan import Step, references
from services.questions import people_asked
from services.resolving import Values, resolve_inputs
from services.run_states import OVER, RunState, StepState, check_step_move, run_state

FINAL = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED})


class StepFault(Exception):
    """A step can't be sent as it is: `error` is what its snapshot says."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("code")))
        self.error = dict(error)


class Progress:
    """Moves steps, and the run with them. Every method takes a session that holds the run's row."""

    def __init__(self, cards: CardService, approvals: ApprovalService) -> None:
        self._cards = cards
        self._approvals = approvals

    async def move(self, session: AsyncSession, step: StepRun, wanted: StepState, now: datetime) -> None:
        """Make one move of a step, and let start what it was the last to be waited for."""
        check_step_move(StepState(step.state), wanted)
        step.state = wanted
        step.revision += 1
        step.claim = None
        step.ended_at = now if wanted in OVER or wanted is StepState.FAILED else None
        await session.flush()
        if people_asked(step.wait) and wanted is not StepState.WAITING:
            await self.draw_question(session, step)

    async def go_on(self, session: AsyncSession, run: WorkflowExecution, over: StepRun, now: datetime) -> None:
        """Start what waited for this step and for no other any more."""
        if run.state == RunState.CANCELLED or not over.followers:
            return
        rows = await session.scalars(
            update(StepRun)
            .where(StepRun.run_id == run.id, StepRun.step_id.in_(over.followers))
            .values(waiting_for=StepRun.waiting_for - 1)
            .returning(StepRun)
            .execution_options(populate_existing=True)
        )
        await self.open(session, run, [step for step in rows if step.waiting_for == 0], now)

    async def open(
        self, session: AsyncSession, run: WorkflowExecution, steps: Sequence[StepRun], now: datetime
    ) -> None:
        """Let steps start whose turn it is: at once, or at their gate if a person has to agree first."""
        ready = []
        for step in steps:
            if step.state not in (StepState.PENDING, StepState.FAILED):
                continue
            try:
                shown = await self.preview(session, run, step) if step.gated and not step.approved else None
            except StepFault as fault:
                step.error = fault.error
                await self.move(session, step, StepState.FAILED, now)
                continue
            if shown is not None:
                step.request = shown
                await self.move(session, step, StepState.WAITING, now)
                await self._approvals.open_gate(session, run, step, now)
            else:
                await self.move(session, step, StepState.READY, now)
                ready.append(step)
        await enqueue_all(session, [_job(run, step) for step in ready])

    async def settle(self, session: AsyncSession, run: WorkflowExecution, now: datetime) -> None:
        """Bring the run's state to what its steps say, have the card drawn, and tell the reporter of an end."""
        if run.state != RunState.CANCELLED:
            states = await session.scalars(select(StepRun.state).where(StepRun.run_id == run.id).distinct())
            state = run_state(StepState(state) for state in states)
            if state != run.state:
                run.state = state
                run.ended_at = now if state in FINAL else None
                await audit.record(
                    session,
                    run.workspace_id,
                    subject=run.id,
                    actor=audit.SYSTEM,
                    action=f"run.{state.lower()}",
                )
                if state is RunState.COMPLETED:
                    await self.tell_reporter(session, run)
        await self.redraw(session, run)

    async def redraw(self, session: AsyncSession, run: WorkflowExecution) -> None:
        """Have the card drawn."""
        await self._cards.request_redraw(session, run.workspace_id, run.plan_id)

    async def tell_reporter(self, session: AsyncSession, run: WorkflowExecution) -> None:
        """Have the reporter told how the run ended; once, whatever follows."""
        job = ReplyToReporter(workspace=run.workspace_id, plan=run.plan_id, run=run.id)
        await enqueue(session, job, key=f"reply:{run.id}")

    async def withdraw_questions(self, session: AsyncSession, run: WorkflowExecution) -> None:
        """Have it shown at the questions of a cancelled run that no answer is awaited any more."""
        steps = await session.scalars(
            select(StepRun)
            .where(StepRun.run_id == run.id, StepRun.state == StepState.CANCELLED, StepRun.wait.has_key("asked"))
            .execution_options(populate_existing=True)
        )
        for step in steps:
            await self.draw_question(session, step)

    async def draw_question(self, session: AsyncSession, step: StepRun) -> None:
        """Have it shown at each message of a question what has become of it."""
        run = await session.get_one(WorkflowExecution, step.run_id)
        for each in people_asked(step.wait):
            if "ts" in each:
                job = DrawQuestion(workspace=run.workspace_id, step=step.id, user=each["person"])
                await enqueue(session, job, key=f"question:{step.id}:{step.revision}:{job.user}")

    async def preview(self, session: AsyncSession, run: WorkflowExecution, step: StepRun) -> dict[str, Any]:
        """What a step is about to send or do, as it is shown and kept. Raises StepFault."""
        if step.component_key in BUILTINS:
            return (await self.builtin(session, run, step)).preview()
        return preview(await self.request(session, run, step))

    async def builtin(self, session: AsyncSession, run: WorkflowExecution, step: StepRun) -> BuiltinCall:
        """What a built-in step is to do, its references resolved. Raises StepFault."""
        wire = Step.model_validate(step.step)
        key = polled_key(wire)
        polled = None if key is None else await self._frozen(session, run, key)
        try:
            return prepare_builtin(wire, await self._values(session, run, wire), polled)
        except CallError as error:
            raise StepFault(error.to_dict()) from error

    async def request(self, session: AsyncSession, run: WorkflowExecution, step: StepRun) -> PreparedRequest:
        """The request of a step, its references resolved from what is on record. Raises StepFault."""
        definition = await self.definition(session, run, step)
        wire = Step.model_validate(step.step)
        # Most calls of a wide run refer to nothing, and two statements for nothing are a third of a step's cost.
        values = await self._values(session, run, wire) if any(references(wire)) else Values(outputs={})
        try:
            return prepare(definition, resolve_inputs(wire, definition, values))
        except CallError as error:
            raise StepFault(error.to_dict()) from error

    async def definition(
        self, session: AsyncSession, run: WorkflowExecution, step: StepRun
    ) -> ComponentDefinition:
        """The component as it was when the run began. Raises StepFault if it was not to be had then."""
        return await self._frozen(session, run, step.component_key)

    async def _frozen(self, session: AsyncSession, run: WorkflowExecution, key: str) -> ComponentDefinition:
        document = await session.scalar(
            select(WorkflowExecution.components[key].astext).where(WorkflowExecution.id == run.id)
        )
        if document is None:
            raise StepFault({"code": "component_missing", "component": key})
        return _read(document)

    async def _values(self, session: AsyncSession, run: WorkflowExecution, step: Step) -> Values:
        sources = {reference.source for reference in references(step)}
        rows = await session.execute(
            select(StepRun.step_id, StepRun.output).where(
                StepRun.run_id == run.id, StepRun.step_id.in_(sources), StepRun.state == StepState.DONE
            )
        )
        plan = (await session.scalars(select(WorkflowPlan).where(WorkflowPlan.id == run.plan_id))).one()
        return Values(
            outputs={row.step_id: row.output for row in rows},
            issue_text=plan.issue_text,
            issue_reporter=plan.reporter_id,
            issue_channel=plan.channel_id,
            run_id=str(run.id),
        )


@lru_cache(maxsize=512)
def _read(document: str) -> ComponentDefinition:
    """A definition from its JSON. Checking one takes milliseconds, and runs use the same ones again and again."""
    return ComponentDefinition.model_validate_json(document)


def _job(run: WorkflowExecution, step: StepRun) -> RunStep:
    return RunStep(workspace=run.workspace_id, run=run.id, step=step.id, attempt=step.attempt)
