"""PgQueuer on asyncpg: its driver, kept quiet, and the queries that this process owns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, cast

from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job as QueuedJob
from pgqueuer.models import TracebackRecord
from pgqueuer.queries import Queries
from pgqueuer.types import JOB_STATUS, QueueEntrypoint

QUIET_SECONDS, MOST_QUIET_SECONDS = 0.002, 0.02
"""For so long a second change of the queue waits to be told, and twice as long each time that more have come."""

ENDED_SECONDS = 0.05
"""For so long the end of a job waits to be told: it matters only where all places of a lane are taken."""


class QueueDriver(AsyncpgPoolDriver):
    """Tells of a change of the queue at once, and then of all those of the next moment together.

    PgQueuer notifies for each statement that puts jobs in or ends them, and each of a worker's lanes asks three
    questions for each notification: in a busy queue most of what the database did was to answer them.
    """

    async def add_listener(self, channel: str, callback: Callable[[str | bytes | bytearray], None]) -> None:
        """Call back for what comes on a channel, in which many changes in a moment are one."""
        await super().add_listener(channel, NotificationDebouncer(callback))


class NotificationDebouncer:
    """Passes on what comes: new jobs at once, and after that nothing but probes for a moment."""

    def __init__(self, callback: Callable[[str | bytes | bytearray], None]) -> None:
        self._callback = callback
        self._kept: str | bytes | bytearray | None = None
        self._is_quiet = False
        self._quiet = QUIET_SECONDS
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, payload: str | bytes | bytearray) -> None:
        """Pass a notification on, or wait for others of its kind."""
        if "table_changed_event" not in str(payload):
            self._callback(payload)
            return
        self._kept = payload
        if "delete" not in str(payload) and not self._is_quiet:
            self._tell()
        elif self._timer is None:
            self._wait(ENDED_SECONDS)

    def _tell(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        kept, self._kept, self._is_quiet = self._kept, None, True
        if kept is not None:
            self._callback(kept)
        self._wait(self._quiet)

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._end)

    def _end(self) -> None:
        was_quiet = self._is_quiet
        self._timer, self._is_quiet = None, False
        if self._kept is not None:
            self._quiet = min(2 * self._quiet, MOST_QUIET_SECONDS) if was_quiet else QUIET_SECONDS
            self._tell()
        else:
            self._quiet = QUIET_SECONDS


_AHEAD = """
SELECT
    EXISTS (
        SELECT FROM pgqueuer WHERE status = 'queued' AND execute_after <= now() AND entrypoint = ANY($1)
    ) AS is_due,
    (
        SELECT execute_after - now() FROM pgqueuer
        WHERE status = 'queued' AND execute_after > now() AND entrypoint = ANY($1)
        ORDER BY execute_after LIMIT 1
    ) AS eta
"""


class OwnedJobQueries(Queries):
    """What a worker says of its jobs, as long as they are its own, and what it asks before it rests.

    PgQueuer ends a job, or puts it back, by its id alone. A worker that slept (a paused machine) while another
    took its job over would take it away from that one, and if that one died then, nobody would have it any more.

    Before a lane of it rests, PgQueuer asks three times: whether a job is due, when the next one will be, and
    whether one became due in between. One statement sees all of that at once.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._ahead: dict[tuple[str, ...], tuple[bool, timedelta | None]] = {}

    async def eligible_queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        """Whether a job is due, as 0 or 1. What else there is to know is kept for the questions that follow."""
        [row] = await self.driver.fetch(_AHEAD, entrypoints)
        is_due = bool(row["is_due"])
        self._ahead[tuple(entrypoints)] = is_due, cast("timedelta | None", row["eta"])
        return int(is_due)

    async def next_deferred_eta(self, entrypoints: list[QueueEntrypoint]) -> timedelta | None:
        """The time until the next job is due, as it was found last."""
        _, eta = self._ahead[tuple(entrypoints)]
        return eta

    async def queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        """Whether there is a job, due or not, as it was found last: 0 or 1."""
        is_due, eta = self._ahead[tuple(entrypoints)]
        return int(is_due or eta is not None)

    async def log_jobs(self, job_status: list[tuple[QueuedJob, JOB_STATUS, TracebackRecord | None]]) -> None:
        """End jobs, but for those that another has."""
        own = await self._own([job for job, _, _ in job_status])
        await super().log_jobs([entry for entry in job_status if entry[0].id in own])

    async def retry_job(self, job: QueuedJob, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Put a job back, unless another has it."""
        if job.id in await self._own([job]):
            await super().retry_job(job, delay, traceback_record)

    async def _own(self, jobs: Sequence[QueuedJob]) -> set[int]:
        ids = [job.id for job in jobs]
        rows = await self.driver.fetch(
            "SELECT id, queue_manager_id FROM pgqueuer WHERE id = ANY($1::bigint[])", ids
        )
        owners = {row["id"]: row["queue_manager_id"] for row in rows}
        return {job.id for job in jobs if owners.get(job.id) == job.queue_manager_id}
