"""A REST component and the resolved inputs of a step, made into one request. Nothing here knows a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from yarl import URL

from services.components.definitions import ComponentDefinition
from services.components.kinds import is_file
from services.connectors.errors import AddressRefused, CallError, RequestRefused
from services.connectors.requests import InputValues, OwnPairs, PreparedRequest, as_text, check_header
from services.connectors.responses.response import Response
from services.connectors.serialization import query_pairs
from services.formats.schema_defaults import completed, fixed_parameters
from services.formats.whole_bodies import is_whole

# What may stand in a path as it is; "%" because the component's author may have encoded something already.
_PATH = "/%:@!$&'()*+,;=~-._{}"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Rest:
    """The kind: a request is sent as it is shown, and its answer is what it says."""

    def prepare(self, definition: ComponentDefinition, resolved: InputValues) -> PreparedRequest:
        """The request. Raises RequestRefused, AddressRefused."""
        return prepare(definition, resolved)

    def wrapped(self, definition: ComponentDefinition, request: PreparedRequest, key: str) -> PreparedRequest:
        """The request as it is."""
        return request

    def read(self, answer: Response, key: str) -> Response | CallError:
        """The answer as it is."""
        return answer


def prepare(definition: ComponentDefinition, resolved: InputValues) -> PreparedRequest:
    """The request that a step makes of a component. Raises RequestRefused, AddressRefused."""
    fixed_headers = fixed_parameters(definition.headers, resolved.headers)
    given_headers = {name: value for name, value in resolved.headers.items() if name not in fixed_headers}
    query = {**resolved.query, **fixed_parameters(definition.query_params, resolved.query)}
    url, fixed_query = _url(definition, resolved.path)
    return PreparedRequest(
        method=definition.http_method,
        url=url,
        query=tuple(query_pairs(query, definition.serialization)),
        fixed_query=fixed_query,
        headers=_headers(given_headers),
        fixed_headers=_headers(fixed_headers),
        body=_body(definition, resolved.body),
        body_format=definition.body_format,
        content_type=definition.content_type,
        files=_files(definition),
        response_format=definition.response_format,
        auth=definition.auth,
    )


def _url(definition: ComponentDefinition, given: Mapping[str, Any]) -> tuple[str, OwnPairs]:
    origin, template, own_query = _parts(definition.endpoint_url)
    values = {**given, **fixed_parameters(definition.path_params, given)}
    path = "/".join(_segment(segment, definition.path_params, values) for segment in template)
    return f"{origin}{path or '/'}", own_query


@lru_cache(maxsize=1_000)
def _parts(endpoint_url: str) -> tuple[str, tuple[str, ...], OwnPairs]:
    """The origin of a component's URL, the segments of its path, and its own query. Raises AddressRefused."""
    parts = urlsplit(endpoint_url)
    try:
        # The host as it will be asked for: names of other scripts have a form of their own in DNS.
        origin = str(URL(f"{parts.scheme}://{parts.netloc}").origin())
    except ValueError:
        raise AddressRefused(parts.hostname or "", "bad_host") from None
    path = quote(parts.path, safe=_PATH, errors="replace")
    return origin, tuple(path.split("/")), tuple(_own_query(parts.query))


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


def _files(definition: ComponentDefinition) -> tuple[str, ...]:
    """The members of the body that are files, or lists of them."""
    properties = definition.request_schema.get("properties", {}) if definition.body_format == "multipart" else {}
    return tuple(
        name
        for name, schema in properties.items()
        if is_file(schema) or (isinstance(schema, Mapping) and is_file(schema.get("items")))
    )
