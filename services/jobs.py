"""What is handed to the workers: small frozen messages, stored as JSON, each with a version."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from db.queue import Job
from services.audit import Actor

Listing = Literal["components", "workflows", "notes"]


class PlanDecision(StrEnum):
    """What people decide about a plan."""

    APPROVE = "approve"
    DISCARD = "discard"
    TRY_AGAIN = "try_again"


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


class JobDeferral(Exception):
    """Not now: run this job again after `delay`. It may be deferred for ever."""

    def __init__(self, delay: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.delay = delay


class Request(Job):
    """What a person asks for in Slack: whoever asked hears of it, even if it fails for good."""


class Act(Request):
    """What a person does in a message, or with a slash command in a channel."""

    user: str
    channel: str
    message_ts: str | None = None

    @property
    def actor(self) -> Actor:
        """Who it is, and the message in which they do it."""
        return Actor(self.user, self.channel, self.message_ts)


class Press(Act):
    """A press of a button about something, as it was shown at `revision`. `key` is Slack's own id of the press."""

    key: str | None = None
    revision: int
    thread_ts: str | None = None

    @property
    def actor(self) -> Actor:
        """Who it is, the message, and which press."""
        return Actor(self.user, self.channel, self.message_ts, self.key)


class OpenPlan(Request):
    """Somebody stated an issue: write the plan down and start on it. `key` is Slack's own id of it.

    `markup` is Slack's own form of `text`, where it has one: a form of ours takes plain words. `message_ts` is the
    message that states it, if one does.
    """

    entrypoint: ClassVar[str] = "open_plan"

    key: str
    source: str
    channel: str
    reporter: str
    text: str
    markup: str | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    place: str | None = None
    urgency: str | None = None
    response_url: str | None = None


class PostCard(Job):
    """Post the card of a plan, once."""

    entrypoint: ClassVar[str] = "post_card"

    plan: UUID


class DraftPlan(Job):
    """Let the agents draft a plan. `draft` counts the tries that people asked for."""

    entrypoint: ClassVar[str] = "draft_plan"

    plan: UUID
    draft: int


class ShowCard(Act):
    """Tell whoever asks where the card of a plan is, and have it posted anew if it is gone."""

    entrypoint: ClassVar[str] = "show_card"

    plan: UUID
    response_url: str | None = None


class DrawCard(Job):
    """Redraw a card, unless it has been redrawn since `generation`."""

    entrypoint: ClassVar[str] = "draw_card"

    plan: UUID
    generation: int


class DecidePlan(Press):
    """A press of a button that decides about a plan."""

    entrypoint: ClassVar[str] = "decide"

    plan: UUID
    decision: PlanDecision


class TurnPage(Request):
    """Replace a private list by another page of it. `user` is who asks, where that is not for everybody."""

    entrypoint: ClassVar[str] = "turn_page"

    user: str = ""

    listing: Listing
    search: str
    page: int
    response_url: str


class Tell(Job):
    """Say something to one person only: a help text, or that something could not be done."""

    entrypoint: ClassVar[str] = "tell"

    channel: str
    user: str
    note: str
    thread_ts: str | None = None
    response_url: str | None = None


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
    """A file that somebody answered with, in Slack's keeping; `permalink` is an https address, or empty."""

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


class MakeDryRun(Press):
    """Show what a plan would send."""

    entrypoint: ClassVar[str] = "dry_run"

    key: str
    plan: UUID


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


class EndWork(Job):
    """The app was removed from the workspace: what is under way there ends, on record."""

    entrypoint: ClassVar[str] = "end_work"


class SaveNote(Press):
    """Keep what a person wrote: the new words of the note `target`, or a new note where `revision` is 0."""

    entrypoint: ClassVar[str] = "save_note"

    target: UUID
    text: str
    response_url: str | None = None


class DeleteNote(Press):
    """Forget the note `target`."""

    entrypoint: ClassVar[str] = "delete_note"

    target: UUID
    response_url: str | None = None


class SetApprovalRules(Act):
    """Somebody set who may decide, how many must agree, and what happens while they don't."""

    entrypoint: ClassVar[str] = "set_approvals"

    approvers: tuple[str, ...]
    quorum: int
    remind_after_minutes: float
    limit_minutes: float | None = None
    limit_outcome: str
    response_url: str | None = None
