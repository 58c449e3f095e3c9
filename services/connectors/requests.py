"""A request as it is prepared and shown, before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from db.models.documents import RequestPreview
from services.components.definitions import Auth, NoAuth
from services.connectors.errors import RequestRefused
from services.connectors.redaction import REPLACEMENT

Pairs = tuple[tuple[str, str], ...]

OwnPairs = tuple[tuple[str, str | None], ...]

BodyFormat = Literal["json", "form", "multipart"]

ResponseFormat = Literal["plain", "georeport"]
"""How an answer is read: as it stands, or as GeoReport v2 has it, be it JSON or XML."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

_NOT_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """One request, less its credentials: `auth` says where to take them from when it is sent.

    `url` is complete but for the query. `query` and `headers` are the plan's; `fixed_query` is what stands in the
    component's URL, `fixed_headers` what the component adds, and both may be nobody's business. `body` is a JSON
    value, or None for no body; its members under `files` are files, which are fetched when it is sent.
    """

    method: str
    url: str
    query: Pairs = ()
    fixed_query: OwnPairs = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    fixed_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    body_format: BodyFormat = "json"
    content_type: str = ""
    response_format: ResponseFormat = "plain"
    auth: Auth = field(default_factory=NoAuth, repr=False)
    files: tuple[str, ...] = ()


def preview(request: PreparedRequest) -> RequestPreview:
    """What a request says, as JSON, for people and for a dry run; of its own query and headers only names."""
    fixed_query = [[name, REPLACEMENT if value else ""] for name, value in request.fixed_query]
    return {
        "method": request.method,
        "url": request.url,
        "query": fixed_query + [list(pair) for pair in request.query],
        "headers": dict(request.headers),
        "own_headers": sorted(request.fixed_headers),
        "body": request.body,
        "body_format": request.body_format,
        "auth": request.auth.type,
    }


def encode_body(body: Any, body_format: BodyFormat, json_type: str = "") -> tuple[bytes | None, str]:
    """The bytes of a body, and their content type, `json_type` if that is stated. Raises RequestRefused."""
    if body is None:
        return None, ""
    if body_format == "json":
        return json.dumps(body, separators=(",", ":")).encode(), json_type or "application/json"
    if not isinstance(body, Mapping):
        raise RequestRefused("body", "not_an_object")
    pairs = [pair for name, value in body.items() for pair in _form_pairs(name, value)]
    return urlencode(pairs, errors="replace").encode(), "application/x-www-form-urlencoded"


def check_header(name: str, value: str) -> None:
    """Refuse a header that would be another one, or several. Raises RequestRefused; its facts hold no value."""
    if not _HEADER_NAME.fullmatch(name):
        raise RequestRefused(f"header.{name}", "bad_name")
    if _NOT_IN_HEADER.search(value):
        raise RequestRefused(f"header.{name}", "control_character")


def as_text(name: str, value: Any) -> str:
    """A value as it stands in a path, a query, a header or a form. Raises RequestRefused."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, list | dict):
        raise RequestRefused(name, "not_a_text")
    return json.dumps(value)


def _form_pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A list of plain values is a field that is repeated; members, and items with members, are named in brackets.

    `crews=a&crews=b`, `place[lat]=1`, `items[0][price]=2`: as PHP, Rails, qs and Stripe read forms.
    """
    if isinstance(value, Mapping):
        for member, inner in value.items():
            yield from _form_pairs(f"{name}[{member}]", inner)
    elif isinstance(value, list):
        # Which members belong together is told by a number; plain values need none.
        numbered = any(isinstance(item, Mapping | list) for item in value)
        for index, item in enumerate(value):
            yield from _form_pairs(f"{name}[{index}]" if numbered else name, item)
    elif value is not None:
        yield name, as_text(f"body.{name}", value)


@dataclass(frozen=True, slots=True)
class InputValues:
    """The inputs of a step as JSON values, by where they go. `body` is None where nothing was given for it.

    The payload of a GraphQL component is in `variables`, that of any other in `body`.
    """

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    variables: Mapping[str, Any] = field(default_factory=dict)
