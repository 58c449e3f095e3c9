"""The worker: takes jobs from PostgreSQL and runs their handlers, until it is told to stop.

Four lanes, each with its own limit: a card appears at once even while every slot of the model is taken, people
are heard while drafts are made, and a component that hangs holds up other components' calls at most. They ask the
queue together (`db/queue_lanes.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import anyio
import asyncpg
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.models import Job as QueuedJob
from pydantic import ValidationError

from bot.deps import Deps
from bot.errors import RateLimited, SlackUnavailable, TokenRefused
from bot.jobs import HANDLERS
from bot.jobs.registry import Handler, Lane
from bot.jobs.upkeep import upkeep
from bot.languages import speaking
from bot.logs import log_context
from bot.metrics import Metrics
from bot.readers import language_for, reader_of
from bot.workspaces.tenants import Tenants
from db.errors import DATABASE_ERRORS, is_refused
from db.known_types import KnowingConnection, sharing_types
from db.queue import Job, JobRow, current_row, queue_settings
from db.queue_driver import OwnedJobQueries, QueueDriver
from db.queue_lanes import LaneManager, LanePlaces
from db.session import Database
from db.url import dsn_and_timeout
from services.jobs import JobDeferral
from services.retention import Retention

logger = logging.getLogger("mudda.worker")

# A killed replica's work goes on within 20 s.
HEARTBEAT_TIMEOUT = timedelta(seconds=15)

# Of the 10 s that a stop may take, what running jobs get before they are handed back.
GRACE_SECONDS = 5.0

MAX_PAUSE = timedelta(seconds=60)

PLACE_SECONDS = 2.0
"""For so long a place is kept for what follows; then it is somebody else's turn, of another workspace maybe."""

LENT_PLACES = 8
"""So many places of other lanes may be taken by steps that a decision has let start: a step may take its time."""

READERS: Mapping[str, type[Job]] = {handler.job.entrypoint: handler.job for handler in HANDLERS}


class Unreadable(Exception):
    """A job as another version of Mudda writes it. It is held until a version comes that can read it."""


def is_readable(queued: QueuedJob) -> bool:
    """Whether this version knows what a job in the queue asks for."""
    try:
        READERS[queued.entrypoint].model_validate_json(queued.payload or b"{}")
    except (KeyError, ValidationError):
        return False
    return True


@dataclass(slots=True)
class Worker:
    """One per process. `slow_limit` is how many slow jobs run at once: as many as the model may be called."""

    tenants: Tenants
    database: Database
    metrics: Metrics
    retention: Retention
    database_url: str
    slow_limit: int
    quick_limit: int = 32
    steps_limit: int = 128
    talk_limit: int = 16
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _manager: LaneManager | None = None
    # The ids of running jobs that are no steps, but in whose places steps may go on.
    _lent: set[int] = field(default_factory=set)
    _running: set[anyio.CancelScope] = field(default_factory=set)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    # By the ids of jobs. PgQueuer counts every time that a job was put off, be it for no failure at all.
    _failures: Counter[int] = field(default_factory=Counter)
    _outages: Counter[int] = field(default_factory=Counter)
    _given_up: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Work until `stop`. A database that goes away is waited for."""
        while not self._stopping.is_set():
            try:
                await self._work()
            except (*DATABASE_ERRORS, FailingListenerError) as error:
                logger.warning("The queue is out of reach: %s", type(error).__name__)
            except Exception:
                # Whatever it was, a bot that goes on answering Slack and does nothing of it would be worse.
                logger.exception("The worker failed and begins again")
            finally:
                self.ready.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=1.0)

    async def stop(self) -> None:
        """Take no more jobs; let those that run finish, or hand them back for another worker."""
        self._stopping.set()
        await self._drain()

    async def idle(self) -> None:
        """Wait until no job runs in this process."""
        if self._running:
            await self._idle.wait()

    async def _drain(self) -> None:
        if self._manager is not None:
            self._manager.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.idle(), GRACE_SECONDS)
        for scope in self._running:
            scope.cancel()

    async def _work(self) -> None:
        dsn, _ = dsn_and_timeout(self.database_url)
        async with asyncpg.create_pool(
            dsn,
            min_size=3,
            max_size=8,
            timeout=5,
            command_timeout=30,
            reset=_skip_connection_reset,
            connection_class=KnowingConnection,
            init=sharing_types(),
        ) as pool:
            driver = QueueDriver(pool)
            # Before its manager probes whether it hears: a probe that nobody hears yet is lost, and ten seconds
            # later the manager takes the listener for dead.
            await driver.listen(queue_settings().channel)
            queries = OwnedJobQueries(driver)
            self._manager = self._lane_manager(queries)
            keeping = upkeep(self.database.everywhere(), queries, is_readable, self._stopping, self.retention)
            tasks = [asyncio.create_task(self._manager.work(HEARTBEAT_TIMEOUT)), asyncio.create_task(keeping)]
            self.ready.set()
            try:
                await asyncio.gather(*tasks)
            finally:
                # One without the other would be half a worker: both end, and begin again together.
                tasks[-1].cancel()
                await self._drain()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _lane_manager(self, queries: OwnedJobQueries) -> LaneManager:
        limits = {
            Lane.QUICK: self.quick_limit,
            Lane.SLOW: self.slow_limit,
            Lane.STEPS: self.steps_limit,
            Lane.TALK: self.talk_limit,
        }
        return LaneManager(
            queries,
            [
                LanePlaces([handler.job.entrypoint for handler in HANDLERS if handler.lane is lane], limit)
                for lane, limit in limits.items()
            ],
            {handler.job.entrypoint: partial(self._run_job, handler) for handler in HANDLERS},
        )

    async def _run_job(self, handler: Handler[Job], queued: QueuedJob) -> None:
        """Run one job; whatever happens, it is done, given up or in the queue again.

        Raises Unreadable, upon which the queue holds it.
        """
        if self._manager is None or self._manager.is_stopping:
            # It was on its way as the stop came. Those that run were handed back, and nothing would end this one.
            raise RetryRequested(reason="handed back: the worker stops")
        name = handler.job.entrypoint
        try:
            job = handler.job.model_validate_json(queued.payload or b"{}")
        except ValidationError:
            raise Unreadable(f"A {name} job of another version is held") from None
        row = self._row(queued, handler.lane)
        with log_context(job=name, job_id=str(queued.id)), anyio.CancelScope() as scope:
            self._running.add(scope)
            self._idle.clear()
            try:
                with self.metrics.job_seconds.labels(name).time():
                    outcome = await self._outcome(handler, job, row)
            finally:
                self._running.discard(scope)
                self._lent.discard(row.id)
                if not self._running:
                    self._idle.set()
        if scope.cancelled_caught:
            outcome = RetryRequested(reason="handed back: the worker stops")
        was_given_up = queued.id in self._given_up
        self.metrics.jobs.labels(name, "again" if outcome else "given_up" if was_given_up else "done").inc()
        if outcome:
            raise outcome
        self._given_up.discard(queued.id)
        del self._failures[queued.id], self._outages[queued.id]

    def _row(self, queued: QueuedJob, lane: Lane) -> JobRow:
        """The job's row, which its handler may use for what follows the job, for a while."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PLACE_SECONDS
        owner = queued.queue_manager_id
        assert owner is not None  # noqa: S101 - a job that is run has been picked

        def may_go_on() -> bool:
            is_time = not self._stopping.is_set() and loop.time() < end
            return is_time and (lane is Lane.STEPS or self._lend(queued.id))

        return JobRow(queued.id, owner, may_go_on)

    def _lend(self, job_id: int) -> bool:
        """Let steps go on in the place of a job that is no step, if there are not too many that do."""
        if len(self._lent) < LENT_PLACES:
            self._lent.add(job_id)
        return job_id in self._lent

    async def _outcome(self, handler: Handler[Job], job: Job, row: JobRow) -> RetryRequested | None:
        """None if the job is over, else when to run it again."""
        job_id = row.id
        current_row.set(row)
        try:
            deps = await self._deps(handler, job)
            if deps is None:
                logger.info("A job of a workspace that is not served any more is dropped")
                return None
            with speaking(await language_for(None if handler.is_silent else reader_of(job), deps)):
                await handler.run(job, deps)
        except JobDeferral as deferred:
            return RetryRequested(deferred.delay, str(deferred))
        except RateLimited as error:
            return RetryRequested(error.retry_after, str(error))
        except Exception as error:  # noqa: BLE001 - logged by _failed, or an outage
            if _is_outage(error):
                if isinstance(error, TokenRefused):
                    await self.tenants.refused(job.workspace)
                return self._wait_out(error, job_id)
            if again := self._failed(error, job_id, handler.attempts):
                return again
            if row.has_moved:
                # What is to be given up is another job by now: whoever reads the row anew knows which.
                return RetryRequested(_pause(1), type(error).__name__)
        else:
            return None
        return await self._give_up(handler, job, job_id)

    async def _deps(self, handler: Handler[Job], job: Job) -> Deps | None:
        """What the job's handler works with; None if the app is not in the workspace any more."""
        deps = await self.tenants.of(job.workspace)
        return await self.tenants.removed(job.workspace) if deps is None and handler.of_removed else deps

    def _wait_out(self, error: Exception, job_id: int) -> RetryRequested:
        """Outages end; what was acked is not dropped because one took long."""
        # A token that is not taken is mended by people, and by nobody else.
        level = logging.ERROR if isinstance(error, TokenRefused) else logging.WARNING
        logger.log(level, "Trying again later: %s", error if isinstance(error, SlackUnavailable) else _kind(error))
        self._outages[job_id] += 1
        return RetryRequested(_pause(self._outages[job_id]), type(error).__name__)

    def _failed(self, error: Exception, job_id: int, attempts: int) -> RetryRequested | None:
        """When to try again after a failure; None: never."""
        self._failures[job_id] += 1
        failures = self._failures[job_id]
        logger.error("A job failed (attempt %d of %d)", failures, attempts, exc_info=error)
        return RetryRequested(_pause(failures), type(error).__name__) if failures < attempts else None

    async def _give_up(self, handler: Handler[Job], job: Job, job_id: int) -> RetryRequested | None:
        logger.error("A job was given up")
        self._given_up.add(job_id)
        try:
            deps = await self._deps(handler, job)
            if handler.give_up is not None and deps is not None:
                with speaking(await language_for(reader_of(job), deps)):
                    await handler.give_up(job, deps)
        except Exception as error:
            if _is_outage(error):
                return self._wait_out(error, job_id)
            logger.exception("Nor could a job be given up in order")
        return None


async def _skip_connection_reset(connection: asyncpg.Connection) -> None:
    """What the queue does leaves nothing behind in a session; to reset each would double its round trips."""


def _is_outage(error: Exception) -> bool:
    return isinstance(error, (SlackUnavailable, *DATABASE_ERRORS)) and not is_refused(error)


def _kind(error: Exception) -> str:
    """What a log may say of a database's error: its message holds the values of rows."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__} (SQLSTATE {state})" if state else type(error).__name__


def _pause(times: int) -> timedelta:
    """How long to wait after something has happened so many times."""
    return min(timedelta(seconds=2 ** min(times - 1, 10)), MAX_PAUSE)
