"""The intake: what Slack sent is on disk, with the job that it makes necessary, before Slack gets its 200."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot.errors import IntakeUnavailable
from db.errors import DATABASE_ERRORS
from db.group_commit import GroupCommit
from db.queue import Job, keep_new
from db.session import Database

logger = logging.getLogger("mudda.intake")

# Slack waits 3 s for its 200; what is left is for the way there and back.
TIMEOUT_SECONDS = 2.7

# While one commit is on its way to the disk the next can be written. Measured at 50 at once, against a bare
# AsyncApp: one writer 0.70 of its requests per second, two 0.74, three 0.75.
WRITERS = 2

CONNECTIONS = WRITERS + 1
"""And one for what has to wait for a lock."""


class Intake:
    """Keeps what listeners hand over. One per process."""

    def __init__(self, database: Database, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self._database = database
        self._timeout = timeout
        self._commits = GroupCommit(self._commit, writers=WRITERS)

    async def put(self, key: str, job: Job) -> bool:
        """Commit `job` under Slack's own id of what asked for it; False if that id was there already.

        Raises IntakeUnavailable if it could not be committed, or not in the time that Slack gives.
        """
        kept = self._commits.hand_over((key, job))
        limit = asyncio.get_running_loop().call_later(self._timeout, _give_up, kept)
        try:
            return await kept
        finally:
            limit.cancel()

    async def close(self) -> None:
        """Wait until everything that was handed over is written."""
        await self._commits.close()

    async def _commit(self, batch: Sequence[tuple[str, Job]], may_wait: bool) -> list[bool]:
        first: dict[str, Job] = {}
        for key, job in batch:
            first.setdefault(key, job)
        try:
            new = await keep_new(self._database, first)
        except DATABASE_ERRORS as error:
            logger.warning("Could not keep %d requests: %s", len(batch), type(error).__name__)
            raise IntakeUnavailable("the database did not take it") from None
        answers = []
        for key, _ in batch:
            answers.append(key in new)
            new.discard(key)  # the same id again, in the same batch, is not new any more
        return answers


def _give_up(kept: asyncio.Future[bool]) -> None:
    if not kept.done():
        kept.set_exception(IntakeUnavailable("the database did not answer in time"))
