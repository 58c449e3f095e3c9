"""How a job meets its handler, and what a failure of the handler becomes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from bot.deps import Deps
from db.queue import Job

J = TypeVar("J", bound=Job)


class Lane(Enum):
    """Calls of Slack, of the model and of components don't wait for each other; nor people's words for drafts."""

    QUICK = "quick"
    SLOW = "slow"
    STEPS = "steps"
    TALK = "talk"


ATTEMPTS = 5
"""An unexpected failure is tried this often, with growing pauses (1, 2, 4, 8 s), before the job is given up."""

PATIENT_ATTEMPTS = 10
"""The same for what people wait to see, and nobody asks for again: about four minutes."""


@dataclass(frozen=True, slots=True)
class Handler(Generic[J]):
    """What runs a kind of job. `give_up` is called when the handler has failed so many `attempts`.

    `of_removed`: it is run for workspaces, too, from which the app was removed, and where no Slack answers. One
    that `is_silent` says nothing itself, so Slack is not asked in which language whoever asked for it reads.
    """

    job: type[J]
    lane: Lane
    run: Callable[[J, Deps], Awaitable[None]]
    give_up: Callable[[J, Deps], Awaitable[Any]] | None = None
    attempts: int = ATTEMPTS
    of_removed: bool = False
    is_silent: bool = False
