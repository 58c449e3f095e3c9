"""Streets: roads that are closed to traffic, and the water valves below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.town.api import AREAS, Answer, Bearer, Call, Refused, Route, Values

EXTENTS = ("lane", "full")


@dataclass(slots=True)
class Valve:
    """A valve of the water main of an area."""

    valve_id: str
    area: str
    open: bool = True

    def document(self) -> Values:
        """As it is sent."""
        return {"valve_id": self.valve_id, "area": self.area, "status": "open" if self.open else "shut"}


class Streets:
    """Road closures and valves. A closure is made anew however often its Idempotency-Key is sent."""

    def __init__(self) -> None:
        self.closures: dict[str, Values] = {}
        self.valves = {f"V-{area}": Valve(f"V-{area}", area) for area in AREAS}

    def routes(self) -> Sequence[Route]:
        """The operations."""
        streets = Bearer("TOWN_TOKEN")
        closures, water = "/areas/{area}/road-closures", "/areas/{area}/water"
        return (
            Route("traffic.close_road", "POST", closures, self._close_road, streets),
            Route("traffic.list_closures", "GET", closures, self._list_closures, streets),
            Route("traffic.reopen_road", "DELETE", "/road-closures/{closure_id}", self._reopen, streets),
            Route("water.get_valve", "GET", water, self._valve, streets),
            Route("water.shut_off", "POST", f"{water}/shut-off", self._shut_off, streets),
            Route("water.restore", "POST", f"{water}/restore", self._restore, streets, idempotent=True),
        )

    def _close_road(self, call: Call) -> Answer:
        closure = {
            "closure_id": f"C-{1 + len(self.closures)}",
            "status": "closed",
            "area": call.area(),
            "location": call.text("location"),
            "extent": call.choice("extent", EXTENTS, "lane"),
            "reason": call.text("reason"),
            "work_order_id": call.optional_text("work_order_id"),
            "closed_at": call.now.isoformat(),
        }
        self.closures[closure["closure_id"] or ""] = closure
        return Answer(201, closure)

    def _list_closures(self, call: Call) -> Answer:
        area = call.area()
        found = [item for item in self.closures.values() if item["area"] == area and item["status"] == "closed"]
        return Answer(200, {"count": len(found), "closures": found})

    def _reopen(self, call: Call) -> Answer:
        closure = self.closures.get(call.path["closure_id"])
        if closure is None:
            raise Refused(404, "not_found", f"there is no closure {call.path['closure_id']}")
        closure["status"] = "open"
        return Answer(200, closure)

    def _valve(self, call: Call) -> Answer:
        return Answer(200, self.valves[f"V-{call.area()}"].document())

    def _shut_off(self, call: Call) -> Answer:
        valve = self.valves[f"V-{call.area()}"]
        reason = call.text("reason")
        if not valve.open:
            raise Refused(409, "shut", f"{valve.valve_id} is shut already")
        valve.open = False
        return Answer(200, {**valve.document(), "reason": reason})

    def _restore(self, call: Call) -> Answer:
        valve = self.valves[f"V-{call.area()}"]
        valve.open = True
        return Answer(200, valve.document())
