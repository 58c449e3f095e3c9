"""Two neighbours with Open311 endpoints as they are found outside: XML only, and one that answers with tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape

from bot.sandbox.town.api import Answer, Call, Refused, Route
from bot.sandbox.town.open311 import JURISDICTION, Attribute, Open311, Service

XML_PATH = "/open311-xml/v2"
TOKEN_PATH = "/open311-tokens/v2"  # noqa: S105 - no secret, a path

_SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
_HERE = "/open311/v2"


class XmlTown(Open311):
    """XML and nothing else, with a discovery document whose `changeset` says when the services changed."""

    changeset = "2026-11-01T08:00:00Z"

    def routes(self) -> Sequence[Route]:
        """The operations."""
        found = _moved(super().routes(), "xmltown", XML_PATH, ".xml")
        about = Route("xmltown.discovery", "GET", f"{XML_PATH}/discovery.xml", self._discovery)
        return [
            replace(route, encode=_xml_of(route.name), content_type="text/xml", error=_error)
            for route in (*found, about)
        ]

    def _discovery(self, call: Call) -> Answer:
        return _discovery(call, XML_PATH, self.changeset, "text/xml")


class TokenTown(Open311):
    """JSON that is not quite the standard's, and a token for each request; its number comes at the second look."""

    changeset = "1"

    def __init__(self) -> None:
        super().__init__()
        lane = Attribute("lane", "Which lane?", ("left", "right"), required=True)
        own = (
            Service("12", "Pothole", "A hole in a road", "roads", batch=True, attributes=(lane,)),
            Service("13", "Graffiti", "Paint where it should not be", "streets", batch=True),
        )
        self.services = {service.code: service for service in own}

    def routes(self) -> Sequence[Route]:
        """The operations."""
        found = _moved(super().routes(), "tokentown", TOKEN_PATH, ".json")
        about = Route("tokentown.discovery", "GET", "/open311-tokens/discovery.json", self._discovery)
        return [*(replace(route, encode=_odd_json) for route in found), about]

    def _discovery(self, call: Call) -> Answer:
        return _discovery(call, TOKEN_PATH, self.changeset, "application/json")


def _moved(routes: Sequence[Route], name: str, path: str, ending: str) -> list[Route]:
    return [
        replace(
            route,
            name=route.name.replace("open311.", f"{name}."),
            path=route.path.replace(_HERE, path).removesuffix(".json") + ending,
        )
        for route in routes
    ]


def _discovery(call: Call, path: str, changeset: str, content_type: str) -> Answer:
    base_url = f"http://{call.headers['Host']}{path}"
    endpoint = {
        "specification": _SPECIFICATION,
        "url": base_url,
        "changeset": changeset,
        "type": "production",
        "formats": [content_type],
    }
    test = {**endpoint, "url": f"{base_url}-test", "type": "test"}
    return Answer(200, {"changeset": changeset, "contact": JURISDICTION, "endpoints": [test, endpoint]})


def _error(refusal: Refused) -> Any:
    return [{"code": refusal.status, "description": refusal.description}]


_LISTS: Mapping[str, tuple[str, str]] = {
    "xmltown.list_services": ("services", "service"),
    "xmltown.create_request": ("service_requests", "request"),
    "xmltown.find_requests": ("service_requests", "request"),
    "xmltown.get_request": ("service_requests", "request"),
    "xmltown.get_token": ("service_requests", "request"),
}
_OBJECTS: Mapping[str, str] = {"xmltown.get_service": "service_definition", "xmltown.discovery": "discovery"}
_ITEMS = {"attributes": "attribute", "values": "value", "endpoints": "endpoint", "formats": "format"}


def _xml_of(route: str) -> Callable[[Any], bytes]:
    """What makes XML of the answers of a route: lists under a name, with that of their items inside."""

    def encode(document: Any) -> bytes:
        if isinstance(document, list):
            is_error = bool(document) and "code" in document[0] and "service_code" not in document[0]
            root, item = ("errors", "error") if is_error else _LISTS[route]
            inner = "".join(_tag(item, each) for each in document)
            text = f"<{root}>{inner}</{root}>"
        else:
            text = _tag(_OBJECTS[route], document)
        return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()

    return encode


def _tag(name: str, value: Any) -> str:
    if value in (None, ""):
        return f"<{name}/>"
    if isinstance(value, dict):
        inner = "".join(_tag(member, each) for member, each in value.items())
    elif isinstance(value, list):
        inner = "".join(_tag(_ITEMS[name], each) for each in value)
    else:
        inner = escape(json.dumps(value) if isinstance(value, bool) else str(value))
    return f"<{name}>{inner}</{name}>"


def _odd_json(document: Any) -> bytes:
    """JSON as some write it: a mark before it, ids as numbers, truth as texts, one item without a list."""
    odd = _odd(document)
    if isinstance(odd, list) and len(odd) == 1:
        odd = odd[0]
    return b"\xef\xbb\xbf" + json.dumps(odd).encode()


def _odd(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _odd(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_odd(each) for each in value]
    if isinstance(value, bool):
        return json.dumps(value)
    return int(value) if isinstance(value, str) and value.isdecimal() else value
