"""The OpenAPI 3.1 document beside a plan: what its steps call, for tools that read Arazzo. It holds no secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from services.components.definitions import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    ComponentDefinition,
    OAuth2Auth,
)
from services.components.specs import ComponentSpec

NOWHERE = "https://mudda.invalid"
"""The server of what Mudda does itself, and of components that are not registered any more."""

_PLACES = (("path", "path_params"), ("query", "query_params"), ("header", "headers"))
_FORM = "application/x-www-form-urlencoded"
# A value of the component's own may be nobody's business.
_OWN_VALUES = frozenset({"const", "default"})


def openapi_document(
    title: str, version: str, specs: Iterable[ComponentSpec], definitions: Mapping[str, ComponentDefinition]
) -> dict[str, Any]:
    """One operation for each component; `definitions` are those that are registered, by key."""
    paths: dict[str, dict[str, Any]] = {}
    schemes: dict[str, dict[str, Any]] = {}
    for spec in specs:
        definition = definitions.get(spec.key)
        server, path = _address(spec, definition)
        method = spec.http_method.lower()
        if method in paths.get(path, {}):
            # Two components may call one address. What is behind a "#" is never sent.
            path = f"{path}#{spec.key}"
        operation = _operation(spec, definition, server)
        if definition is not None and (scheme := _scheme(definition.auth)):
            schemes[spec.key] = scheme
            operation["security"] = [{spec.key: []}]
        paths.setdefault(path, {})[method] = operation
    servers = dict.fromkeys(
        operation["servers"][0]["url"] for path in paths.values() for operation in path.values()
    )
    components = {"components": {"securitySchemes": schemes}} if schemes else {}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": url} for url in servers] or [{"url": NOWHERE}],
        "paths": paths,
        **components,
    }


def content_type(spec: ComponentSpec, definition: ComponentDefinition | None) -> str:
    """What the body of a request is sent as."""
    if definition is None:
        return "application/json"
    return _FORM if definition.body_format == "form" else definition.content_type or "application/json"


def _address(spec: ComponentSpec, definition: ComponentDefinition | None) -> tuple[str, str]:
    """Server and path. What stands in the URL's own query is left out: it may be a key."""
    if definition is None:
        inside = "".join(f"/{{{name}}}" for name in spec.path_params)
        return NOWHERE, f"/{spec.key}{inside}"
    parts = urlsplit(definition.endpoint_url)
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


def _operation(spec: ComponentSpec, definition: ComponentDefinition | None, server: str) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": spec.key,
        "summary": spec.name,
        "description": spec.description,
        "servers": [{"url": server}],
        "x-mudda-type": spec.type,
        "x-mudda-approval": spec.approval.value,
        "parameters": list(_parameters(spec)),
        "responses": {"200": _response(spec)},
    }
    if spec.request_schema:
        schema = _rooted(spec.request_schema, spec.key, "request")
        operation["requestBody"] = {"content": {content_type(spec, definition): {"schema": schema}}}
    return operation


def _parameters(spec: ComponentSpec) -> Iterator[dict[str, Any]]:
    for place, member in _PLACES:
        for name, schema in getattr(spec, member).items():
            own = {key: value for key, value in schema.items() if key != "required"}
            if place == "header":
                own = {key: value for key, value in own.items() if key not in _OWN_VALUES}
            is_required = place == "path" or (schema.get("required") is True and _OWN_VALUES.isdisjoint(schema))
            yield {"name": name, "in": place, "required": is_required, "schema": own}


def _response(spec: ComponentSpec) -> dict[str, Any]:
    if not spec.response_schema:
        return {"description": "Done"}
    schema = _rooted(spec.response_schema, spec.key, "response")
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _rooted(schema: Mapping[str, Any], key: str, part: str) -> dict[str, Any]:
    """A schema whose references point into itself, wherever it stands."""
    has_parts = "$defs" in schema or "definitions" in schema
    return {"$id": f"urn:mudda:{key}:{part}", **schema} if has_parts and "$id" not in schema else dict(schema)


def _scheme(auth: Auth) -> dict[str, Any] | None:
    """How a request says who sends it, without saying it. A key in a body is beyond what OpenAPI can say."""
    if isinstance(auth, BearerAuth):
        return {"type": "http", "scheme": "bearer"}
    if isinstance(auth, BasicAuth):
        return {"type": "http", "scheme": "basic"}
    if isinstance(auth, ApiKeyAuth) and auth.location != "body":
        return {"type": "apiKey", "in": auth.location, "name": auth.name}
    if isinstance(auth, OAuth2Auth):
        scopes = dict.fromkeys(auth.scope.split(), "")
        return {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": auth.token_url, "scopes": scopes}}}
    return None
