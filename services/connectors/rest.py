"""A REST component and the resolved inputs of a step, made into one request. Nothing here knows a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from yarl import URL

from services.connectors.redaction import REPLACEMENT
from services.definitions import Auth, ComponentDefinition, NoAuth
from services.errors import AddressRefused, CallNotSupported, RequestRefused
from services.own_values import completed, own_parameters
from services.resolving import Resolved
from services.whole_bodies import is_whole

Pairs = tuple[tuple[str, str], ...]
OwnPairs = tuple[tuple[str, str | None], ...]
BodyFormat = Literal["json", "form"]

# What may stand in a path as it is; "%" because the component's author may have encoded something already.
_PATH = "/%:@!$&'()*+,;=~-._{}"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """One request, less its credentials: `auth` says where to take them from when it is sent.

    `url` is complete but for the query. `query` and `headers` are the plan's; `own_query` is what stands in the
    component's URL, `own_headers` what the component adds, and both may be nobody's business. `body` is a JSON
    value, or None for no body.
    """

    method: str
    url: str
    query: Pairs = ()
    own_query: OwnPairs = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    own_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    body_format: BodyFormat = "json"
    content_type: str = ""
    auth: Auth = field(default_factory=NoAuth, repr=False)


def prepare(definition: ComponentDefinition, resolved: Resolved) -> PreparedRequest:
    """The request that a step makes of a component.

    What the plan does not give is filled in where the component has a constant for it, or a default for something
    required; a constant counts whatever the plan says. Raises RequestRefused, CallNotSupported, AddressRefused.
    """
    if definition.type != "REST":
        raise CallNotSupported(definition.type)
    own_headers = own_parameters(definition.headers, resolved.headers)
    given_headers = {name: value for name, value in resolved.headers.items() if name not in own_headers}
    query = {**resolved.query, **own_parameters(definition.query_params, resolved.query)}
    url, own_query = _url(definition, resolved.path)
    return PreparedRequest(
        method=definition.http_method,
        url=url,
        query=tuple(_query_pairs(query)),
        own_query=own_query,
        headers=_headers(given_headers),
        own_headers=_headers(own_headers),
        body=_body(definition, resolved.body),
        body_format=definition.body_format,
        content_type=definition.content_type,
        auth=definition.auth,
    )


def preview(request: PreparedRequest) -> dict[str, Any]:
    """What a request says, as JSON, for people and for a dry run; of its own query and headers only names."""
    own_query = [[name, REPLACEMENT if value else ""] for name, value in request.own_query]
    return {
        "method": request.method,
        "url": request.url,
        "query": own_query + [list(pair) for pair in request.query],
        "headers": dict(request.headers),
        "own_headers": sorted(request.own_headers),
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


def _url(definition: ComponentDefinition, given: Mapping[str, Any]) -> tuple[str, OwnPairs]:
    parts = urlsplit(definition.endpoint_url)
    values = {**given, **own_parameters(definition.path_params, given)}
    path = "/".join(
        _segment(segment, definition.path_params, values)
        for segment in quote(parts.path, safe=_PATH, errors="replace").split("/")
    )
    try:
        # The host as it will be asked for: names of other scripts have a form of their own in DNS.
        origin = URL(f"{parts.scheme}://{parts.netloc}").origin()
    except ValueError:
        raise AddressRefused(parts.hostname or "", "bad_host") from None
    return f"{origin}{path or '/'}", tuple(_own_query(parts.query))


def _own_query(query: str) -> Iterator[tuple[str, str | None]]:
    """The pairs of a URL's own query; None for a name alone, as in `?wsdl`."""
    for part in filter(None, query.split("&")):
        for name, value in parse_qsl(part, keep_blank_values=True):
            yield name, value if "=" in part else None


def _segment(template: str, declared: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """One segment of the path. A value stays inside of it whatever it says."""
    names = [name for name in declared if f"{{{name}}}" in template]
    segment = template
    for name in names:
        field_name = f"path.{name}"
        if name not in values:
            raise RequestRefused(field_name, "missing")
        text = as_text(field_name, values[name])
        if not text.strip():
            raise RequestRefused(field_name, "empty")
        segment = segment.replace(f"{{{name}}}", quote(text, safe="", errors="replace"))
    if names and unquote(segment) in (".", ".."):
        raise RequestRefused(f"path.{names[0]}", "dot_segment")
    return segment


def _query_pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield name, as_text(f"query.{name}", item)


def _headers(values: Mapping[str, Any]) -> dict[str, str]:
    headers = {name: as_text(f"header.{name}", value) for name, value in values.items() if value is not None}
    for name, text in headers.items():
        check_header(name, text)
    return headers


def _body(definition: ComponentDefinition, given: Any) -> Any:
    schema = definition.request_schema
    if given is None and is_whole(schema):
        return None
    body = completed(schema, {} if given is None else given)
    # Who declares a payload expects one, be it empty.
    if body == {} and given is None and not (schema and definition.http_method in _WITH_BODY):
        return None
    return body


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
