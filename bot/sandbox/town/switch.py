"""The fault switch: how the town's APIs answer until somebody says otherwise, each by itself or all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.sandbox.town.faults import Fault, Hang, Reset, Slow, Status

SLOW_SECONDS = 8.0

KINDS: Mapping[str, Fault] = {
    "refuse": Status(422),
    "hang": Hang(),
    "reset": Reset(),
    "slow": Slow(SLOW_SECONDS),
}
"""What can be set. A call that is refused, hangs or is cut off takes no effect; one that is slow does."""

ALL = "*"


class FaultSwitch:
    """What is set for which `routes`; a request that comes now goes by what is set now."""

    def __init__(self, routes: Sequence[str]) -> None:
        self.routes = tuple(sorted(routes))
        self._set: dict[str, str] = {}

    @property
    def now(self) -> Mapping[str, str]:
        """The kinds of fault that are set, by route, or under ALL."""
        return dict(self._set)

    def set(self, route: str, kind: str) -> None:
        """Have a route, or ALL, go wrong in that way from now on; an empty kind: not any more. Raises KeyError."""
        if route != ALL and route not in self.routes:
            raise KeyError(route)
        if route == ALL:
            self._set.clear()
        if kind:
            KINDS[kind]
            self._set[route] = kind
        else:
            self._set.pop(route, None)

    def fault(self, route: str) -> Fault | None:
        """How a request of a route goes wrong now."""
        kind = self._set.get(route) or (self._set.get(ALL) if route in self.routes else None)
        return KINDS[kind] if kind else None
