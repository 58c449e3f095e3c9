"""Jobs about runs: steps, gates, questions, and what is told of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from db.queue import Job
from services.jobs.requests import Press


class RunDecision(StrEnum):
    """What people decide about a run: CANCEL one that goes on, STOP one that has failed, or run it AGAIN."""

    CANCEL = "cancel"
    STOP = "stop"
    AGAIN = "again"


class StepDecision(StrEnum):
    """What people decide about a step of a run."""

    APPROVE = "approve"
    REJECT = "reject"
    RETRY = "retry"
    SKIP = "skip"
    MARK_DONE = "mark_done"
    EDIT_OUTPUTS = "edit_outputs"


class RunStep(Job):
    """Carry out one step of a run, as its `attempt`."""

    entrypoint: ClassVar[str] = "run_step"

    run: UUID
    step: UUID
    attempt: int


class GivenOutput(BaseModel):
    """A value that a person gives for a place in the answer of a step: ("data", 0, "id")."""

    model_config = ConfigDict(frozen=True)

    path: tuple[str | int, ...]
    value: Any


class DecideRun(Press):
    """A press of a button about a run: `target` is the run, or with a step's decision the step's run.

    `outputs` are the values that a person gives for what the step has answered.
    """

    entrypoint: ClassVar[str] = "decide_run"

    target: UUID
    decision: RunDecision | StepDecision
    reason: str | None = None
    outputs: tuple[GivenOutput, ...] = ()


class AnswerFile(BaseModel):
    """A file that somebody sent, in Slack's keeping; `permalink` is an https address, or empty."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    mimetype: str
    permalink: str


class AnswerStep(Job):
    """Somebody answered the question of a step, as it was put in its `attempt`; the message of it is at `ts`.

    `answer` is a text, or of a choice the number of the option, counted from 0; empty where `files` are the
    answer.
    """

    entrypoint: ClassVar[str] = "answer_step"

    step: UUID
    attempt: int
    user: str
    answer: str
    channel: str
    ts: str
    files: tuple[AnswerFile, ...] = ()


class DrawQuestion(Job):
    """Show what has become of the question of a step, at the message that a `user` has of it."""

    entrypoint: ClassVar[str] = "draw_question"

    step: UUID
    user: str


class RemindQuestion(Job):
    """Remind a `user` of the question of a step, as it was put in its `attempt`. `reminder` counts from 1."""

    entrypoint: ClassVar[str] = "remind_question"

    step: UUID
    attempt: int
    user: str
    reminder: int = 1


class ReplyToReporter(Job):
    """Tell whoever reported the issue, in the card's thread, how its run ended."""

    entrypoint: ClassVar[str] = "reply_to_reporter"

    plan: UUID
    run: UUID


class TellOfWait(Job):
    """Say in the card's thread that a step waits for people, unless it is no longer as it was at `revision`."""

    entrypoint: ClassVar[str] = "tell_of_wait"

    plan: UUID
    run: UUID
    step: UUID
    revision: int


class TellOfFailure(Job):
    """Say in the card's thread that a run has failed, unless it has gone on since `failed_at`."""

    entrypoint: ClassVar[str] = "tell_of_failure"

    plan: UUID
    run: UUID
    failed_at: datetime


class RemindGate(Job):
    """Remind people of a step that waits at its gate. `reminder` counts from 1."""

    entrypoint: ClassVar[str] = "remind_gate"

    plan: UUID
    run: UUID
    step: UUID
    revision: int
    reminder: int = 1


class GateLimit(Job):
    """The time limit of a gate is up, unless the step has moved on from `revision`."""

    entrypoint: ClassVar[str] = "gate_limit"

    run: UUID
    step: UUID
    revision: int
