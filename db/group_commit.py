"""Group commit: whatever has gathered while the last commits were under way is written as one transaction.

A transaction for each thing that is written costs more than all the rest of it. There is no added wait: where only
one thing is to be written it is written at once. What can wait for a moment may ask for a `pause` between batches.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")
R = TypeVar("R")


class LockedElsewhere(Enum):
    """The answer for an item that can't be written now: somebody else holds what it needs."""

    LOCKED = "held"


@dataclass(slots=True)
class _Waiting(Generic[T, R]):
    item: T
    answer: asyncio.Future[R] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommit(Generic[T, R]):
    """Writes items in batches; `commit` writes one batch in one transaction, and answers for each item in order.

    At most `writers` batches are under way at once, each of at most `max_batch` items. `commit` is also told if it
    may wait for locks. If not, it answers LOCKED for what it can't write without that, and another writer, which
    may wait, tries those again: what somebody holds up, holds up nothing else.

    Of a writer, `pause` seconds at least lie between the beginnings of two batches: what comes in a storm gathers,
    and what comes after a rest is written at once.

    Where `retry_singly` is set, a batch that fails is tried once more, each item by itself: what is wrong with one
    is not the others' fault.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T], bool], Awaitable[Sequence[R | LockedElsewhere]]],
        *,
        writers: int = 1,
        max_batch: int = 1_000,
        retry_singly: bool = False,
        pause: float = 0.0,
    ) -> None:
        self._commit = commit
        self._max_batch = max_batch
        self._retry_singly = retry_singly
        self._pause = pause
        self._quick = _Line[T, R](writers)
        self._patient = _Line[T, R](1)

    async def put(self, item: T) -> R:
        """Have an item written, and wait until it is committed. Raises what `commit` raised."""
        return await self.hand_over(item)

    def hand_over(self, item: T) -> asyncio.Future[R]:
        """Have an item written. Whoever waits no longer may answer it before; it is written all the same."""
        waiting = _Waiting[T, R](item)
        self._line_up(self._quick, [waiting])
        return waiting.answer

    async def close(self) -> None:
        """Wait until everything that was handed over is written."""
        while writers := self._quick.writers | self._patient.writers:
            await asyncio.wait(writers)

    def _line_up(self, line: _Line[T, R], items: Sequence[_Waiting[T, R]]) -> None:
        line.waiting += items
        if line.waiting and line.writing < line.most_writers:
            line.writing += 1
            writer = asyncio.create_task(self._write(line))
            line.writers.add(writer)
            writer.add_done_callback(line.writers.discard)

    async def _write(self, line: _Line[T, R]) -> None:
        try:
            while line.waiting:
                # Timers of uvloop count whole milliseconds, and may end a little early.
                while (rest := self._rest(line)) > 0:  # noqa: ASYNC110 - nothing but time is waited for
                    await asyncio.sleep(rest)
                line.begun_at = time.monotonic()
                batch, line.waiting = line.waiting[: self._max_batch], line.waiting[self._max_batch :]
                await self._try(batch, is_patient=line is self._patient)
        finally:
            # In the same breath in which nothing was left: what comes next must not take this one for a writer.
            line.writing -= 1

    def _rest(self, line: _Line[T, R]) -> float:
        """For how many seconds a writer waits for more before its next batch."""
        if line is not self._quick or len(line.waiting) >= self._max_batch:
            return 0.0
        return line.begun_at + self._pause - time.monotonic()

    async def _try(self, batch: Sequence[_Waiting[T, R]], *, is_patient: bool) -> None:
        try:
            answers = await self._commit([waiting.item for waiting in batch], is_patient)
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer has to deal with it
            if self._retry_singly and len(batch) > 1:
                await asyncio.gather(*(self._try([waiting], is_patient=True) for waiting in batch))
            else:
                _fail(batch, error)
            return
        held = []
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, LockedElsewhere):
                held.append(waiting)
            elif not waiting.answer.done():
                waiting.answer.set_result(answer)
        self._line_up(self._patient, held)


class GroupCommits(Generic[T, R]):
    """A GroupCommit for each workspace that there is something of: a transaction is about one workspace only.

    `commit` is told which. A batch that fails is tried once more, each item by itself.
    """

    def __init__(
        self,
        commit: Callable[[UUID, Sequence[T], bool], Awaitable[Sequence[R | LockedElsewhere]]],
        *,
        max_batch: int,
        pause: float = 0.0,
    ) -> None:
        self._commit = commit
        self._max_batch = max_batch
        self._pause = pause
        self._of: dict[UUID, GroupCommit[T, R]] = {}

    async def put(self, workspace_id: UUID, item: T) -> R:
        """Have an item of a workspace written, and wait until it is committed. Raises what `commit` raised."""
        if workspace_id not in self._of:
            self._of[workspace_id] = GroupCommit(
                partial(self._commit, workspace_id),
                max_batch=self._max_batch,
                retry_singly=True,
                pause=self._pause,
            )
        return await self._of[workspace_id].put(item)

    async def close(self) -> None:
        """Wait until everything that was handed over is written."""
        for each in self._of.values():
            await each.close()


@dataclass(slots=True)
class _Line(Generic[T, R]):
    """Items that wait for a writer, how many are writing, and the tasks of those that have not quite ended."""

    most_writers: int
    writing: int = 0
    begun_at: float = -math.inf
    waiting: list[_Waiting[T, R]] = field(default_factory=list)
    writers: set[asyncio.Task[None]] = field(default_factory=set)


def _fail(batch: Sequence[_Waiting[T, R]], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
