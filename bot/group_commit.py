"""Group commit: whatever has gathered while the last commits were under way is written as one transaction.

A transaction for each thing that is written costs more than all the rest of it. There is no timer and no added
wait: where only one thing is to be written it is written at once (design, section 3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class _Waiting(Generic[T, R]):
    item: T
    answer: asyncio.Future[R] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class GroupCommit(Generic[T, R]):
    """Writes items in batches; `commit` writes one batch in one transaction, and answers for each item in order.

    At most `writers` batches are under way at once, each of at most `largest` items. Where `apart` is set, a batch
    that fails is tried once more, each item by itself: what is wrong with one is not the others' fault.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        writers: int = 1,
        largest: int = 1_000,
        apart: bool = False,
    ) -> None:
        self._commit = commit
        self._most_writers = writers
        self._largest = largest
        self._apart = apart
        self._waiting: list[_Waiting[T, R]] = []
        self._writers: set[asyncio.Task[None]] = set()

    async def put(self, item: T) -> R:
        """Have an item written, and wait until it is committed. Raises what `commit` raised."""
        waiting = _Waiting[T, R](item)
        self._waiting.append(waiting)
        if len(self._writers) < self._most_writers:
            writer = asyncio.create_task(self._write())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        return await waiting.answer

    async def close(self) -> None:
        """Wait until everything that was handed over is written."""
        while self._writers:
            await asyncio.wait(self._writers)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
            await self._try(batch)

    async def _try(self, batch: Sequence[_Waiting[T, R]]) -> None:
        try:
            answers = await self._commit([waiting.item for waiting in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer has to deal with it
            if self._apart and len(batch) > 1:
                await asyncio.gather(*(self._try([waiting]) for waiting in batch))
            else:
                _fail(batch, error)
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)


def _fail(batch: Sequence[_Waiting[T, R]], error: Exception) -> None:
    for waiting in batch:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
