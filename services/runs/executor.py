"""Executor: carries out one step of a run. It is begun, done, judged and recorded, and held open by no session.

What doing means is up to the kind of the step. The kinds are one table: those that need nothing but the services
stand here, and the bot adds those that need Slack.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any, assert_never

from db.queue import JobRow, current_row
from db.session import Database
from services.components.builtins import WAIT_FOR, WAIT_UNTIL
from services.connectors import Connector, Response, call_component
from services.connectors.errors import CallError
from services.health.door import Caller, Door, Held
from services.jobs import JobDeferral, RunStep
from services.runs.attempts import AttemptService
from services.runs.batches import StepBatches
from services.runs.claims import Attempt, BeginResult, NextStep, RecordResult
from services.runs.questions import QuestionService
from services.steps.calls import COMPONENT, BuiltinCall, ComponentCall, StepCall
from services.steps.contexts import CallContexts
from services.steps.results import Deferral, PendingAnswer, StepOutcome, StepResult, failed, result_of
from services.steps.waits import wait_end, wait_for, wait_until

logger = logging.getLogger("mudda.runs")

StepKind = Callable[[RunStep, Attempt[Any]], Awaitable[StepOutcome]]
"""Does what a step of this kind is for, as far as it goes now; written to be called again for the same attempt."""

Meter = Callable[[str], AbstractContextManager[list[str]]]
"""Times a call of the component with this key; what is appended to its list is the outcome."""


def _unmetered(_: str) -> AbstractContextManager[list[str]]:
    return nullcontext([])


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Executor:
    """Carries out steps, each by its kind. One per process."""

    def __init__(
        self,
        database: Database,
        batches: StepBatches,
        attempts: AttemptService,
        questions: QuestionService,
        connector: Connector,
        contexts: CallContexts,
        door: Door,
        *,
        meter: Meter = _unmetered,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._batches = batches
        self._attempts = attempts
        self._questions = questions
        self._connector = connector
        self._contexts = contexts
        self._door = door
        self._meter = meter
        self._now = now
        self._kinds: dict[str, StepKind] = {
            COMPONENT: self._call_component,
            WAIT_FOR: self._wait_for,
            WAIT_UNTIL: self._wait_until,
        }

    def register(self, kind: str, carry_out: StepKind) -> None:
        """Add a kind of step."""
        self._kinds[kind] = carry_out

    async def run(self, job: RunStep) -> None:
        """Carry out a step, and then what it lets start, as long as the row of the job may be used for that.

        A job that runs again finds what is done done. Raises JobDeferral.
        """
        await self._go_on(NextStep(job, await self._batches.begin(job)))

    async def go_on(self, following: NextStep) -> None:
        """Carry out a step that was begun in the place of another job, by whose handler this is called.

        Raises JobDeferral.
        """
        if row := current_row.get():
            row.has_moved = True
        await self._go_on(following)

    async def _go_on(self, following: NextStep | None) -> None:
        row = current_row.get()
        while following is not None:
            following = await self._carry_out(following.job, following.begun, row)
            if following is not None and row is not None:
                row.has_moved = True

    async def _carry_out(self, job: RunStep, begun: BeginResult, row: JobRow | None) -> NextStep | None:
        """Carry out a step that has begun; the one to go on with, if there is one."""
        if isinstance(begun, JobDeferral):
            raise begun
        if begun is None:
            return None
        outcome = await self._kinds[begun.call.kind](job, begun)
        recorded = await self._record(job, begun, outcome, row)
        if not recorded:
            logger.warning("A step's result came too late and was thrown away")
        return recorded if isinstance(recorded, NextStep) else None

    async def _record(
        self, job: RunStep, attempt: Attempt[StepCall], outcome: StepOutcome, row: JobRow | None
    ) -> RecordResult:
        """Write down what came of an attempt."""
        if isinstance(outcome, StepResult):
            return await self._batches.record(job, attempt, outcome, row)
        async with self._database.of(job.workspace).transaction() as session:
            if isinstance(outcome, Deferral):
                return await self._attempts.defer(session, job, attempt, outcome, self._now())
            if isinstance(outcome, PendingAnswer):
                return await self._questions.finish_asking(session, job, attempt, self._now())
            assert_never(outcome)

    async def _call_component(self, job: RunStep, attempt: Attempt[ComponentCall]) -> StepOutcome:
        call = attempt.call
        async with self._door.call(_caller(job, attempt), call.definition) as held:
            if held is not None:
                return _deferred(held, attempt)
            with self._meter(call.definition.key) as outcomes:
                answer = await self._answer(job, call, f"{job.run}:{job.step}")
                result = result_of(answer, call.definition, attempt.tries)
                outcomes.append(result.outcome)
        return result

    async def _answer(self, job: RunStep, call: ComponentCall, key: str) -> Response | CallError:
        """What comes of a call, of which the door is told."""
        try:
            context = await self._contexts.of(job.workspace, call.definition)
        except CallError as error:
            return error
        answer = await call_component(
            call.request, call.definition, idempotency_key=key, connector=self._connector, context=context
        )
        await self._door.note(job.workspace, call.definition, answer)
        return answer

    async def _wait_for(self, job: RunStep, attempt: Attempt[BuiltinCall]) -> StepOutcome:
        return wait_for(attempt.call.inputs, attempt.started_at, self._now())

    async def _wait_until(self, job: RunStep, attempt: Attempt[BuiltinCall]) -> StepOutcome:
        poll = attempt.call.poll
        assert poll is not None  # noqa: S101 - a wait.until has one
        polls = attempt.wait.get("polls", 0) + 1
        # A key of its own for each: the answer of the last one is what nobody wants again.
        key = f"{job.run}:{job.step}:{attempt.number}:{polls}"
        async with self._door.call(_caller(job, attempt), poll.call.definition) as held:
            if held is not None and self._now() >= wait_end(attempt.call.inputs, attempt.started_at):
                return failed("wait_ended", polls=polls - 1)
            if held is not None:
                return _deferred(held, attempt)
            answer = await self._answer(job, poll.call, key)
        return wait_until(
            poll, answer, attempt.call.inputs, polls=polls, started_at=attempt.started_at, now=self._now()
        )


def _caller(job: RunStep, attempt: Attempt[Any]) -> Caller:
    """Who calls, and what they were told before. That a person has the call tried again is reason to see."""
    told: Mapping[str, Any] = attempt.wait.get("held", {})
    held = dict(told) if told.get("attempt") == attempt.number else {}
    return Caller(job.workspace, attempt.claim, held, is_wanted=attempt.number > 1 and attempt.tries == 1)


def _deferred(held: Held, attempt: Attempt[Any]) -> Deferral:
    return Deferral(held.until, {"held": {**held.to_dict(), "attempt": attempt.number}})
