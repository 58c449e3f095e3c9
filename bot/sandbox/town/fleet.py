"""The fleet office, which speaks JSON-RPC 2.0: the vehicles of the winter service, and where they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.sandbox.town.api import AREAS, Answer, Call, HeaderKey, Route

KINDS = ("plow", "gritter", "loader")
METHOD_UNKNOWN, BAD_PARAMS, NO_CALL, NOT_FREE = -32601, -32602, -32600, -32001


@dataclass(slots=True)
class Vehicle:
    """A vehicle, and where it has been sent."""

    vehicle_id: str
    kind: str
    area: str
    sent_to: str | None = None


class _Failed(Exception):
    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})


class Fleet:
    """The vehicles, by id: one of each kind in each area."""

    def __init__(self) -> None:
        made = [Vehicle(f"{kind}-{area[0]}", kind, area) for kind in KINDS for area in AREAS]
        self.vehicles = {vehicle.vehicle_id: vehicle for vehicle in made}
        self._methods = {"vehicles.find": self._find, "vehicles.send": self._send}

    def routes(self) -> Sequence[Route]:
        """The operations; the method stands in the path as well, as in the permits office."""
        key = HeaderKey("TOWN_CREWS_KEY", "X-Api-Key")
        return tuple(Route(name, "POST", f"/rpc/{name}", self._call, key) for name in self._methods)

    def _call(self, call: Call) -> Answer:
        number = call.body.get("id")
        try:
            if call.body.get("jsonrpc") != "2.0" or number is None:
                raise _Failed(NO_CALL, "this is no call of JSON-RPC 2.0")
            method = self._methods.get(call.body.get("method", ""))
            if method is None:
                raise _Failed(METHOD_UNKNOWN, "there is no such method")
            params = call.body.get("params", {})
            if not isinstance(params, dict):
                raise _Failed(BAD_PARAMS, "params go by name here")
            return Answer(200, {"jsonrpc": "2.0", "id": number, "result": method(params)})
        except _Failed as failure:
            return Answer(200, {"jsonrpc": "2.0", "id": number, "error": failure.error})

    def _find(self, params: dict[str, Any]) -> dict[str, Any]:
        kind, area = params.get("kind"), params.get("area")
        if kind not in KINDS:
            raise _Failed(BAD_PARAMS, f"kind must be one of {', '.join(KINDS)}")
        free = [each for each in self.vehicles.values() if each.kind == kind and each.sent_to is None]
        free.sort(key=lambda each: each.area != area)
        return {"vehicle_id": free[0].vehicle_id if free else None, "free": len(free)}

    def _send(self, params: dict[str, Any]) -> dict[str, Any]:
        vehicle, address = self.vehicles.get(params.get("vehicle_id", "")), params.get("address")
        if vehicle is None or not isinstance(address, str) or not address.strip():
            raise _Failed(BAD_PARAMS, "vehicle_id must be that of a vehicle, and address a place")
        if vehicle.sent_to is not None:
            raise _Failed(NOT_FREE, "the vehicle is not free", {"sent_to": vehicle.sent_to})
        vehicle.sent_to = address
        return asdict(vehicle)
