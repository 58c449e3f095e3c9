"""What is handed to the workers: small frozen messages, stored as JSON, each with a version."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from db.queue import Job

Listing = Literal["components", "workflows"]
Decision = Literal["discard", "try_again"]


class OpenPlan(Job):
    """Somebody stated an issue: write the plan down and start on it. `key` is Slack's own id of it."""

    entrypoint: ClassVar[str] = "open_plan"

    key: str
    team: str
    source: str
    channel: str
    reporter: str
    text: str
    thread_ts: str | None = None
    place: str | None = None
    urgency: str | None = None
    response_url: str | None = None


class PostCard(Job):
    """Post the card of a plan, once."""

    entrypoint: ClassVar[str] = "post_card"

    workspace: UUID
    plan: UUID


class DraftPlan(Job):
    """Let the agents draft a plan. `draft` counts the tries that people asked for."""

    entrypoint: ClassVar[str] = "draft_plan"

    workspace: UUID
    plan: UUID
    draft: int


class DrawCard(Job):
    """Redraw a card, unless it has been redrawn since `generation`."""

    entrypoint: ClassVar[str] = "draw_card"

    workspace: UUID
    plan: UUID
    generation: int


class Decide(Job):
    """A press of a button that decides about a plan, as it was shown at `revision`."""

    entrypoint: ClassVar[str] = "decide"

    team: str
    plan: UUID
    revision: int
    decision: Decision
    user: str
    channel: str
    message_ts: str
    thread_ts: str | None = None


class TurnPage(Job):
    """Replace a private list by another page of it."""

    entrypoint: ClassVar[str] = "turn_page"

    team: str
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
