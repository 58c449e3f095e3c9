"""What has to be said to file a request, as JSON Schema: where it is, what it is, and what its service asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.components.demands import FROM
from services.formats.text import clip
from services.open311.model import Attribute, Service, Source, slug

MAX_DESCRIBED = 1_000
"""So much of a description is shown to the agents."""

MAX_DESCRIPTION = 4_000
"""So long the standard lets a request be."""

_JSON_TYPES = {"number": "number"}
_PLACES = (("lat", "long"), ("address_string",), ("address_id",))
_PLACE = "Where it is: give lat and long, or address_string."


def code_schema(services: Sequence[Service], description: str) -> dict[str, Any]:
    """The codes of services to choose from, with their names where these say more than the codes."""
    codes: dict[str, Any] = {"type": "string", "enum": [service.code for service in services]}
    named = {service.code: service.name for service in services if slug(service.name) != slug(service.code)}
    told = f"{description} {'; '.join(f'{code}: {name}' for code, name in named.items())}".strip()
    if len(told) <= MAX_DESCRIBED:
        return {**codes, "description": told}
    # Of a longer text the agents would see the beginning only.
    choices = [{"const": service.code, "description": clip(service.name, 80)} for service in services]
    return {**codes, "description": description, "anyOf": choices}


def request_schema(
    source: Source, services: Sequence[Service], attributes: Iterable[Attribute] = ()
) -> dict[str, Any]:
    """The form of a request: for one service with what that asks, or for any of several."""
    asked = [attribute for attribute in attributes if attribute.variable]
    only = services[0] if len(services) == 1 else None
    code = {"const": only.code} if only else code_schema(services, "What kind of issue it is.")
    jurisdiction = {"jurisdiction_id": {"const": source.jurisdiction}} if source.jurisdiction else {}
    properties = {
        **jurisdiction,
        "service_code": code,
        **_common(),
        **{_name(attribute): _schema(attribute) for attribute in asked},
    }
    required = [*jurisdiction, "service_code", "description", *source.needs]
    required += [_name(attribute) for attribute in asked if attribute.required]
    schema = {"type": "object", "properties": properties, "required": list(dict.fromkeys(required))}
    places = [{"required": list(names)} for names in _PLACES]
    return schema if source.needs else {**schema, "anyOf": places}


def _common() -> dict[str, Any]:
    by_person = {"type": "string", FROM: "person"}
    return {
        "description": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_DESCRIPTION,
            "description": "What has happened, in plain text.",
        },
        "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": f"Latitude (WGS84). {_PLACE}"},
        "long": {"type": "number", "minimum": -180, "maximum": 180, "description": "Longitude (WGS84)."},
        "address_string": {"type": "string", "description": "An address or a street corner, as people write it."},
        "address_id": {"type": "string", "description": "The endpoint's own id of an address."},
        "media_url": {"type": "string", "description": "The public address of a photo."},
        "email": by_person,
        "first_name": by_person,
        "last_name": by_person,
        "phone": by_person,
    }


def _name(attribute: Attribute) -> str:
    """How the field of an attribute is called in the form: one with several values has brackets behind it."""
    several = "[]" if attribute.datatype == "multivaluelist" else ""
    return f"attribute[{attribute.code}]{several}"


def _schema(attribute: Attribute) -> dict[str, Any]:
    told = " ".join(filter(None, (attribute.description, attribute.hint)))
    described = {"description": clip(told, MAX_DESCRIBED - 1)} if told else {}
    if attribute.datatype == "datetime":
        described = {"description": f"{clip(told, 900)} A date and time of ISO 8601.".strip()}
    one: dict[str, Any] = {"type": _JSON_TYPES.get(attribute.datatype, "string")}
    if attribute.values:
        one = _choice(attribute.values)
    if attribute.datatype == "multivaluelist":
        return {"type": "array", "items": one, "minItems": 1, "uniqueItems": True, **described}
    if "description" in one:
        described = {"description": clip(f"{told} {one['description']}".strip(), MAX_DESCRIBED - 1)}
    return {**one, **described}


def _choice(values: Mapping[str, str]) -> dict[str, Any]:
    named = "; ".join(f"{key}: {name}" for key, name in values.items() if name and slug(name) != slug(key))
    return {"type": "string", "enum": list(values), **({"description": clip(named, 800)} if named else {})}
