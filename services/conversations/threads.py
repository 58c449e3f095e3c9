"""Whether a thread is one that the bot has a part in: asked for every reply that anybody writes anywhere.

Channels are busy, and nearly all of what is said in them is not for the bot. So what is known is kept in memory:
of the bot's threads for good, of any other for a few seconds, in which another replica may have answered there.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from uuid import UUID

MAX_KNOWN = 20_000
SECONDS = 10.0
"""After so long a thread that was not the bot's is asked for again."""

Place = tuple[UUID, str, str]
"""Workspace, channel and the ts of a thread."""


class OwnedThreads:
    """What is known of threads, the most recently asked for. One per process. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float], *, most: int = MAX_KNOWN) -> None:
        self._clock = clock
        self._most = most
        self._known: OrderedDict[Place, float | None] = OrderedDict()

    def note(self, place: Place) -> None:
        """Take a thread for the bot's."""
        self._keep(place, None)

    async def is_owned(self, place: Place, ask: Callable[[], Awaitable[bool]]) -> bool:
        """Whether it is; `ask` looks into the database, where that has to be."""
        if place in self._known:
            until = self._known[place]
            if until is None or until > self._clock():
                self._known.move_to_end(place)
                return until is None
        is_owned = await ask()
        self._keep(place, None if is_owned else self._clock() + SECONDS)
        return is_owned

    def _keep(self, place: Place, until: float | None) -> None:
        self._known[place] = until
        self._known.move_to_end(place)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
