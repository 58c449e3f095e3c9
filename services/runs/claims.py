"""Claims: a step that a worker has begun, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from db.models.documents import StepWait
from db.queue import JobRow
from services.jobs import JobDeferral, RunStep
from services.runs.step_rows import Behind, DoneStep, StepRow
from services.states import StepState
from services.steps.calls import COMPONENT, StepCall
from services.steps.results import StepResult

C = TypeVar("C", bound=StepCall, covariant=True)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[C]):
    """A step that this worker has claimed, ready to be carried out.

    `number` counts from 1 as long as the run lasts, `tries` from 1 since a person last had the step tried again.
    `started_at` is when the attempt began, however often it has been taken up since. `is_resumed`: another worker
    had it, and may have got somewhere already. `wait` is how far a step that waits has come. `behind` is the only
    step that this one lets start, as far as was known when it began.
    """

    call: C
    claim: UUID
    number: int
    tries: int
    started_at: datetime
    plan_id: UUID
    is_resumed: bool = False
    wait: StepWait = field(default_factory=StepWait)
    behind: Behind | None = None


def attempt_of(plan_id: UUID, step: StepRow, call: StepCall, now: datetime) -> Attempt[StepCall]:
    """The attempt that a step is at, as it begins."""
    return Attempt(
        call=call,
        claim=uuid4(),
        number=step.attempt,
        tries=step.attempt - step.first_attempt + 1,
        started_at=now,
        plan_id=plan_id,
        wait=step.wait or StepWait(),
    )


BeginResult = Attempt[StepCall] | JobDeferral | None
"""None: there is nothing to do, for the step is done or was put off. JobDeferral: it is still to wait."""


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """What came of an attempt. `row` may become that of a step that can start now."""

    job: RunStep
    attempt: Attempt[StepCall]
    result: StepResult
    row: JobRow | None = None

    @property
    def is_plain(self) -> bool:
        """Whether a call has succeeded, so that the step is DONE and nothing about it is left to be judged."""
        return self.result.state is StepState.DONE and self.attempt.call.kind == COMPONENT

    def done(self) -> DoneStep:
        """The same, to be written down."""
        return DoneStep(
            id=self.job.step,
            claim=self.attempt.claim,
            outcome=self.result.outcome,
            status=self.result.status,
            output=self.result.output,
            warnings=list(self.result.warnings),
            started_at=self.attempt.started_at,
        )


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step that the worker of one that is over goes on with: it was begun in the same transaction."""

    job: RunStep
    begun: BeginResult


RecordResult = NextStep | bool
"""False: the claim has passed to another, and what came of the attempt was thrown away."""
