"""How soon cards are drawn again: at once, or in a moment where a workspace has so many drawn that Slack minds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

MANY = 5
"""So many posts and redraws of a workspace within SECONDS are many: Slack takes about one a second."""

SECONDS = 1.0


class Pace:
    """The last posts and redraws of cards that this process has begun, workspace by workspace."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[UUID, deque[float]] = {}

    def note(self, workspace_id: UUID, cards: int) -> None:
        """So many posts or redraws begin now."""
        last = self._last.setdefault(workspace_id, deque(maxlen=MANY))
        last.extend([self._clock()] * min(cards, MANY))

    def is_fast(self, workspace_id: UUID) -> bool:
        """Whether many cards of a workspace were posted or drawn just now: what can wait for a moment waits."""
        last = self._last.get(workspace_id)
        return last is not None and len(last) == MANY and self._clock() - last[0] < SECONDS
