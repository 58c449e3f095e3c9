"""How often a caller may ask: a bucket that fills by the second, for each of them, in each process."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

PER_SECOND = 10.0
"""Requests of one caller."""

BURST = 100.0
"""Requests of one caller at once, after a rest of ten seconds."""

MAX_KNOWN = 10_000


class RateLimiter:
    """Counts. `clock` gives seconds."""

    def __init__(
        self, clock: Callable[[], float], *, per_second: float = PER_SECOND, burst: float = BURST
    ) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def seconds_to_wait(self, caller: Hashable) -> int:
        """Take a place for a request: 0; or, where there is none, in how many whole seconds there is one."""
        now = self._clock()
        left, then = self._buckets.get(caller, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        if left < 1:
            self._buckets[caller] = (left, now)
            return max(1, math.ceil((1 - left) / self._per_second))
        self._buckets[caller] = (left - 1, now)
        if len(self._buckets) > MAX_KNOWN:
            rest = self._burst / self._per_second
            self._buckets = {known: has for known, has in self._buckets.items() if now - has[1] < rest}
        return 0
