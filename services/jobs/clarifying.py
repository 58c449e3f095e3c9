"""Jobs about what is asked before an issue is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from db.queue import Job
from services.jobs.requests import Act
from services.jobs.runs import AnswerFile


class AnswerClarification(Act):
    """A person answers what was asked about their issue. `key` is Slack's own id of the act.

    `choice` is the number of a place, from 0; `given` are texts by what was lacking; `words` is a reply in the
    thread. `is_anyway`: it is to be planned without an answer. `is_same`: it is the same as the open plan.
    `is_undone`: it is not the same after all. `files` are what was sent along.
    """

    entrypoint: ClassVar[str] = "answer_clarification"

    key: str
    plan: UUID
    choice: int | None = None
    given: Mapping[str, str] = Field(default_factory=dict)
    words: str = ""
    is_anyway: bool = False
    is_same: bool = False
    is_undone: bool = False
    files: tuple[AnswerFile, ...] = ()
    thread_ts: str | None = None
    response_url: str | None = None


class TellOfSame(Job):
    """Say in the thread of a plan that was put away for another how the run of that ended, once."""

    entrypoint: ClassVar[str] = "tell_of_same"

    plan: UUID
    run: UUID


class PostClarification(Job):
    """Say in the thread of a card, once, what is asked there; nothing if it is answered by then."""

    entrypoint: ClassVar[str] = "post_clarification"

    plan: UUID


class EndClarification(Job):
    """Draft a plan about which nobody has answered in time."""

    entrypoint: ClassVar[str] = "end_clarification"

    plan: UUID
