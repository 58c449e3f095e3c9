"""The begins and the records of steps, as many with one commit as there are at the moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.errors import DATABASE_ERRORS, is_refused
from db.group_commit import GroupCommit, LockedElsewhere
from db.queue import JobRow
from db.session import Database
from services.jobs import RunStep
from services.runs.attempts import AttemptService
from services.runs.claims import Attempt, AttemptOutcome, BeginResult, RecordResult
from services.steps.calls import StepCall
from services.steps.results import StepResult

logger = logging.getLogger("mudda.steps")

T = TypeVar("T")
R = TypeVar("R")

MAX_BATCH_STEPS = 100
"""Steps in one transaction: more would keep their runs' rows for longer than people notice."""

PATIENCE_SECONDS = 120.0
"""For how long a result is kept while the database is away: longer than a failover takes."""

BASE_DELAY_SECONDS, MAX_DELAY_SECONDS = 0.25, 1.0
"""Seconds between tries; another worker may take the step over as soon as the database is back."""

Look = Callable[[AsyncSession, UUID], Awaitable[None]]
"""Reads, by the session that begins steps of a workspace, what their calls will ask for next (`Door.look`)."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def _nothing(session: AsyncSession, workspace: UUID) -> None:
    return


class StepBatches:
    """Begins and records steps. One per process; a transaction is about steps of one workspace only."""

    def __init__(
        self,
        database: Database,
        attempts: AttemptService,
        *,
        look: Look = _nothing,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._database = database
        self._attempts = attempts
        self._look = look
        self._now = now
        self._beginning: dict[UUID, GroupCommit[RunStep, BeginResult]] = {}
        self._recording: dict[UUID, GroupCommit[AttemptOutcome, RecordResult]] = {}
        self._results: dict[UUID, asyncio.Task[RecordResult]] = {}

    async def begin(self, job: RunStep) -> BeginResult:
        """Claim a step, as `AttemptService.begin` has it.

        What this process knows of an earlier attempt is written down first: a step whose result is known must not
        be taken for one of which nobody knows.
        """
        if earlier := self._results.get(job.step):
            await asyncio.wait({earlier})
        return await _of(self._beginning, job.workspace, self._begin).put(job)

    async def record(
        self, job: RunStep, attempt: Attempt[StepCall], result: StepResult, row: JobRow | None = None
    ) -> RecordResult:
        """Write down what came of an attempt; the answer may be the step to go on with, in the same `row`.

        What was done must not be forgotten for an outage of the database. So it is tried again for a while, even
        when the job itself is cancelled meanwhile.
        """
        task = asyncio.create_task(self._kept(AttemptOutcome(job, attempt, result, row)))
        self._results[job.step] = task
        task.add_done_callback(lambda done: self._forget(job.step, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Wait until what was handed over is written; what could not be written so far is given up."""
        for begins in self._beginning.values():
            await begins.close()
        for records in self._recording.values():
            await records.close()
        for task in self._results.values():
            task.cancel()

    async def _kept(self, came: AttemptOutcome) -> RecordResult:
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + PATIENCE_SECONDS, BASE_DELAY_SECONDS
        while True:
            try:
                return await _of(self._recording, came.job.workspace, self._record).put(came)
            except DATABASE_ERRORS as error:
                if is_refused(error) or loop.time() + pause > end:
                    raise
                logger.warning("Could not write a step's result down yet: %s", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_DELAY_SECONDS)

    def _forget(self, step: UUID, done: asyncio.Task[RecordResult]) -> None:
        if self._results.get(step) is done:
            del self._results[step]
        if not done.cancelled() and (error := done.exception()):
            logger.error("A step's result was lost: %s", type(error).__name__)

    async def _begin(
        self, workspace: UUID, jobs: Sequence[RunStep], may_wait: bool
    ) -> list[BeginResult | LockedElsewhere]:
        async with self._database.of(workspace).transaction(keeps_plans=True) as session:
            begun = await self._attempts.begin(session, jobs, self._now(), may_wait=may_wait)
            await self._look(session, workspace)
            return begun

    async def _record(
        self, workspace: UUID, came: Sequence[AttemptOutcome], may_wait: bool
    ) -> list[RecordResult | LockedElsewhere]:
        database, now = self._database.of(workspace), self._now()
        following = None
        if len(came) == 1 and not may_wait:
            following = await self._attempts.hand_over(database, came[0], now)
        if following is not None:
            return [following]
        async with database.transaction(keeps_plans=True) as session:
            return await self._attempts.record(session, came, now, may_wait=may_wait)


Commit = Callable[[UUID, Sequence[T], bool], Awaitable[Sequence[R | LockedElsewhere]]]


def _of(known: dict[UUID, GroupCommit[T, R]], workspace: UUID, commit: Commit[T, R]) -> GroupCommit[T, R]:
    """What writes the items of a workspace; made when there is a first one."""
    if workspace not in known:
        write = partial(commit, workspace)
        known[workspace] = GroupCommit(write, max_batch=MAX_BATCH_STEPS, retry_singly=True)
    return known[workspace]
