"""Jobs about what one person is told, and about what people set."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from db.queue import Job
from services.jobs.requests import Act, Press, Request

Listing = Literal["components", "workflows", "notes"]


class TurnPage(Request):
    """Replace a private list by another page of it. `user` is who asks, and `channel` is where they do."""

    entrypoint: ClassVar[str] = "turn_page"

    user: str = ""
    channel: str = ""

    listing: Listing
    search: str
    page: int
    response_url: str


class Tell(Job):
    """Say something to one person only: a help text, or that something could not be done.

    With neither a channel nor a response URL it is said on their Home.
    """

    entrypoint: ClassVar[str] = "tell"

    channel: str
    user: str
    note: str
    thread_ts: str | None = None
    response_url: str | None = None


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
