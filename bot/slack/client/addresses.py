"""Where messages are: Slack is asked for the address of one, and those of others in its channel are alike."""

from __future__ import annotations

import time
from collections.abc import Callable

# What Slack said of one message is good for its channel for so long: a workspace may get another name.
KNOWN_SECONDS = 3_600.0

# So many channels are remembered at most: about 2 MB.
MAX_CHANNELS = 10_000


class Addresses:
    """Remembers how Slack writes the addresses of messages that are in no thread, channel by channel."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def learn(self, channel: str, ts: str, address: str) -> None:
        """Slack has said where a message is. One that does not end with its name teaches nothing."""
        name = _name(ts)
        if not address.endswith(name):
            return
        if len(self._known) >= MAX_CHANNELS:
            self._known.clear()
        self._known[channel] = address.removesuffix(name), self._clock() + KNOWN_SECONDS

    def of(self, channel: str, ts: str) -> str | None:
        """Where a message is that is in no thread; None where Slack has to be asked."""
        before, until = self._known.get(channel, ("", 0.0))
        return before + _name(ts) if before and self._clock() < until else None


def _name(ts: str) -> str:
    return f"/p{ts.replace('.', '')}"
