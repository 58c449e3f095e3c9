"""How soon cards are drawn again: at once, or in a moment where a workspace has so many drawn that Slack minds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from uuid import UUID

MANY = 5
"""So many redraws of a workspace within SECONDS are many: Slack takes about one a second, and a few at once."""

SECONDS = 1.0


class Pace:
    """The last redraws that this process has begun, workspace by workspace."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[UUID, deque[float]] = {}

    def note(self, workspace_id: UUID, redraws: int) -> None:
        """So many redraws begin now."""
        last = self._last.setdefault(workspace_id, deque(maxlen=MANY))
        last.extend([self._clock()] * min(redraws, MANY))

    def is_fast(self, workspace_id: UUID) -> bool:
        """Whether many cards of a workspace were drawn just now: what can wait for a moment is to wait."""
        last = self._last.get(workspace_id)
        return last is not None and len(last) == MANY and self._clock() - last[0] < SECONDS
