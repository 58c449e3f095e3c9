"""Faults that a test scripts: what goes wrong with the next calls of a Web API method."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429 with a Retry-After header, in seconds; the call has no effect."""

    retry_after: int = 1


@dataclass(frozen=True, slots=True)
class ServerError:
    """An HTML page with this HTTP status (200, too), as Slack's proxies send; the call has no effect."""

    status: int = 500


@dataclass(frozen=True, slots=True)
class DropBefore:
    """The connection is closed without an answer, and the call has no effect.

    aiohttp's client sends a GET once more by itself when a connection that it had kept is cut.
    """


@dataclass(frozen=True, slots=True)
class DropAfterAccepting:
    """The call takes effect, then the connection is closed without an answer."""


@dataclass(frozen=True, slots=True)
class ErrorWord:
    """`{"ok": false, "error": word}`; the call has no effect."""

    word: str


@dataclass(frozen=True, slots=True)
class Slow:
    """The call takes effect after this many seconds, then is answered."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """The call waits until the test says `released.set()`; `reached` says that it has come.

    With `after_accepting` it has taken effect by then and only the answer waits.
    """

    after_accepting: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Fine:
    """Nothing goes wrong: to let a call through before the next fault."""


Fault = RateLimited | ServerError | DropBefore | DropAfterAccepting | ErrorWord | Slow | Hold | Fine


class Faults:
    """The faults still to come, for each method in order; a call uses up one."""

    def __init__(self) -> None:
        self._scripts: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def script(self, method: str, faults: Sequence[Fault]) -> None:
        """Add faults for the next calls of a method, e.g. "chat.postMessage"."""
        self._scripts[method].extend(faults)

    def take(self, method: str) -> Fault | None:
        """The fault of the call that has just come, if there is one."""
        script = self._scripts.get(method)
        return script.popleft() if script else None

    def pending(self, method: str) -> int:
        """How many faults of a method are still to come."""
        return len(self._scripts.get(method, ()))

    def clear(self) -> None:
        """Forget all that is still to come."""
        self._scripts.clear()
