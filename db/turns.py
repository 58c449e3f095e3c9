"""Whose turn it is: jobs of a workspace that asks for much at once wait behind those of all others.

Each job is given a moment by which it would be fair to begin it: now, for a workspace that asks for no more than
JOBS_PER_SECOND, and for one that asks for more a moment after that of its last job (the "generic cell rate
algorithm", ITU-T I.371). Workers take the job with the earliest moment, so within a workspace first come is first
served, and no workspace waits for another's thousand. Nothing is held back: where nobody else waits all go.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

JOBS_PER_SECOND = 20.0
"""What one workspace may ask for before others go first: about three commands a second, with all that follows."""

EPOCH = 1_767_225_600
"""2026-01-01, from which moments are counted."""

TICKS_PER_SECOND = 4
"""The queue's priorities are whole numbers of 32 bits: at four a second they last for seventeen years."""

MAX_KNOWN = 10_000


class Turns:
    """The moments that were given last, by workspace. One per engine; several processes agree by their clocks."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last: dict[UUID, float] = {}

    def priority(self, workspace: UUID) -> int:
        """The priority of the next job of a workspace: the higher the sooner."""
        now = self._clock()
        moment = max(now, self._last.get(workspace, 0.0))
        self._last[workspace] = moment + 1 / JOBS_PER_SECOND
        if len(self._last) > MAX_KNOWN:
            self._last = {known: last for known, last in self._last.items() if last > now}
        return _priority(moment)

    def next_priority(self, workspace: UUID) -> int:
        """What the next job of a workspace would get, if there is one."""
        return _priority(max(self._clock(), self._last.get(workspace, 0.0)))


def _priority(moment: float) -> int:
    return -round((moment - EPOCH) * TICKS_PER_SECOND)
