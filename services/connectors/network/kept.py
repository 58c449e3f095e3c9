"""Connections that are kept open for the next request to the same host.

Two requests may share one if they agree in all that a connection is: scheme, host, port, the address that it
leads to, and the client certificate. Who signs in how is said in each request, so they may be of several
components, or of several workspaces.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection

from services.connectors.network.connecting import Target
from services.connectors.network.tolerance import TolerantHandler

IDLE_SECONDS = 10.0
"""Many a server closes what was idle for a minute, or five seconds; what it did close is noticed, and not used."""

KEPT_PER_HOST = 16
KEPT = 256
"""Connections that nobody uses, at most. Those in use have no limit: a call that waits would only time out."""


class KeptConnections:
    """Keeps connections, each for `idle_seconds` after its last use. Used and closed in one event loop.

    Whoever takes one says where its host leads now, and one that leads elsewhere is closed. So a host that moves
    is found where it is, and if that is where nobody may call, it is not called.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        # By target, each with the time until which it is kept.
        self._idle: defaultdict[Target, list[tuple[TolerantHandler, float]]] = defaultdict(list)
        self._clean_up: asyncio.TimerHandle | None = None

    def take(self, target: Target, addresses: Collection[str]) -> TolerantHandler | None:
        """One that leads to one of the addresses, if there is one: it is nobody else's from then on."""
        now = asyncio.get_running_loop().time()
        while idle := self._idle.get(target):
            handler, end = idle.pop()
            if now < end and handler.is_connected() and _address(handler) in addresses:
                return handler
            handler.close()
        self._idle.pop(target, None)
        return None

    def keep(self, target: Target, handler: TolerantHandler) -> None:
        """Keep a connection whose answer has been read, if it can be used again and there are not too many."""
        kept = sum(map(len, self._idle.values()))
        if handler.should_close or kept >= KEPT or len(self._idle[target]) >= KEPT_PER_HOST:
            handler.close()
            return
        loop = asyncio.get_running_loop()
        self._idle[target].append((handler, loop.time() + self._idle_seconds))
        if self._clean_up is None:
            self._clean_up = loop.call_later(self._idle_seconds, self._close_old)

    def close(self) -> None:
        """Close all."""
        if self._clean_up is not None:
            self._clean_up.cancel()
            self._clean_up = None
        for idle in self._idle.values():
            for handler, _ in idle:
                handler.close()
        self._idle.clear()

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        for target, idle in list(self._idle.items()):
            self._idle[target] = []
            for handler, end in idle:
                if loop.time() < end and handler.is_connected():
                    self._idle[target].append((handler, end))
                else:
                    handler.close()
            if not self._idle[target]:
                del self._idle[target]
        self._clean_up = loop.call_later(self._idle_seconds, self._close_old) if self._idle else None


def _address(handler: TolerantHandler) -> str | None:
    """Where a connection leads; None if it is closed."""
    peer = handler.transport and handler.transport.get_extra_info("peername")
    return str(peer[0]) if peer else None
