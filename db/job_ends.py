"""Jobs that are over leave the queue many together: soon after the first of them, or as soon as there are many."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pgqueuer.models import Job as QueuedJob

from db.errors import DATABASE_ERRORS

logger = logging.getLogger("mudda.queue")

GATHERED_SECONDS = 0.1
MANY = 64

LAST_TRIES = 5
"""Of writing down what is left as a worker stops. What can't be is taken over, and found done."""


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that is over. One that `is_held` has failed, and stays for the upkeep to look at."""

    job: QueuedJob
    is_held: bool = False


class JobEnds:
    """Has the ends of jobs written down by `write`. While there are none, nothing wakes. One per worker."""

    def __init__(
        self, write: Callable[[Sequence[EndedJob]], Awaitable[None]], gathered_seconds: float = GATHERED_SECONDS
    ) -> None:
        self._write = write
        self._gathered_seconds = gathered_seconds
        self._waiting: list[EndedJob] = []
        self._is_due = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._is_closing = False

    def add(self, ended: EndedJob) -> None:
        """Have this one written down, too."""
        self._waiting.append(ended)
        if len(self._waiting) >= MANY:
            self._is_due.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())

    async def close(self) -> None:
        """Write down what is left."""
        self._is_closing = True
        self._is_due.set()
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        failures = 0
        while self._waiting and failures < LAST_TRIES:
            try:
                async with asyncio.timeout(self._gathered_seconds):
                    await self._is_due.wait()
            except TimeoutError:
                pass
            ended, self._waiting = self._waiting, []
            if not self._is_closing:
                self._is_due.clear()
            try:
                await self._write(ended)
            except DATABASE_ERRORS as error:
                logger.warning("Ends of jobs are not written down yet: %s", type(error).__name__)
                self._waiting = ended + self._waiting
                self._is_due.clear()  # not at once again
                failures += self._is_closing
        self._writing = None
