"""QuestionService: the questions that steps ask people, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Decision, Run, StepAttempt, StepRun, WorkflowPlan
from db.models.documents import AskedPerson
from db.queue import enqueue
from services import audit
from services.audit import Actor
from services.components.builtins import ASK_PERSON
from services.errors import MoveNotAllowed, MuddaError, NotFound
from services.jobs import AnswerFile, AnswerStep, RemindQuestion, RunStep
from services.runs.claims import Attempt
from services.runs.progress import RunProgress
from services.runs.service import RunService
from services.states import RunState, StepState
from services.steps.calls import StepCall
from services.steps.waits import people_asked, with_message, without


class NotAsked(MuddaError):
    """The question was put to somebody else than this `user`."""

    def __init__(self, user: str) -> None:
        super().__init__(f"{user} was not asked")
        self.user = user


class QuestionService:
    """Every method takes a session and leaves the commit to its caller."""

    def __init__(self, runs: RunService, progress: RunProgress) -> None:
        self._runs = runs
        self._progress = progress

    async def record_recipients(
        self,
        session: AsyncSession,
        job: RunStep,
        attempt: Attempt[StepCall],
        channels: Mapping[str, str],
        unreached: Mapping[str, str],
    ) -> bool:
        """Note to whom a question is about to be put: people by id, each with the channel of their DM.

        Those `unreached` can't be asked, each for a reason in Slack's words. False if the claim has passed on.
        """
        _, step = await self._held(session, job, attempt)
        if step is None:
            return False
        people: list[AskedPerson] = [
            {"person": person, "channel": channel} for person, channel in channels.items()
        ]
        step.wait = {**(step.wait or {}), "asked": people}
        step.warnings = [not_asked(person, reason) for person, reason in unreached.items()]
        return True

    async def record_posted(
        self, session: AsyncSession, job: RunStep, attempt: Attempt[StepCall], person: str, ts: str
    ) -> bool:
        """Note where the question to a person stands. False: nobody else is to be asked any more.

        Should another have answered in the meantime, that is shown at this message too.
        """
        run, step = await self._locked(session, job.workspace, job.step)
        if step.wait is None or step.wait.get("attempt") != attempt.number:
            return False
        step.wait = with_message(step.wait, person, ts=ts)
        if step.state != StepState.RUNNING:
            await self._progress.draw_question(session, step.workspace_id, step.id, step.revision, step.wait)
        return step.claim == attempt.claim and run.state != RunState.CANCELLED

    async def record_not_posted(
        self, session: AsyncSession, job: RunStep, attempt: Attempt[StepCall], person: str, reason: str
    ) -> bool:
        """Note that a person could not be asked after all. False if the claim has passed on."""
        _, step = await self._held(session, job, attempt)
        if step is None:
            return False
        step.wait = without(step.wait or {}, person)
        step.warnings = [*step.warnings, not_asked(person, reason)]
        return True

    async def finish_asking(
        self, session: AsyncSession, job: RunStep, attempt: Attempt[StepCall], now: datetime
    ) -> bool:
        """Everybody has been asked: let the step wait for the answer. False if the claim has passed on."""
        run, step = await self._held(session, job, attempt)
        if step is None:
            return False
        await self._progress.move(session, step, StepState.WAITING, now)
        if run.state == RunState.CANCELLED:
            await self._progress.move(session, step, StepState.CANCELLED, now)
        else:
            for each in people_asked(step.wait):
                await self.remind_later(
                    session,
                    RemindQuestion(
                        workspace=job.workspace, step=step.id, attempt=step.attempt, user=each["person"]
                    ),
                )
        await self._progress.settle(session, run, now)
        return True

    async def remind_later(self, session: AsyncSession, job: RemindQuestion) -> None:
        """Schedule a reminder, unless there have been enough."""
        if job.reminder <= MAX_REMINDERS:
            key = f"remind_question:{job.step}:{job.attempt}:{job.user}:{job.reminder}"
            await enqueue(session, job, after=REMINDER_INTERVAL, key=key)

    async def question(self, session: AsyncSession, workspace_id: UUID, step_id: UUID) -> Question:
        """The question that a step asks. Raises NotFound."""
        row = (
            await session.execute(
                select(StepRun, StepRun.output, Run.state, WorkflowPlan)
                .join(Run, Run.id == StepRun.run_id)
                .join(WorkflowPlan, WorkflowPlan.id == Run.plan_id)
                .where(Run.workspace_id == workspace_id)
                .where(StepRun.id == step_id, StepRun.component_key == ASK_PERSON)
            )
        ).one_or_none()
        if row is None or not row[0].wait or not row[0].request:
            raise NotFound("question", step_id)
        step, output, run_state, plan = row
        return question_of(step, output, plan, run_state)

    async def answer(self, session: AsyncSession, workspace_id: UUID, given: AnswerStep, now: datetime) -> None:
        """Keep the answer to a question; what waited for it goes on.

        The first answer counts. The same person's answer again changes nothing. Raises NotFound, NotAsked, or
        MoveNotAllowed if no answer is awaited any more.
        """
        run, step = await self._locked(session, workspace_id, given.step)
        question = await self.question(session, workspace_id, given.step)
        if given.user not in question.people:
            raise NotAsked(given.user)
        wait = step.wait or {}
        if wait.get("answered_by") == given.user and step.attempt == given.attempt:
            return
        if step.state not in OPEN or step.attempt != given.attempt or run.state == RunState.CANCELLED:
            raise MoveNotAllowed(state=step.state, wanted=StepState.DONE)
        step.output = answered(question, given)
        # On a Home there is no message: what is known of the one in the DM stays.
        placed = with_message(wait, given.user, channel=given.channel, ts=given.ts) if given.ts else wait
        step.wait = {**placed, "answered_by": given.user}
        self._note(session, run, step, given.user, now)
        await audit.record(
            session,
            workspace_id,
            subject=run.id,
            actor=Actor(given.user, given.channel or None, given.ts or None),
            action="step.answered",
            step=step.step_id,
        )
        await self._progress.move(session, step, StepState.DONE, now)
        await self._progress.advance(session, run, step, now)
        await self._progress.settle(session, run, now)

    def _note(self, session: AsyncSession, run: Run, step: StepRun, user: str, now: datetime) -> None:
        session.add(
            StepAttempt(
                workspace_id=run.workspace_id,
                step_run_id=step.id,
                number=step.attempt,
                outcome="answered",
                started_at=step.started_at or now,
            )
        )
        session.add(
            Decision(
                workspace_id=run.workspace_id, run_id=run.id, step_run_id=step.id, kind="answer", user_id=user
            )
        )

    async def _held(
        self, session: AsyncSession, job: RunStep, attempt: Attempt[StepCall]
    ) -> tuple[Run, StepRun | None]:
        """The run, and the step while the claim on it is still good."""
        run, step = await self._locked(session, job.workspace, job.step)
        is_held = step.state == StepState.RUNNING and step.claim == attempt.claim
        return run, step if is_held else None

    async def _locked(self, session: AsyncSession, workspace_id: UUID, step_id: UUID) -> tuple[Run, StepRun]:
        """The step of a run of this workspace, whose row is held. Raises NotFound."""
        run_id = await session.scalar(select(StepRun.run_id).where(StepRun.id == step_id))
        if run_id is None:
            raise NotFound("step", step_id)
        run = await self._runs.locked(session, workspace_id, run_id)
        step = await session.get_one(StepRun, step_id, populate_existing=True)
        return run, step


def not_asked(person: str, reason: str) -> dict[str, str]:
    """The warning about a person who could not be asked, for a reason in Slack's words."""
    return {"code": "not_asked", "person": person, "reason": reason}


OPEN = (StepState.RUNNING, StepState.WAITING)
"""While a question may be answered: from when it is about to be posted, for whoever is quick."""

MAX_REMINDERS, REMINDER_INTERVAL = 3, timedelta(days=1)
"""So often at most is each person reminded who was asked, with so long before each time."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as its messages and its form show it.

    `attempt` tells this asking from earlier ones of the same step. `people` are those who were asked, `messages`
    where each one's message is (channel, ts) by their id, as far as that is on record. `answer` is None until
    there is one.
    """

    step_id: UUID
    attempt: int
    people: tuple[str, ...]
    question: str
    kind: str
    options: tuple[str, ...]
    plan_number: int
    title: str
    reporter: str
    is_open: bool
    messages: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    answer: str | None = None
    answered_by: str | None = None
    files: tuple[AnswerFile, ...] = ()


def question_of(step: StepRun, output: Any, plan: WorkflowPlan, run_state: str) -> Question:
    """The question of a step that has begun to ask."""
    inputs: Mapping[str, Any] = step.request["body"] if step.request else {}
    answered = output if isinstance(output, dict) and "answer" in output else {}
    return Question(
        step_id=step.id,
        attempt=step.attempt,
        people=tuple(each["person"] for each in people_asked(step.wait)),
        question=inputs["question"],
        kind=inputs["kind"],
        options=tuple(inputs.get("options", ())),
        plan_number=plan.number,
        title=plan.title or plan.issue_text,
        reporter=plan.reporter_id,
        is_open=step.state in OPEN and run_state != RunState.CANCELLED,
        messages={
            each["person"]: (each["channel"], each["ts"]) for each in people_asked(step.wait) if "ts" in each
        },
        answer=answered.get("answer"),
        answered_by=answered.get("answered_by"),
        files=tuple(AnswerFile.model_validate(file) for file in answered.get("files", ())),
    )


def answered(question: Question, given: AnswerStep) -> dict[str, Any]:
    """What the step answers: a text, or for photos links to them, by whom, and the photos' files.

    Raises MoveNotAllowed for an option that there is not, and for a photo without one.
    """
    if question.kind == "photo":
        if not given.files:
            raise MoveNotAllowed(state=StepState.WAITING, wanted=StepState.DONE)
        links = " ".join(file.permalink or file.name for file in given.files)
        return {"answer": links, "answered_by": given.user, "files": [file.model_dump() for file in given.files]}
    return {"answer": _chosen(question, given.answer), "answered_by": given.user}


def _chosen(question: Question, answer: str) -> str:
    if question.kind != "choice":
        return answer
    if not answer.isdecimal() or int(answer) >= len(question.options):
        raise MoveNotAllowed(state=StepState.WAITING, wanted=StepState.DONE)
    return question.options[int(answer)]
