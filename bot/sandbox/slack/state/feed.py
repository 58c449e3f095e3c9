"""What changed, in order: for the page's event stream, and for whoever waits for something to come about."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.state.model import Json


class Signal:
    """Wakes everyone who waits, as often as something happens; costs nothing while nobody does."""

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        """Wake all that wait now."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        """Return at the next `notify`. Check your condition before, without an await in between."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter


@dataclass(frozen=True, slots=True)
class Change:
    """One event of the page's stream, for `user` only, or for the members of `channel`, or for all.

    `data` is asked when the event is sent, so it shows the newest state; that is what a page wants.
    """

    id: int
    name: str
    data: Callable[[], Json]
    channel: str | None
    user: str | None


class Feed:
    """The last `size` changes and a signal for each.

    Ids count up from `first_id`. Take the time for it, and a page that was open before a restart is told to
    load everything again.
    """

    def __init__(self, signal: Signal, *, first_id: int = 0, size: int = 2_000) -> None:
        self.signal = signal
        self.last_id = first_id
        self._changes: deque[Change] = deque(maxlen=size)

    def publish(
        self, name: str, data: Callable[[], Json], *, channel: str | None = None, user: str | None = None
    ) -> None:
        """Add a change and wake whoever waits."""
        self.last_id += 1
        self._changes.append(Change(self.last_id, name, data, channel, user))
        self.signal.notify()

    def after(self, change_id: int) -> list[Change] | None:
        """All changes since `change_id`; None if they are no longer all there, or the id is not ours."""
        if change_id > self.last_id:
            return None
        missing = self.last_id - change_id
        if missing > len(self._changes):
            return None
        return list(self._changes)[len(self._changes) - missing :]
