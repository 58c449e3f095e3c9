"""PgQueuer on asyncpg: its driver, kept quiet, and the queries that this process owns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import cast
from uuid import UUID

import asyncpg
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job as QueuedJob
from pgqueuer.queries import Queries

from db.job_ends import EndedJob

QUIET_SECONDS, MOST_QUIET_SECONDS = 0.002, 0.02
"""For so long a second ring waits, and twice as long each time that more have come."""


class Bell:
    """Wakes who waits for it: at once, and then for all that has rung in the next moment together."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._rang_since = False
        self._quiet = QUIET_SECONDS
        self._timer: asyncio.TimerHandle | None = None
        self._alarm: tuple[float, asyncio.TimerHandle] | None = None

    def ring(self) -> None:
        """Wake who waits now, or who will wait before the next `clear`."""
        if self._timer is None:
            self._tell()
        else:
            self._rang_since = True

    def ring_in(self, seconds: float) -> None:
        """Ring later, but for a `clear` before: whoever looks by then sees for themselves when there is more."""
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self._alarm is not None:
            if self._alarm[0] <= at:
                return
            self._alarm[1].cancel()
        self._alarm = at, loop.call_at(at, self.ring)

    def clear(self) -> None:
        """From here on only what rings later wakes."""
        self._rung.clear()
        if self._alarm is not None:
            self._alarm[1].cancel()
            self._alarm = None

    async def rings_within(self, seconds: float) -> bool:
        """Wait for a ring, for so long at most; whether it has rung."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        return self._rung.is_set()

    def _tell(self) -> None:
        self._rang_since = False
        self._rung.set()
        self._timer = asyncio.get_running_loop().call_later(self._quiet, self._end)

    def _end(self) -> None:
        self._timer = None
        if self._rang_since:
            self._quiet = min(2 * self._quiet, MOST_QUIET_SECONDS)
            self._tell()
        else:
            self._quiet = QUIET_SECONDS


class QueueDriver(AsyncpgPoolDriver):
    """Rings the bell for jobs that were put in, and passes everything else on.

    PgQueuer has a notification sent for each statement that puts jobs in or ends them, even if there are none. The
    end of a job is no news here: its place is one of this process.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self.bell = Bell()

    async def listen(self, channel: str) -> None:
        """Ring the bell from now on."""
        await super().add_listener(channel, self._hear)

    async def add_listener(self, channel: str, callback: Callable[[str | bytes | bytearray], None]) -> None:
        """Call back for what comes on a channel, but for changes of the queue."""

        def passed(payload: str | bytes | bytearray) -> None:
            if _CHANGE not in str(payload):
                callback(payload)

        await super().add_listener(channel, passed)

    def _hear(self, payload: str | bytes | bytearray) -> None:
        if _CHANGE in str(payload) and _INSERT in str(payload):
            self.bell.ring()


_CHANGE, _INSERT = "table_changed_event", '"insert"'

# Of each kind of job the first ones, as far as its lane has places; of those and of what others do not keep alive
# any more the first ones of each lane; and when the first that is left of each lane is due, which may be now. The
# rows that are taken are still queued to the last part, which sees what was there before the statement.
_TAKE = """
WITH lanes AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::int[]) AS lanes (entrypoint, lane, places)
), queued AS (
    SELECT job.id, job.priority, lanes.lane, lanes.places
    FROM lanes CROSS JOIN LATERAL (
        SELECT candidate.id, candidate.priority FROM pgqueuer AS candidate
        WHERE candidate.entrypoint = lanes.entrypoint AND candidate.status = 'queued'
            AND candidate.execute_after < now()
        ORDER BY candidate.priority DESC, candidate.id
        LIMIT lanes.places
        FOR UPDATE SKIP LOCKED
    ) AS job
), stale AS (
    SELECT candidate.id, candidate.priority, lanes.lane, lanes.places
    FROM pgqueuer AS candidate JOIN lanes USING (entrypoint)
    WHERE candidate.status = 'picked' AND candidate.entrypoint = ANY($1) AND lanes.places > 0
        AND candidate.heartbeat < now() - $5::interval AND candidate.execute_after < now()
    ORDER BY candidate.priority DESC, candidate.id
    LIMIT $6
    FOR UPDATE OF candidate SKIP LOCKED
), first AS (
    SELECT id FROM (
        SELECT id, places, row_number() OVER (PARTITION BY lane ORDER BY priority DESC, id) AS place
        FROM (SELECT * FROM queued UNION ALL SELECT * FROM stale) AS candidates
    ) AS ranked
    WHERE place <= places
), taken AS (
    UPDATE pgqueuer SET status = 'picked', updated = now(), heartbeat = now(), queue_manager_id = $4
    WHERE id = ANY(ARRAY(SELECT id FROM first))
    RETURNING *
), ahead AS (
    SELECT lanes.lane, min(next.execute_after) - now() AS eta
    FROM lanes LEFT JOIN LATERAL (
        SELECT waiting.execute_after FROM pgqueuer AS waiting
        WHERE waiting.entrypoint = lanes.entrypoint AND waiting.status = 'queued'
            AND waiting.id <> ALL(ARRAY(SELECT id FROM first))
        ORDER BY waiting.execute_after
        LIMIT 1
    ) AS next ON true
    GROUP BY lanes.lane
)
SELECT taken.*, later.etas
FROM (SELECT array_agg(eta ORDER BY lane) AS etas FROM ahead) AS later LEFT JOIN taken ON true
ORDER BY taken.priority DESC, taken.id
"""

_END = """
WITH ended AS (
    SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bool[]) AS ended (id, owner, is_held)
), gone AS (
    DELETE FROM pgqueuer AS job USING ended
    WHERE job.id = ANY($1) AND job.id = ended.id AND job.queue_manager_id = ended.owner AND NOT is_held
)
UPDATE pgqueuer AS job SET status = 'failed', updated = now(), queue_manager_id = NULL
FROM ended
WHERE job.id = ANY($1) AND job.id = ended.id AND job.queue_manager_id = ended.owner AND is_held
"""

_PUT_BACK = """
UPDATE pgqueuer
SET status = 'queued', execute_after = now() + $3::interval, attempts = attempts + 1, updated = now(),
    queue_manager_id = NULL
WHERE id = $1 AND queue_manager_id = $2
"""


_BEAT = "UPDATE pgqueuer SET heartbeat = now() WHERE id = ANY($1) AND queue_manager_id = $2 AND status = 'picked'"


class OwnedJobQueries(Queries):
    """What a worker asks for all of its lanes, and what it says of its jobs, as long as they are its own.

    PgQueuer ends a job, keeps it alive or puts it back by its id alone. A worker that slept (a paused machine)
    while another took its job over would take it away from that one, and if that one died then, nobody would have
    it any more.
    """

    driver: QueueDriver

    async def take(
        self,
        owner: UUID,
        entrypoints: Sequence[Sequence[str]],
        places: Sequence[int],
        stale_after: timedelta,
    ) -> tuple[list[QueuedJob], list[timedelta | None]]:
        """Take jobs for lanes, each with its `entrypoints` and so many `places`; those that are due first.

        Taken is what is queued and due, and what has had no heartbeat for `stale_after`. The second answer is how
        long it is for each lane until the first of those that are left is due, or None; it may be due already,
        where there was no place for it, or another worker held it.
        """
        kinds = [(kind, lane) for lane, names in enumerate(entrypoints) for kind in names]
        rows = await self.driver.fetch(
            _TAKE,
            [kind for kind, _ in kinds],
            [lane for _, lane in kinds],
            [places[lane] for _, lane in kinds],
            owner,
            stale_after,
            sum(places),
        )
        etas = cast("list[timedelta | None]", rows[0]["etas"])
        return [QueuedJob.model_validate(row) for row in rows if row["id"] is not None], etas

    async def end(self, ended: Sequence[EndedJob]) -> None:
        """End jobs, or hold those that have failed, but for those that another has."""
        await self.driver.execute(
            _END,
            [each.job.id for each in ended],
            [each.job.queue_manager_id for each in ended],
            [each.is_held for each in ended],
        )

    async def beat(self, owner: UUID, jobs: Collection[int]) -> None:
        """Say that jobs are alive, but for those that another has."""
        await self.driver.execute(_BEAT, list(jobs), owner)

    async def put_back(self, job: QueuedJob, delay: timedelta) -> None:
        """Put a job back, unless another has it. Nobody is told of that, so the bell rings when it is due."""
        await self.driver.execute(_PUT_BACK, job.id, job.queue_manager_id, delay)
        self.driver.bell.ring_in(delay.total_seconds())
