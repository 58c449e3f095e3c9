"""GraphQL over HTTP: a template and its variables in a JSON POST; errors in a 200 are a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.components.definitions import ComponentDefinition
from services.components.graphql import read_template
from services.connectors import rest
from services.connectors.errors import AnsweredError, CallError, CallNotSupported, MaybeSent
from services.connectors.requests import InputValues, PreparedRequest
from services.connectors.responses.response import Response


class GraphQL:
    """The kind. What people are shown of a request are its variables: the template is the component's own."""

    def prepare(self, definition: ComponentDefinition, resolved: InputValues) -> PreparedRequest:
        """A POST with the variables. Raises RequestRefused, CallNotSupported, AddressRefused."""
        if not definition.graphql:
            raise CallNotSupported(definition.type)
        request = rest.prepare(definition, replace(resolved, body=dict(resolved.variables) or None, variables={}))
        return replace(request, method="POST", body=request.body or {}, body_format="json")

    def wrapped(self, definition: ComponentDefinition, request: PreparedRequest, key: str) -> PreparedRequest:
        """The template around the variables."""
        name = read_template(definition.graphql).name
        body = {"query": definition.graphql, "variables": request.body}
        return replace(request, body=body | ({"operationName": name} if name else {}))

    def read(self, answer: Response, key: str) -> Response | CallError:
        """The data; errors beside it are a failure, and both are told. `extensions` are nobody's business."""
        if answer.status >= 300:
            return answer
        body = answer.body if isinstance(answer.body, Mapping) else {}
        data, errors = body.get("data"), body.get("errors")
        if errors:
            return AnsweredError("graphql", message=_message(errors), data=data, status=answer.status)
        # Without either nobody can tell what was done: a page to sign in at comes with 200, too.
        return MaybeSent("unreadable", status=answer.status) if data is None else replace(answer, body=data)


def _message(errors: Any) -> str:
    """What the errors say, each with where it happened."""
    listed = errors if isinstance(errors, list) else [errors]
    return "; ".join(dict.fromkeys(filter(None, map(_said, listed))))


def _said(error: Any) -> str:
    if not isinstance(error, Mapping):
        return str(error)
    path = error.get("path")
    where = ".".join(map(str, path)) if isinstance(path, list) else ""
    return f"{error.get('message') or ''}{f' ({where})' if where else ''}".strip()
