"""A draft is changed: by a wish in words, step by step in a form, or back to an earlier version."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from db.queue import Job
from services.audit import Actor
from services.jobs.requests import Act
from services.jobs.runs import AnswerFile


class WishOutcome(StrEnum):
    """Why a plan was not changed."""

    FAILED = "failed"
    SAME = "same"
    EMPTY = "empty"
    UNDER_WAY = "under_way"
    CHANGED_SINCE = "changed_since"
    OVER = "over"
    DISCARDED = "discarded"
    NOT_ALLOWED = "not_allowed"
    NOT_VALID = "not_valid"
    OUTDATED = "outdated"
    BUSY = "busy"


class Change(Act):
    """What somebody does to a draft. `key` is Slack's own id of it.

    `revision` is of the plan as it was shown; None: whatever is shown now. `thread_ts` is the thread in which they
    are answered.
    """

    key: str
    plan: UUID
    thread_ts: str | None = None
    revision: int | None = None

    @property
    def actor(self) -> Actor:
        """Who it is, the message, and which act."""
        return Actor(self.user, self.channel or None, self.message_ts, self.key)


class RefinePlan(Change):
    """Somebody wants a draft to be different, and says so in words: `wish` is readable text.

    `files` are what was sent along.
    """

    entrypoint: ClassVar[str] = "refine_plan"

    wish: str
    files: tuple[AnswerFile, ...] = ()


class TypedInput(BaseModel):
    """An input of a step as a person typed it; an empty `value` leaves it out."""

    model_config = ConfigDict(frozen=True)

    location: Literal["path", "query", "header", "body", "variable"]
    name: str
    value: str


class EditPlan(Change):
    """Somebody changed one step of a draft in its form: `removed` it, or said what it sends, when and after what.

    `after` are the ids of the steps that it is to come right after, `said` is it all in words, to be given back.
    """

    entrypoint: ClassVar[str] = "edit_plan"

    step_id: str
    inputs: tuple[TypedInput, ...] = ()
    gated: bool = False
    after: tuple[str, ...] = ()
    removed: bool = False
    said: str = ""


class RestoreVersion(Change):
    """Somebody wants an earlier version of a draft back."""

    entrypoint: ClassVar[str] = "restore_version"

    to_version: int


class TellOfWish(Job):
    """Tell whoever wanted a change, privately, that nothing was changed and why; their words are given back.

    `failure` is why the agents made no plan, as it is kept with a plan, `faults` what is wrong with what was
    wanted, as the validator has it, and `by` whoever was first. A plan that is outdated can be brought up to date
    from there: `plan` as it was shown at `revision`.
    """

    entrypoint: ClassVar[str] = "tell_of_wish"

    channel: str
    user: str
    wish: str
    outcome: WishOutcome
    thread_ts: str | None = None
    failure: dict[str, Any] | None = None
    faults: tuple[dict[str, Any], ...] = ()
    by: str | None = None
    plan: UUID | None = None
    revision: int = 0
