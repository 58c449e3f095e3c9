"""The town's 311: Open311 GeoReport v2 in JSON, for one jurisdiction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.town.api import Answer, Anybody, Call, Credentials, FormKey, Refused, Route, Values

JURISDICTION = "town.example"
_PREFIX = "/open311/v2"
_WINDOW = timedelta(days=90)
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Attribute:
    """A question that a service asks; `values` where it must be answered by one of a few words."""

    code: str
    description: str
    values: tuple[str, ...] = ()
    required: bool = False

    def document(self, order: int) -> Values:
        """As it is sent."""
        return {
            "variable": True,
            "code": self.code,
            "datatype": "singlevaluelist" if self.values else "string",
            "required": self.required,
            "datatype_description": "",
            "order": order,
            "description": self.description,
            "values": [{"key": value, "name": value.capitalize()} for value in self.values],
        }


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of request. `batch` services answer with a token, whose id is ready at the second look."""

    code: str
    name: str
    description: str
    group: str
    batch: bool = False
    attributes: tuple[Attribute, ...] = ()

    def document(self) -> Values:
        """As it is sent."""
        return {
            "service_code": self.code,
            "service_name": self.name,
            "description": self.description,
            "metadata": bool(self.attributes),
            "type": "batch" if self.batch else "realtime",
            "keywords": f"{self.group},{self.name}".lower(),
            "group": self.group,
        }


SERVICES = (
    Service("water_leak", "Water leak", "Water where it should not be: mains, hydrants, service pipes", "water"),
    Service("pothole", "Pothole", "A hole or a dip in a road", "roads"),
    Service(
        "street_light",
        "Street light",
        "A light that is out, flickers or is damaged",
        "electric",
        attributes=(
            Attribute("fault", "What is wrong with it?", ("out", "flickering", "damaged"), required=True),
        ),
    ),
    Service("tree", "Tree", "A tree or branch that has fallen, or may fall", "parks"),
    Service("missed_collection", "Missed collection", "A bin that was not emptied", "waste"),
    Service("graffiti", "Graffiti", "Paint where it should not be", "streets", batch=True),
    Service("other", "Anything else", "What fits nowhere else", "general"),
)


@dataclass(slots=True)
class ServiceRequest:
    """One report."""

    id: str
    service: Service
    requested: datetime
    updated: datetime
    fields: Values
    token: str | None = None
    looks: int = 0
    status: str = "open"
    status_notes: str = ""
    attributes: Values = field(default_factory=dict)

    def document(self) -> Values:
        """As it is sent."""
        return {
            "service_request_id": self.id,
            "status": self.status,
            "status_notes": self.status_notes,
            "service_name": self.service.name,
            "service_code": self.service.code,
            "description": self.fields.get("description", ""),
            "agency_responsible": "Works department",
            "service_notice": "",
            "requested_datetime": _w3c(self.requested),
            "updated_datetime": _w3c(self.updated),
            "expected_datetime": _w3c(self.requested + timedelta(days=3)),
            "address": self.fields.get("address_string", ""),
            "address_id": self.fields.get("address_id", ""),
            "zipcode": "",
            "lat": self.fields.get("lat"),
            "long": self.fields.get("long"),
            "media_url": self.fields.get("media_url", ""),
        }


def _error_document(refusal: Refused) -> Any:
    return [{"code": refusal.status, "description": refusal.description}]


class Open311:
    """Services and the requests for them. As in the standard, a request that is sent twice is two requests."""

    def __init__(self) -> None:
        self.services = {service.code: service for service in SERVICES}
        self.requests: dict[str, ServiceRequest] = {}

    def routes(self) -> Sequence[Route]:
        """The operations."""
        key = FormKey("TOWN_OPEN311_KEY", "api_key")
        return (
            self._route("list_services", "GET", "services.json", self._list_services),
            self._route("get_service", "GET", "services/{service_code}.json", self._get_service),
            self._route("create_request", "POST", "requests.json", self._create, key),
            self._route("find_requests", "GET", "requests.json", self._find),
            self._route("get_request", "GET", "requests/{service_request_id}.json", self._get),
            self._route("get_token", "GET", "tokens/{token}.json", self._get_token),
        )

    def close(self, request_id: str, notes: str, now: datetime) -> None:
        """Close a request; a strange id is nobody's business here."""
        request = self.requests.get(request_id)
        if request is not None:
            request.status, request.status_notes, request.updated = "closed", notes, now

    def _route(
        self,
        name: str,
        method: str,
        path: str,
        handle: Callable[[Call], Answer],
        credentials: Credentials | None = None,
    ) -> Route:
        return Route(
            f"open311.{name}",
            method,
            f"{_PREFIX}/{path}",
            handle,
            credentials or Anybody(),
            refusal_status=403,
            error=_error_document,
        )

    def _list_services(self, call: Call) -> Answer:
        _check_jurisdiction(call)
        return Answer(200, [service.document() for service in self.services.values()])

    def _get_service(self, call: Call) -> Answer:
        _check_jurisdiction(call)
        service = self._service(call.path["service_code"])
        attributes = [item.document(order) for order, item in enumerate(service.attributes, start=1)]
        return Answer(200, {"service_code": service.code, "attributes": attributes})

    def _create(self, call: Call) -> Answer:
        if not call.is_form:
            raise Refused(400, "not_a_form", "the body must be application/x-www-form-urlencoded")
        _check_jurisdiction(call)
        if not call.body.get("service_code"):
            raise Refused(400, "missing", "service_code was not provided")
        service = self._service(str(call.body["service_code"]))
        attributes = _attributes(service, call.body)
        _check_fields(call.body)
        number = 101 + len(self.requests)
        request = ServiceRequest(
            id=str(number),
            service=service,
            requested=call.now,
            updated=call.now,
            fields={name: value for name, value in call.body.items() if name != "api_key"},
            token=f"t{number}" if service.batch else None,
            attributes=attributes,
        )
        self.requests[request.id] = request
        if request.token is not None:
            return Answer(200, [{"token": request.token, "service_notice": "", "account_id": ""}])
        return Answer(200, [{"service_request_id": request.id, "service_notice": "", "account_id": ""}])

    def _find(self, call: Call) -> Answer:
        _check_jurisdiction(call)
        ids, codes, statuses = (_list(call, name) for name in ("service_request_id", "service_code", "status"))
        if ids:
            found = [self.requests[request_id] for request_id in ids if request_id in self.requests]
        else:
            start = _date(call, "start_date", call.now - _WINDOW)
            end = _date(call, "end_date", call.now)
            found = [
                request
                for request in reversed(self.requests.values())
                if start <= request.requested <= end
                and (not codes or request.service.code in codes)
                and (not statuses or request.status in statuses)
            ]
        return Answer(200, [request.document() for request in found[:_MOST]])

    def _get(self, call: Call) -> Answer:
        _check_jurisdiction(call)
        request = self.requests.get(call.path["service_request_id"])
        if request is None:
            raise Refused(404, "not_found", "service_request_id was not found")
        return Answer(200, [request.document()])

    def _get_token(self, call: Call) -> Answer:
        _check_jurisdiction(call)
        for request in self.requests.values():
            if request.token == call.path["token"]:
                request.looks += 1
                ready = request.id if request.looks > 1 else ""
                return Answer(200, [{"service_request_id": ready, "token": request.token}])
        raise Refused(404, "not_found", "token was not found")

    def _service(self, code: str) -> Service:
        if code not in self.services:
            raise Refused(404, "not_found", "service_code was not found")
        return self.services[code]


def _check_jurisdiction(call: Call) -> None:
    given = call.query.get("jurisdiction_id") or call.body.get("jurisdiction_id")
    if given and given != JURISDICTION:
        raise Refused(404, "not_found", "jurisdiction_id was not found")


def _attributes(service: Service, body: Values) -> Values:
    answers = {}
    for attribute in service.attributes:
        value = body.get(f"attribute[{attribute.code}]")
        if not value and attribute.required:
            raise Refused(400, "missing", f"attribute[{attribute.code}] was not provided")
        if value and attribute.values and value not in attribute.values:
            raise Refused(400, "invalid", f"attribute[{attribute.code}] is none of {', '.join(attribute.values)}")
        answers[attribute.code] = value
    return answers


def _check_fields(body: Values) -> None:
    if len(str(body.get("description", ""))) > 4_000:
        raise Refused(400, "too_long", "description has more than 4,000 characters")
    if body.get("address_string") or body.get("address_id"):
        return
    for name, limit in (("lat", 90.0), ("long", 180.0)):
        try:
            inside = abs(float(body[name])) <= limit
        except KeyError:
            raise Refused(400, "missing", "lat and long, address_string or address_id must be provided") from None
        except (TypeError, ValueError):
            inside = False
        if not inside:
            raise Refused(400, "invalid", f"{name} is not a coordinate")


def _list(call: Call, name: str) -> list[str]:
    return [part.strip() for part in call.query.get(name, "").split(",") if part.strip()]


def _date(call: Call, name: str, default: datetime) -> datetime:
    text = call.query.get(name)
    if not text:
        return default
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "invalid", f"{name} is not a date of ISO 8601") from None
    if date.tzinfo is None:
        raise Refused(400, "invalid", f"{name} has no time zone")
    return date


def _w3c(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
