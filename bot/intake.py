"""Group commit: what Slack sent is on disk, with the job that it makes necessary, before Slack gets its 200.

A transaction for each request costs more than all the rest of it. So whatever has gathered while the last
commits were under way is written as one batch; there is no timer and no added wait (design, section 3).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ARRAY, Text, bindparam, text

from bot.errors import IntakeUnavailable
from db.queue import Job, enqueue_all
from db.session import DATABASE_ERRORS, Database

logger = logging.getLogger("mudda.intake")

# Slack waits 3 s for its 200; what is left is for the way there and back.
TIMEOUT_SECONDS = 2.7

# While one commit is on its way to the disk the next can be written. Measured at 50 at once, against a bare
# AsyncApp: one writer 0.70 of its requests per second, two 0.74, three 0.75.
WRITERS = 2

INSERT = text(
    "INSERT INTO inbox (key, kind) SELECT * FROM unnest(:keys, :kinds) ON CONFLICT DO NOTHING RETURNING key"
).bindparams(bindparam("keys", type_=ARRAY(Text)), bindparam("kinds", type_=ARRAY(Text)))


@dataclass(slots=True)
class _Waiting:
    key: str
    job: Job
    done: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Intake:
    """Keeps what listeners hand over. One per process."""

    def __init__(self, database: Database, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._database = database
        self._timeout = timeout
        self._waiting: list[_Waiting] = []
        self._writers: set[asyncio.Task[None]] = set()

    async def put(self, key: str, job: Job) -> bool:
        """Commit `job` under Slack's own id of what asked for it; False if that id was there already.

        Raises IntakeUnavailable if it could not be committed, or not in the time that Slack gives.
        """
        waiting = _Waiting(key, job)
        self._waiting.append(waiting)
        if len(self._writers) < WRITERS:
            writer = asyncio.create_task(self._write())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        try:
            async with asyncio.timeout(self._timeout):
                return await waiting.done
        except TimeoutError:
            raise IntakeUnavailable("the database did not answer in time") from None

    async def close(self) -> None:
        """Wait until everything that was handed over is written."""
        while self._writers:
            await asyncio.wait(self._writers)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                new = await self._commit(batch)
            except DATABASE_ERRORS as error:
                logger.warning("Could not keep %d requests: %s", len(batch), type(error).__name__)
                _fail(batch)
            else:
                _resolve(batch, new)

    async def _commit(self, batch: Sequence[_Waiting]) -> set[str]:
        """Write inbox rows and jobs in one transaction; the keys that were not there before."""
        async with self._database.transaction() as session:
            first: dict[str, Job] = {}
            for waiting in batch:
                first.setdefault(waiting.key, waiting.job)
            rows = await session.execute(
                INSERT, {"keys": list(first), "kinds": [job.entrypoint for job in first.values()]}
            )
            new = set(rows.scalars())
            await enqueue_all(session, [job for key, job in first.items() if key in new])
        return new


def _resolve(batch: Sequence[_Waiting], new: set[str]) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_result(waiting.key in new)
        new.discard(waiting.key)


def _fail(batch: Sequence[_Waiting]) -> None:
    for waiting in batch:
        if not waiting.done.done():
            waiting.done.set_exception(IntakeUnavailable("the database did not take it"))
