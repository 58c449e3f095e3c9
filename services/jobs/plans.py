"""Jobs about plans and their cards."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from db.queue import Job
from services.jobs.requests import Act, Press, Request
from services.jobs.runs import AnswerFile


class PlanDecision(StrEnum):
    """What people decide about a plan."""

    APPROVE = "approve"
    DISCARD = "discard"
    TRY_AGAIN = "try_again"


class OpenPlan(Request):
    """Somebody stated an issue: write the plan down and start on it. `key` is Slack's own id of it.

    `requester` is who had it planned, where that is not the reporter: below what somebody else had written.

    `markup` is Slack's own form of `text`, where it has one: a form of ours takes plain words. `message_ts` is the
    message that states it, if one does, `permalink` the address of one that was planned as it stood there, and
    `files` are what was sent along. `press` is Slack's own id of the press by which it was chosen, if that is
    another than `key`.
    """

    entrypoint: ClassVar[str] = "open_plan"

    key: str
    source: str
    channel: str
    reporter: str
    requester: str | None = None
    text: str
    markup: str | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    place: str | None = None
    urgency: str | None = None
    permalink: str | None = None
    files: tuple[AnswerFile, ...] = ()
    press: str | None = None
    response_url: str | None = None

    @property
    def reader(self) -> str:
        """Who hears what becomes of it."""
        return self.requester or self.reporter


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


class MakeDryRun(Press):
    """Show what a plan would send."""

    entrypoint: ClassVar[str] = "dry_run"

    key: str
    plan: UUID
