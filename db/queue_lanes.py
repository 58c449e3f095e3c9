"""A worker's lanes: each has places of its own, and one question to the queue serves them all.

PgQueuer has a manager ask for one kind of places, and asks for what there is, whether there is more, and when the
next job is due. With a manager for each lane, each change of the queue was up to a dozen questions.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pgqueuer.core.qm import QueueManager
from pgqueuer.models import Context, HealthCheckEvent
from pgqueuer.models import Job as QueuedJob
from pgqueuer.types import JobId

from db.queue_driver import OwnedJobQueries

REST_SECONDS = 2.0
"""So often the queue is looked at though nobody has told of a job: a notification may be lost, a worker killed."""

LOCKED_SECONDS = 0.1
"""After so long a job is asked for again that another worker held as it was looked for."""

SHORTEST_SECONDS = 0.02
"""Jobs that become due within this time are taken together."""


@dataclass(slots=True)
class LanePlaces:
    """A lane: the `entrypoints` of its jobs, and how many of them may run at once.

    `due_at`, by the loop's clock: when the first of those is due that were left as the queue was last looked at.
    """

    entrypoints: Sequence[str]
    limit: int
    taken: set[int] = field(default_factory=set)
    due_at: float = math.inf

    @property
    def free(self) -> int:
        """How many more may be taken."""
        return max(0, self.limit - len(self.taken))


class LaneManager(QueueManager):
    """Takes jobs for all lanes as they come: when it is told of some, when one is due, when a place is free again.

    It is told by the bell of its driver, which must be listening.
    """

    def __init__(
        self, queries: OwnedJobQueries, lanes: Sequence[LanePlaces], *, rest_seconds: float = REST_SECONDS
    ) -> None:
        super().__init__(queries)
        self._queries = queries
        self._bell = queries.driver.bell
        self._lanes = lanes
        self._rest_seconds = rest_seconds
        self._numbers = {name: number for number, lane in enumerate(lanes) for name in lane.entrypoints}
        self._is_deaf = False

    def stop(self) -> None:
        """Take no more jobs."""
        self.shutdown.set()
        self._bell.ring()

    async def verify_structure(self) -> None:
        """Nothing: the migrations have seen to it. PgQueuer asks for sixteen parts of its tables at each start."""

    async def listener_healthy(self, timeout: timedelta = timedelta(seconds=10)) -> HealthCheckEvent:  # noqa: ASYNC109
        """As PgQueuer has it. Who hears nothing stops to wait for jobs, and its worker begins again."""
        heard = None
        try:
            heard = await super().listener_healthy(timeout)
            return heard
        finally:
            if heard is None:
                self._is_deaf = True
                self._bell.ring()

    async def fetch_jobs(
        self, batch_size: int, global_concurrency_limit: int | None, heartbeat_timeout: timedelta
    ) -> AsyncGenerator[QueuedJob, None]:
        """Jobs as they come, until the worker stops or hears nothing any more; as many as there are places."""
        while not self.shutdown.is_set() and not self._is_deaf:
            # What is told of while the queue is asked may have come too late for the answer.
            self._bell.clear()
            for job in await self._take(heartbeat_timeout):
                yield job
            await self._bell.rings_within(self._seconds_to_rest())

    def forget_job(self, job_id: JobId, context: Context, task: asyncio.Task[None]) -> None:
        """A job is over, or put back: its place is free."""
        super().forget_job(job_id, context, task)
        if job_id in self.job_context:
            return  # put back, and taken again
        now = asyncio.get_running_loop().time()
        for lane in self._lanes:
            # A row may have been taken for another lane since, as that of a step.
            if job_id in lane.taken:
                is_awaited = not lane.free and lane.due_at <= now
                lane.taken.discard(job_id)
                if is_awaited:
                    self._bell.ring()

    async def _take(self, stale_after: timedelta) -> list[QueuedJob]:
        places = [lane.free for lane in self._lanes]
        jobs, etas = await self._queries.take(
            self.queue_manager_id, [lane.entrypoints for lane in self._lanes], places, stale_after
        )
        now = asyncio.get_running_loop().time()
        taken = Counter(self._numbers[job.entrypoint] for job in jobs)
        for job in jobs:
            self._lanes[self._numbers[job.entrypoint]].taken.add(job.id)
        for number, (lane, eta) in enumerate(zip(self._lanes, etas, strict=True)):
            lane.due_at = math.inf if eta is None else now + eta.total_seconds()
            if taken[number] == places[number] and lane.free and lane.due_at <= now:
                self._bell.ring()  # places have become free meanwhile
        return jobs

    def _seconds_to_rest(self) -> float:
        now = asyncio.get_running_loop().time()
        waits = [
            LOCKED_SECONDS if lane.due_at <= now else max(lane.due_at - now, SHORTEST_SECONDS)
            for lane in self._lanes
            if lane.free or lane.due_at > now
        ]
        return min([self._rest_seconds, *waits])
