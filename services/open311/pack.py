"""The components of a town: what its Open311 endpoint can do, as plans may use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from services.components.definitions import ComponentDefinition
from services.formats.text import clip
from services.open311.forms import code_schema, request_schema
from services.open311.model import Attribute, LeftOut, Service, Source, Town, slug

MAX_FORMS = 60
"""So many services that ask questions get a component of their own; a town may have three hundred."""

DUPLICATE_METERS = 150

_CREATE_SECONDS = 60.0
_MAX_NAME = 150
_MAX_SHOWN = 1_000
_TEXT = {"type": "string"}
_OF_A_REQUEST: dict[str, Any] = {
    "service_request_id": _TEXT,
    "token": _TEXT,
    "status": {**_TEXT, "description": "open or closed; closed is not always mended"},
    "status_notes": _TEXT,
    "service_code": _TEXT,
    "service_name": _TEXT,
    "description": _TEXT,
    "agency_responsible": _TEXT,
    "requested_datetime": _TEXT,
    "updated_datetime": _TEXT,
    "expected_datetime": _TEXT,
    "address": _TEXT,
    "lat": {"type": ["number", "null"]},
    "long": {"type": ["number", "null"]},
    "media_url": _TEXT,
}
_SERVICES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "service_code": _TEXT,
            "service_name": _TEXT,
            "description": _TEXT,
            "metadata": {"type": "boolean"},
            "group": _TEXT,
        },
    },
}
_DEFINITION = {
    "type": "object",
    "properties": {"service_code": _TEXT, "attributes": {"type": "array", "items": {"type": "object"}}},
}
_FILED = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "service_request_id": {**_TEXT, "description": "empty where there is a token"},
            "token": _TEXT,
            "service_notice": _TEXT,
            "account_id": _TEXT,
        },
    },
}
_TOKEN = {
    "type": "array",
    "items": {"type": "object", "properties": {"service_request_id": _TEXT, "token": _TEXT}},
}


@dataclass(frozen=True, slots=True)
class Pack:
    """The components of a town, what could not be offered, and the code of each that is for one service alone."""

    definitions: tuple[ComponentDefinition, ...]
    left_out: tuple[LeftOut, ...]
    codes: Mapping[str, str]


def pack_of(town: Town, source: Source) -> Pack:
    """The components of a town.

    Services that must be told nothing beyond the standard share one component, which is enough to choose from.
    One that asks what has to be answered has a component of its own: a form that a plan fills in by name, and that
    says what is missing before anything is sent.
    """
    return _Maker(town, source).pack()


class _Maker:
    def __init__(self, town: Town, source: Source) -> None:
        self.town = town
        self.source = source
        self.prefix = source.key_prefix
        self.place = source.name or source.jurisdiction or town.base_url.partition("//")[2].partition("/")[0]

    def pack(self) -> Pack:
        asking = [service for service in self.town.services if self._must_answer(service)]
        own, too_many = asking[:MAX_FORMS], asking[MAX_FORMS:]
        plain = [service for service in self.town.services if service not in asking]
        forms = dict(zip(_form_keys(self.prefix, own), own, strict=True))
        definitions = [
            *self._reading(),
            *([self._create(f"{self.prefix}.create_request", plain)] if plain else ()),
            *(self._create(key, [service]) for key, service in forms.items()),
        ]
        return Pack(
            tuple(definitions),
            (*self.town.left_out, *(LeftOut(service.code, "too_many_forms") for service in too_many)),
            {key: service.code for key, service in forms.items()},
        )

    def _must_answer(self, service: Service) -> bool:
        return any(each.required and each.variable for each in self._asked(service))

    def _asked(self, service: Service) -> Sequence[Attribute]:
        return self.town.attributes.get(service.code, ())

    def _reading(self) -> Iterator[ComponentDefinition]:
        services = self.town.services
        yield self._get(
            "list_services",
            "List kinds of 311 requests",
            f"Lists the kinds of requests (services) that {self.place} takes, with their codes.",
            "services",
            response_schema=_SERVICES,
        )
        with_definition = [service for service in services if service.has_definition]
        if with_definition:
            yield self._get(
                "get_service",
                "Look up what a 311 request asks",
                f"Tells what {self.place} asks of a request of one kind (its attributes).",
                "services/{service_code}",
                path_params={
                    "service_code": {**code_schema(with_definition, "The kind of request."), "required": True}
                },
                response_schema=_DEFINITION,
            )
        yield self._get(
            "find_possible_duplicates",
            "Find possible duplicates near a place",
            f"Lists the open requests of one kind that {self.place} has from the last 90 days. With lat and long "
            "only those within radius meters of that place, the nearest first, each with distance_meters. Use it "
            "before a request is filed, to see whether the issue is known already: if so, [0].service_request_id "
            "is its number.",
            "requests",
            query_params={
                "service_code": {**code_schema(services, "The kind of request."), "required": True},
                "status": {"const": "open"},
                "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": "Latitude (WGS84)"},
                "long": {"type": "number", "minimum": -180, "maximum": 180, "description": "Longitude (WGS84)"},
                "radius": {
                    "type": "number",
                    "minimum": 1,
                    "maximum": 10_000,
                    "default": DUPLICATE_METERS,
                    "required": True,
                    "description": "meters",
                },
            },
            response_schema={"type": "array", "items": _request(distance_meters={"type": "integer"})},
        )
        date = {
            "type": "string",
            "description": "ISO 8601, such as "
            + ("2026-11-29T08:00:00, without a time zone" if self.source.zoneless else "2026-11-29T08:00:00Z"),
        }
        yield self._get(
            "search_requests",
            "Search 311 requests",
            f"Lists the requests that {self.place} has, of the last 90 days if no dates are given.",
            "requests",
            query_params={
                "service_request_id": {"type": "string", "description": "Numbers, with commas between them"},
                "service_code": {"type": "string", "description": "Codes of services, with commas between them"},
                "start_date": date,
                "end_date": date,
                "status": {"type": "string", "enum": ["open", "closed"]},
            },
            response_schema={"type": "array", "items": _request()},
        )
        yield self._get(
            "get_request",
            "Look up a 311 request",
            f"Tells how far a request has come with {self.place}, by its number. The answer is a list of one.",
            "requests/{service_request_id}",
            path_params={"service_request_id": {"type": "string", "minLength": 1, "required": True}},
            response_schema={"type": "array", "minItems": 1, "items": _request()},
        )
        yield self._get(
            "resolve_token",
            "Get the number of a 311 request by its token",
            f"Gives the number of a request for which {self.place} answered with a token. It is empty until the "
            "number is there: use this in a wait.until, whose field is [0].service_request_id.",
            "tokens/{token}",
            path_params={"token": {"type": "string", "minLength": 1, "required": True}},
            response_schema=_TOKEN,
        )

    def _create(self, key: str, services: Sequence[Service]) -> ComponentDefinition:
        only = services[0] if len(services) == 1 and key != f"{self.prefix}.create_request" else None
        attributes = self._asked(only) if only else ()
        what = f"“{only.name}”" if only else "the kinds that service_code lists"
        told = [
            f"Files a request of {what} with {self.place}.",
            only.description if only else "",
            *(each.description for each in attributes if not each.variable),
            "A request that is filed twice is two requests: look with "
            f"{self.prefix}.find_possible_duplicates first, and file one only when its [0].service_request_id is "
            "empty.",
            self._answer(services),
        ]
        description = " ".join(filter(None, told))
        if len(description) > _MAX_SHOWN:
            # What the endpoint says of itself gives way to what a plan has to know.
            description = " ".join([told[0], *told[-2:]])
        auth: dict[str, Any] = {"type": "none"}
        if self.source.api_key:
            auth = {"type": "api_key", "in": "body", "name": "api_key", "value": self.source.api_key}
        return self._definition(
            key,
            f"File a 311 request: {only.name}" if only else "File a 311 request",
            description,
            "requests",
            http_method="POST",
            body_format="form",
            request_schema=request_schema(self.source, services, attributes),
            response_schema=_FILED,
            auth=auth,
            # What is not known to have arrived is a person's to decide about, never sent again unseen.
            idempotent=False,
            attempts=1,
            timeout_seconds=_CREATE_SECONDS,
        )

    def _answer(self, services: Sequence[Service]) -> str:
        kinds = {service.kind for service in services}
        wait = (
            f"then wait with wait.until for {self.prefix}.resolve_token, whose path input token is [0].token, and "
            "whose field [0].service_request_id is the number."
        )
        if kinds == {"batch"}:
            return f"The answer is a list of one with a token: {wait}"
        if kinds == {"blackbox"}:
            return "The answer has no number that could be asked about later."
        return f"The answer is a list of one with service_request_id; where that is empty there is a token: {wait}"

    def _get(self, name: str, title: str, description: str, path: str, **members: Any) -> ComponentDefinition:
        own = f"?jurisdiction_id={quote(self.source.jurisdiction, safe='')}" if self.source.jurisdiction else ""
        return self._definition(f"{self.prefix}.{name}", title, description, path, own=own, **members)

    def _definition(
        self, key: str, title: str, description: str, path: str, *, own: str = "", **members: Any
    ) -> ComponentDefinition:
        return ComponentDefinition.model_validate(
            {
                "key": key,
                "name": clip(title, _MAX_NAME - 1),
                "description": description,
                "category": "311",
                "endpoint_url": f"{self.town.base_url}/{path}.{self.town.format}{own}",
                "response_format": "georeport",
                "owner_service": clip(self.place, _MAX_NAME - 1),
                **members,
            }
        )


def _request(**more: Any) -> dict[str, Any]:
    """The schema of a request that was filed, with what else is said of it."""
    return {"type": "object", "properties": {**_OF_A_REQUEST, **more}}


def _form_keys(prefix: str, services: Sequence[Service]) -> Iterator[str]:
    """A key for each service, by its code, so that it stays the same when the list changes."""
    taken: set[str] = set()
    for service in services:
        name = slug(service.code)
        number = 1
        while (key := f"{prefix}.create_{name}" + (f"_{number}" if number > 1 else "")) in taken or (
            name == "request" and number == 1
        ):
            number += 1
            name = slug(service.code)[:20]
        taken.add(key)
        yield key
