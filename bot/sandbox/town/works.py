"""The works department: work orders, and the crews that carry them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.town.api import AREAS, Answer, Bearer, Call, HeaderKey, Refused, Route, Values
from bot.sandbox.town.open311 import Open311

SKILLS = ("water", "roads", "electric", "parks", "waste")
PRIORITIES = ("low", "normal", "high", "emergency")


@dataclass(slots=True)
class WorkOrder:
    """Work that is to be done in an area."""

    work_order_id: str
    area: str
    title: str
    description: str | None
    priority: str
    service_request_id: str | None
    created_at: datetime
    updated_at: datetime
    status: str = "open"
    crew_id: str | None = None
    notes: str | None = None

    def document(self) -> Values:
        """As it is sent."""
        return {
            "work_order_id": self.work_order_id,
            "status": self.status,
            "area": self.area,
            "title": self.title,
            "description": self.description,
            "priority": self.priority,
            "service_request_id": self.service_request_id,
            "crew_id": self.crew_id,
            "notes": self.notes,
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
        }


@dataclass(slots=True)
class Crew:
    """People with a skill, at one work order at a time."""

    crew_id: str
    name: str
    skill: str
    area: str
    work_order_id: str | None = None

    def document(self) -> Values:
        """As it is sent."""
        return {
            "crew_id": self.crew_id,
            "name": self.name,
            "skill": self.skill,
            "area": self.area,
            "available": self.work_order_id is None,
            "work_order_id": self.work_order_id,
        }


def _crews() -> list[Crew]:
    """Two crews for each skill, each at home in another area than the other."""
    return [
        Crew(
            f"{skill}-{number}", f"{skill.capitalize()} crew {number}", skill, AREAS[(place + number) % len(AREAS)]
        )
        for place, skill in enumerate(SKILLS)
        for number in (1, 2)
    ]


class Works:
    """Work orders and crews. A work order that is closed closes the service request that it came from."""

    def __init__(self, open311: Open311) -> None:
        self.orders: dict[str, WorkOrder] = {}
        self.crews = {crew.crew_id: crew for crew in _crews()}
        self._open311 = open311

    def routes(self) -> Sequence[Route]:
        """The operations."""
        works = Bearer("TOWN_TOKEN")
        crews = HeaderKey("TOWN_CREWS_KEY", "X-Api-Key")
        order = "/work-orders/{work_order_id}"
        assignment = "/crews/{crew_id}/assignment"
        return (
            Route("workorders.create", "POST", "/areas/{area}/work-orders", self._create, works, idempotent=True),
            Route("workorders.list", "GET", "/areas/{area}/work-orders", self._list, works),
            Route("workorders.get", "GET", order, self._get, works),
            Route("workorders.update", "PATCH", order, self._update, works),
            Route("workorders.close", "POST", f"{order}/close", self._close, works, idempotent=True),
            Route("crews.find_available", "GET", "/crews/available", self._find, crews),
            Route("crews.assign", "POST", assignment, self._assign, crews),
            Route("crews.release", "DELETE", assignment, self._release, crews),
        )

    def _create(self, call: Call) -> Answer:
        order = WorkOrder(
            work_order_id=f"WO-{1001 + len(self.orders)}",
            area=call.area(),
            title=call.text("title"),
            description=call.optional_text("description"),
            priority=call.choice("priority", PRIORITIES, "normal"),
            service_request_id=call.optional_text("service_request_id"),
            created_at=call.now,
            updated_at=call.now,
        )
        self.orders[order.work_order_id] = order
        return Answer(201, order.document())

    def _list(self, call: Call) -> Answer:
        area, status = call.area(), call.query.get("status")
        found = [order for order in self.orders.values() if order.area == area and status in (None, order.status)]
        return Answer(200, {"count": len(found), "work_orders": [order.document() for order in found]})

    def _get(self, call: Call) -> Answer:
        return Answer(200, self._order(call.path["work_order_id"]).document())

    def _update(self, call: Call) -> Answer:
        order = self._open_order(call)
        order.title = call.optional_text("title") or order.title
        order.description = call.optional_text("description") or order.description
        order.priority = call.choice("priority", PRIORITIES, order.priority)
        order.notes = call.optional_text("notes") or order.notes
        order.updated_at = call.now
        return Answer(200, order.document())

    def _close(self, call: Call) -> Answer:
        order = self._open_order(call)
        notes = call.optional_text("notes")
        crew = self.crews.get(order.crew_id or "")
        if crew is not None:
            crew.work_order_id = None
        order.status, order.notes, order.updated_at = "closed", notes or order.notes, call.now
        if order.service_request_id is not None:
            self._open311.close(order.service_request_id, notes or "The work is done.", call.now)
        return Answer(200, order.document())

    def _find(self, call: Call) -> Answer:
        skill, area = call.query.get("skill"), call.query.get("area")
        if skill is not None and skill not in SKILLS:
            raise Refused(400, "invalid", f"skill must be one of {', '.join(SKILLS)}")
        free = [crew for crew in self.crews.values() if crew.work_order_id is None and skill in (None, crew.skill)]
        free.sort(key=lambda crew: (crew.area != area, crew.crew_id))
        if not free:
            raise Refused(404, "no_crew", "no crew with this skill is available")
        return Answer(
            200,
            {
                "crew_id": free[0].crew_id,
                "crew_name": free[0].name,
                "available": len(free),
                "crews": [crew.document() for crew in free],
            },
        )

    def _assign(self, call: Call) -> Answer:
        crew = self._crew(call)
        order = self._order(call.text("work_order_id"))
        if order.status == "closed":
            raise Refused(409, "closed", f"{order.work_order_id} is closed")
        if crew.work_order_id is not None:
            raise Refused(409, "busy", f"{crew.name} is at {crew.work_order_id}")
        if order.crew_id is not None:
            raise Refused(409, "assigned", f"{order.work_order_id} has {order.crew_id}")
        crew.work_order_id, order.crew_id = order.work_order_id, crew.crew_id
        order.status, order.updated_at = "assigned", call.now
        return Answer(201, self._assignment(crew, order))

    def _release(self, call: Call) -> Answer:
        crew = self._crew(call)
        if crew.work_order_id is None:
            raise Refused(409, "not_assigned", f"{crew.name} is at no work order")
        order = self._order(crew.work_order_id)
        crew.work_order_id, order.crew_id = None, None
        order.status, order.updated_at = "open", call.now
        return Answer(200, self._assignment(crew, order))

    def _assignment(self, crew: Crew, order: WorkOrder) -> Values:
        return {
            "crew_id": crew.crew_id,
            "crew_name": crew.name,
            "work_order_id": order.work_order_id,
            "status": order.status,
        }

    def _crew(self, call: Call) -> Crew:
        crew = self.crews.get(call.path["crew_id"])
        if crew is None:
            raise Refused(404, "not_found", f"there is no crew {call.path['crew_id']}")
        return crew

    def _order(self, work_order_id: str) -> WorkOrder:
        order = self.orders.get(work_order_id)
        if order is None:
            raise Refused(404, "not_found", f"there is no work order {work_order_id}")
        return order

    def _open_order(self, call: Call) -> WorkOrder:
        order = self._order(call.path["work_order_id"])
        if order.status == "closed":
            raise Refused(409, "closed", f"{order.work_order_id} is closed")
        return order
