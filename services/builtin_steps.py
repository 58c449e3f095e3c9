"""BuiltinService: built-in steps that go on waiting, and the questions that people are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, StepAttempt, StepRun, WorkflowExecution, WorkflowPlan
from db.queue import enqueue
from services import audit
from services.builtin_attempts import BuiltinAttempt
from services.builtins import ASK_PERSON
from services.errors import MoveNotAllowed, NotAsked, NotFound
from services.jobs import RunStep
from services.progress import Progress
from services.run_states import RunState, StepState
from services.runs import RunService

OPEN = (StepState.RUNNING, StepState.WAITING)
"""While a question may be answered: from when it is about to be posted, for whoever is quick."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as its message and its form show it.

    `attempt` tells this asking from earlier ones of the same step. `channel` and `ts` say where it is, once that
    is on record. `answer` is None until there is one.
    """

    step_id: UUID
    attempt: int
    person: str
    question: str
    kind: str
    options: tuple[str, ...]
    plan_number: int
    title: str
    reporter: str
    is_open: bool
    channel: str | None = None
    ts: str | None = None
    answer: str | None = None


class BuiltinService:
    """Every method takes a session and leaves the commit to its caller."""

    def __init__(self, runs: RunService, progress: Progress) -> None:
        self._runs = runs
        self._progress = progress

    async def put_off(
        self,
        session: AsyncSession,
        job: RunStep,
        attempt: BuiltinAttempt,
        until: datetime,
        now: datetime,
        **facts: Any,
    ) -> bool:
        """Let the step wait, held by no worker; `facts` are kept with it. False if the claim has passed on.

        It is the same attempt that goes on then: nothing has failed.
        """
        run, step = await self._held(session, job, attempt)
        if step is None:
            return False
        step.wait = {**(step.wait or {}), **facts}
        await self._progress.move(session, step, StepState.READY, now)
        if run.state == RunState.CANCELLED:
            await self._progress.move(session, step, StepState.CANCELLED, now)
        else:
            step.retry_at = until
            await enqueue(session, job, after=until - now, key=f"step:{step.id}:{step.attempt}:{step.revision}")
        await self._progress.settle(session, run, now)
        return True

    async def asked(
        self, session: AsyncSession, job: RunStep, attempt: BuiltinAttempt, channel: str, ts: str, now: datetime
    ) -> bool:
        """The question has been posted: wait for the answer. False if the claim has passed on."""
        run, step = await self._held(session, job, attempt)
        if step is None:
            return False
        step.wait = {**(step.wait or {}), "channel": channel, "ts": ts}
        await self._progress.move(session, step, StepState.WAITING, now)
        if run.state == RunState.CANCELLED:
            await self._progress.move(session, step, StepState.CANCELLED, now)
        await self._progress.settle(session, run, now)
        return True

    async def question(self, session: AsyncSession, workspace_id: UUID, step_id: UUID) -> Question:
        """The question that a step asks. Raises NotFound."""
        row = (
            await session.execute(
                select(StepRun, StepRun.output, WorkflowExecution.state, WorkflowPlan)
                .join(WorkflowExecution, WorkflowExecution.id == StepRun.run_id)
                .join(WorkflowPlan, WorkflowPlan.id == WorkflowExecution.plan_id)
                .where(WorkflowExecution.workspace_id == workspace_id)
                .where(StepRun.id == step_id, StepRun.component_key == ASK_PERSON)
            )
        ).one_or_none()
        if row is None or not row[0].wait or not row[0].request:
            raise NotFound("question", step_id)
        step, output, run_state, plan = row
        return _question(step, output, plan, is_open=step.state in OPEN and run_state != RunState.CANCELLED)

    async def answer(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        step_id: UUID,
        attempt: int,
        user: str,
        answer: str,
        place: tuple[str, str],
        now: datetime,
    ) -> None:
        """Keep the answer to a question, whose message is at `place` (channel, ts); what waited for it goes on.

        Of a choice it is the number of the option. The same person's answer again changes nothing. Raises
        NotFound, NotAsked, or MoveNotAllowed if no answer is awaited any more.
        """
        question = await self.question(session, workspace_id, step_id)
        if question.person != user:
            raise NotAsked(user)
        run, step = await self._locked(session, workspace_id, step_id)
        wait = step.wait or {}
        if wait.get("answered_by") == user and step.attempt == attempt:
            return
        if step.state not in OPEN or step.attempt != attempt or run.state == RunState.CANCELLED:
            raise MoveNotAllowed(state=step.state, wanted=StepState.DONE)
        step.wait = {**wait, "channel": place[0], "ts": place[1], "answered_by": user}
        step.output = {"answer": chosen(question, answer), "answered_by": user}
        self._note(session, run, step, user, now)
        await audit.record(
            session, workspace_id, subject=run.id, actor=user, action="step.answered", step=step.step_id
        )
        await self._progress.move(session, step, StepState.DONE, now)
        await self._progress.go_on(session, run, step, now)
        await self._progress.settle(session, run, now)

    def _note(
        self, session: AsyncSession, run: WorkflowExecution, step: StepRun, user: str, now: datetime
    ) -> None:
        session.add(
            StepAttempt(
                step_run_id=step.id, number=step.attempt, outcome="answered", started_at=step.started_at or now
            )
        )
        session.add(
            Decision(
                workspace_id=run.workspace_id, run_id=run.id, step_run_id=step.id, kind="answer", user_id=user
            )
        )

    async def _held(
        self, session: AsyncSession, job: RunStep, attempt: BuiltinAttempt
    ) -> tuple[WorkflowExecution, StepRun | None]:
        """The run, and the step while the claim on it is still good."""
        run, step = await self._locked(session, job.workspace, job.step)
        is_held = step.state == StepState.RUNNING and step.claim == attempt.claim
        return run, step if is_held else None

    async def _locked(
        self, session: AsyncSession, workspace_id: UUID, step_id: UUID
    ) -> tuple[WorkflowExecution, StepRun]:
        """The step of a run of this workspace, whose row is held. Raises NotFound."""
        run_id = await session.scalar(select(StepRun.run_id).where(StepRun.id == step_id))
        if run_id is None:
            raise NotFound("step", step_id)
        run = await self._runs.locked(session, workspace_id, run_id)
        step = await session.get_one(StepRun, step_id, populate_existing=True)
        return run, step


def chosen(question: Question, answer: str) -> str:
    """The answer in words. Raises MoveNotAllowed for an option that there is not."""
    if question.kind != "choice":
        return answer
    if not answer.isdecimal() or int(answer) >= len(question.options):
        raise MoveNotAllowed(state=StepState.WAITING, wanted=StepState.DONE)
    return question.options[int(answer)]


def _question(step: StepRun, output: Any, plan: WorkflowPlan, *, is_open: bool) -> Question:
    inputs: Mapping[str, Any] = (step.request or {})["body"]
    wait: Mapping[str, Any] = step.wait or {}
    return Question(
        step_id=step.id,
        attempt=step.attempt,
        person=wait["person"],
        question=inputs["question"],
        kind=inputs["kind"],
        options=tuple(inputs.get("options", ())),
        plan_number=plan.number,
        title=plan.title or plan.issue_text,
        reporter=plan.reporter_id,
        is_open=is_open,
        channel=wait.get("channel"),
        ts=wait.get("ts"),
        answer=output["answer"] if isinstance(output, dict) and "answer" in output else None,
    )
