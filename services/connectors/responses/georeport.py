"""Answers of Open311 GeoReport v2, in one form: that of its JSON, whether JSON came or XML.

Endpoints differ in much: ids as numbers, truth values as texts, one object where a list belongs, tags without
anything in them, lists inside an object of their name. All of it is borne here, so that a plan refers to one form.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.connectors.responses.response import Response

_ITEM_OF = {
    "services": "service",
    "service_requests": "request",
    "requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
"""What the items of a list are called in XML."""

_ROOTS = ("services", "service_requests", "requests", "errors")
_OBJECTS = ("service_definition", "discovery")
_TRUTHS = frozenset({"metadata", "required", "variable"})
_NUMBERS = frozenset({"lat", "long"})
_NESTED = frozenset({"attributes", "values", "endpoints", "formats"})
# One of these alone is an item of a list that was left out.
_OF_AN_ITEM = frozenset({"service_request_id", "token", "service_code", "description"})
_IDS = frozenset({"service_request_id", "token"})
_TRUE = frozenset({"true", "1", "yes"})
_DEEPEST = 6
_EARTH_METERS = 6_371_000.0


def as_georeport(answer: Response, query: Sequence[tuple[str, str]]) -> Response:
    """The answer with its body in the one form; what is no GeoReport, such as a page, stays as it is.

    Errors in a 200 are no success: the answer has the status that they state, or 400. Of a search that names lat,
    long and radius (meters) only what is that near is left, the nearest first: most endpoints do not know these.
    """
    body = georeport(answer.body)
    status = answer.status
    if status < 300 and (errors := errors_in(body)):
        status = next((code for error in errors if (code := _status(error["code"]))), 400)
    if status < 300 and isinstance(body, list):
        body = _near(body, dict(query))
    return replace(answer, status=status, body=body)


def georeport(body: Any) -> Any:
    """A body in the one form: lists of objects, definitions with lists of attributes."""
    if isinstance(body, list):
        return [record for item in body for record in _records(item)]
    if not isinstance(body, Mapping):
        return body
    members = _plain(body)
    for name in _ROOTS:
        if name in members and len(members) == 1:
            return [record for item in _items(name, members[name]) for record in _records(item)]
    for name in _OBJECTS:
        if name in members and len(members) == 1 and isinstance(members[name], Mapping):
            return _record(members[name], _DEEPEST)
    if "attributes" in members or "endpoints" in members:
        return _record(members, _DEEPEST)
    return [_record(members, _DEEPEST)] if not _OF_AN_ITEM.isdisjoint(members) else body


def errors_in(body: Any) -> list[Mapping[str, Any]]:
    """The errors that an answer in the one form consists of; none if it is something else."""
    if not isinstance(body, list) or not body:
        return []
    return body if all(isinstance(item, dict) and _is_error(item) for item in body) else []


def _is_error(item: Mapping[str, Any]) -> bool:
    return "code" in item and "description" in item and _OF_AN_ITEM.isdisjoint(item.keys() - {"description"})


def _status(code: str) -> int | None:
    return int(code) if code.isdecimal() and len(code) == 3 and 400 <= int(code) < 600 else None


def _records(item: Any) -> Iterable[dict[str, Any]]:
    """An item of a list, or those in it where it has the name of the list; what is no object says nothing."""
    if not isinstance(item, Mapping):
        return
    members = _plain(item)
    if len(members) == 1 and (name := next(iter(members))) in (*_ROOTS, *_ITEM_OF.values()):
        for inner in _items(name, members[name]):
            yield from _records(inner)
        return
    record = _record(members, _DEEPEST)
    # Some endpoints list requests that have neither a number yet nor a token: nothing can be asked about them.
    is_request = "status" in record or "requested_datetime" in record
    if not is_request or any(record.get(name) for name in _IDS):
        yield record


def _items(name: str, value: Any) -> list[Any]:
    """The items of a list, which may stand in a member of their own, and be one without a list round it."""
    if isinstance(value, list):
        return [inner for item in value for inner in _unwrapped(name, item)]
    return [] if value in (None, "", {}) else list(_unwrapped(name, value))


def _unwrapped(name: str, item: Any) -> Iterable[Any]:
    own = _ITEM_OF.get(name)
    members = _plain(item) if isinstance(item, Mapping) else {}
    if own is not None and own in members and len(members) == 1:
        inner = members[own]
        return inner if isinstance(inner, list) else [] if inner in (None, "") else [inner]
    return [] if item in (None, "") else [item]


def _record(members: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {name: _value(name, value, depth) for name, value in _plain(members).items()}


def _value(name: str, value: Any, depth: int) -> Any:
    if name in _NESTED and depth:
        return [
            _record(item, depth - 1) if isinstance(item, Mapping) else _text(item) for item in _items(name, value)
        ]
    if isinstance(value, list) or (isinstance(value, Mapping) and _plain(value)):
        return value  # an extension, whose form is its own
    text = _text(value)
    if name in _TRUTHS:
        return text.strip().casefold() in _TRUE
    return _number(text) if name in _NUMBERS else text


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value.get("#text", ""))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _plain(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members without what XML adds: attributes of tags, and the text beside them."""
    return {name: value for name, value in members.items() if not name.startswith(("@", "#"))}


def _near(found: list[Any], query: Mapping[str, str]) -> list[Any]:
    lat, long, radius = (_number(query.get(name, "")) for name in ("lat", "long", "radius"))
    if lat is None or long is None or radius is None:
        return found
    near = []
    for item in found:
        if item.get("lat") is not None and item.get("long") is not None:
            meters = _meters(lat, long, item["lat"], item["long"])
            if meters <= radius:
                near.append({**item, "distance_meters": round(meters)})
    return sorted(near, key=lambda item: item["distance_meters"])


def _meters(lat: float, long: float, other_lat: float, other_long: float) -> float:
    """The distance between two places on the globe."""
    north, south = math.radians(lat), math.radians(other_lat)
    half_lat, half_long = (north - south) / 2, math.radians(long - other_long) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(north) * math.cos(south) * math.sin(half_long) ** 2
    return 2 * _EARTH_METERS * math.asin(math.sqrt(min(1.0, max(0.0, chord))))
