"""A worker's lanes: each has places of its own, and one question to the queue serves them all.

PgQueuer has the tables, and what puts jobs in; its own manager is not used. That asks for one kind of places, and
asks for what there is, whether there is more, and when the next job is due: with one for each lane, each change of
the queue was up to a dozen questions. It has two more tasks and two timers for each job, that say it is alive.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.models import HealthCheckEvent
from pgqueuer.models import Job as QueuedJob
from pgqueuer.types import HealthCheckId
from pydantic import ValidationError

from db.errors import DATABASE_ERRORS, is_refused
from db.job_ends import LAST_TRIES, EndedJob, JobEnds
from db.queue import queue_settings
from db.queue_driver import OwnedJobQueries

logger = logging.getLogger("mudda.queue")

REST_SECONDS = 2.0
"""So often the queue is looked at though nobody has told of a job: a notification may be lost, a worker killed."""

LOCKED_SECONDS = 0.1
"""After so long a job is asked for again that another worker held as it was looked for."""

SHORTEST_SECONDS = 0.02
"""Jobs that become due within this time are taken together."""

HEARING_SECONDS = 10.0
"""So often it is seen whether what is told is heard, and for so long a probe is waited for."""

BEATS = 4
"""So many heartbeats fit into the time after which a job is taken over. A job's first is after the second."""

PUT_BACK_SECONDS, MOST_PUT_BACK_SECONDS = 0.2, 2.0
"""So long after a job could not be put back that is tried again; twice as long each time."""

Run = Callable[[QueuedJob], Awaitable[None]]
"""Runs a job. RetryRequested puts it back, and any other exception has it held."""


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


class LaneManager:
    """Takes jobs for all lanes as they come: when it is told of some, when one is due, when a place is free again.

    It is told by the bell of its driver, which must be listening. `runs` has what runs the jobs of an entrypoint.
    """

    def __init__(
        self,
        queries: OwnedJobQueries,
        lanes: Sequence[LanePlaces],
        runs: Mapping[str, Run],
        *,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self.id = uuid4()
        self.is_stopping = False
        self._queries = queries
        self._bell = queries.driver.bell
        self._lanes = lanes
        self._runs = runs
        self._rest_seconds = rest_seconds
        self._numbers = {name: number for number, lane in enumerate(lanes) for name in lane.entrypoints}
        self._is_deaf = False
        self._is_ending = False
        # By the ids of jobs. One that is put back is none of them any more, but still one of the tasks.
        self._running: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Who waits to hear of an event of their own.
        self._probes: dict[UUID, asyncio.Event] = {}

    def stop(self) -> None:
        """Take no more jobs."""
        self.is_stopping = True
        self._bell.ring()

    async def work(self, stale_after: timedelta) -> None:
        """Take jobs and run them until `stop`. Those that run then are waited for, and all are kept alive.

        Whoever has been silent for `stale_after` loses what it has. Raises FailingListenerError, and what the
        database raises.
        """
        ends = JobEnds(self._queries.end)
        async with self._queries.driver as driver:
            await driver.add_listener(queue_settings().channel, self._hear)
            checking = asyncio.create_task(self._check_hearing())
            beating = asyncio.create_task(self._keep_alive(stale_after))
            try:
                async for job in self.jobs(stale_after):
                    self._begin(job, ends)
            finally:
                self._is_ending = True
                if self._tasks:
                    await asyncio.wait(self._tasks)
                beating.cancel()
                checking.cancel()
                await asyncio.wait({beating, checking})
                await ends.close()
            if not checking.cancelled():
                checking.result()

    async def jobs(self, stale_after: timedelta) -> AsyncGenerator[QueuedJob, None]:
        """Jobs as they come, until the worker stops or hears nothing any more; as many as there are places."""
        while not self.is_stopping and not self._is_deaf:
            # What is told of while the queue is asked may have come too late for the answer.
            self._bell.clear()
            for job in await self._take(stale_after):
                yield job
            await self._bell.rings_within(self._seconds_to_rest())

    def _begin(self, job: QueuedJob, ends: JobEnds) -> None:
        if job.id in self._running:
            return  # a late heartbeat let us take what still runs here
        task = asyncio.create_task(self._carry_out(job, ends))
        self._tasks.add(task)
        self._running[job.id] = task
        task.add_done_callback(partial(self._forget, job.id))

    async def _carry_out(self, job: QueuedJob, ends: JobEnds) -> None:
        """Run a job and write down its end. One that is cancelled has none: another worker takes it over."""
        try:
            await self._runs[job.entrypoint](job)
        except RetryRequested as again:
            try:
                await self._put_back(job, again.delay)
            except Exception:
                logger.exception("A job could not be put back, and is held")
                ends.add(EndedJob(job, is_held=True))
        except Exception:
            logger.exception("A job is held: %s", job.entrypoint)
            ends.add(EndedJob(job, is_held=True))
        else:
            ends.add(EndedJob(job))

    async def _put_back(self, job: QueuedJob, delay: timedelta) -> None:
        """Put a job back. As long as the database is away it stays ours, alive and in its place.

        As the worker ends there are a few more tries; whoever comes next takes over what is left.
        """
        for tries in itertools.count(1):
            # Before it is put back, or we would skip it when we take it again.
            task = self._running.pop(job.id)
            try:
                await self._queries.put_back(job, delay)
            except DATABASE_ERRORS as error:
                if is_refused(error):
                    raise
                logger.warning("A job is not put back yet: %s", type(error).__name__)
            else:
                return
            if job.id in self._running:
                return  # put back for all that, and taken again
            self._running[job.id] = task
            if self._is_ending and tries >= LAST_TRIES:
                return
            await asyncio.sleep(min(PUT_BACK_SECONDS * 2 ** (tries - 1), MOST_PUT_BACK_SECONDS))

    def _forget(self, job_id: int, task: asyncio.Task[None]) -> None:
        """A job is over, or put back: its place is free."""
        self._tasks.discard(task)
        if self._running.get(job_id) is task:
            del self._running[job_id]
        if job_id in self._running:
            return  # put back, and taken again
        now = asyncio.get_running_loop().time()
        for lane in self._lanes:
            # A row may have been taken for another lane since, as that of a step.
            if job_id in lane.taken:
                is_awaited = not lane.free and lane.due_at <= now
                lane.taken.discard(job_id)
                if is_awaited:
                    self._bell.ring()

    async def _keep_alive(self, stale_after: timedelta) -> None:
        """Say of jobs that take long that they are alive: in time, even if it can't be said once."""
        seen: set[int] = set()
        while True:
            await asyncio.sleep(stale_after.total_seconds() / BEATS)
            running = set(self._running)
            if long := running & seen:
                try:
                    await self._queries.beat(self.id, long)
                except Exception as error:  # noqa: BLE001 - the next beat counts, whatever became of this one
                    logger.warning("Jobs could not be kept alive: %s", type(error).__name__)
            seen = running

    async def _check_hearing(self) -> None:
        while True:
            await self.check_hearing(HEARING_SECONDS)
            await asyncio.sleep(HEARING_SECONDS)

    async def check_hearing(self, within: float) -> None:
        """Whether what is told is heard. Who hears nothing stops to wait for jobs, and its worker begins again.

        Raises FailingListenerError after so many seconds, and what the database raises.
        """
        probe = uuid4()
        heard = self._probes[probe] = asyncio.Event()
        try:
            await self._queries.notify_health_check(HealthCheckId(probe))
            async with asyncio.timeout(within):
                await heard.wait()
        except TimeoutError:
            raise FailingListenerError from None
        finally:
            del self._probes[probe]
            if not heard.is_set():
                self._is_deaf = True
                self._bell.ring()

    def _hear(self, payload: str | bytes | bytearray) -> None:
        try:
            heard = HealthCheckEvent.model_validate_json(payload).id
        except ValidationError:
            return
        if heard in self._probes:
            self._probes[heard].set()

    async def _take(self, stale_after: timedelta) -> list[QueuedJob]:
        places = [lane.free for lane in self._lanes]
        jobs, etas = await self._queries.take(
            self.id, [lane.entrypoints for lane in self._lanes], places, stale_after
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
