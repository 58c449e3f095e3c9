"""Claims: a step that a worker has begun, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from db.models.documents import StepWait
from db.queue import JobRow
from services.jobs import JobDeferral, RunStep
from services.steps.calls import StepCall
from services.steps.results import StepResult

C = TypeVar("C", bound=StepCall, covariant=True)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[C]):
    """A step that this worker has claimed, ready to be carried out.

    `number` counts from 1 as long as the run lasts, `tries` from 1 since a person last had the step tried again.
    `started_at` is when the attempt began, however often it has been taken up since. `is_resumed`: another worker
    had it, and may have got somewhere already. `wait` is how far a step that waits has come.
    """

    call: C
    claim: UUID
    number: int
    tries: int
    started_at: datetime
    plan_id: UUID
    is_resumed: bool = False
    wait: StepWait = field(default_factory=StepWait)


BeginResult = Attempt[StepCall] | JobDeferral | None
"""None: there is nothing to do, for the step is done or was put off. JobDeferral: it is still to wait."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What came of an attempt. `row` may become that of a step that can start now."""

    job: RunStep
    attempt: Attempt[StepCall]
    result: StepResult
    row: JobRow | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that the worker of one that is over goes on with: it was begun in the same transaction."""

    job: RunStep
    begun: BeginResult


RecordResult = NextStep | bool
"""False: the claim has passed to another, and what came of the attempt was thrown away."""
