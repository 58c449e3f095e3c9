"""JSON-RPC 2.0 over HTTP: one call by name in each POST, its answer found by `id`. Never a batch, nor a notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.components.definitions import ComponentDefinition
from services.connectors import rest
from services.connectors.errors import AnsweredError, CallError, CallNotSupported, MaybeSent
from services.connectors.requests import InputValues, PreparedRequest
from services.connectors.responses.response import Response

_ASKS_FOR_PATIENCE = frozenset({429, 503})


class Rpc:
    """The kind. What people are shown of a request are its params."""

    def prepare(self, definition: ComponentDefinition, resolved: InputValues) -> PreparedRequest:
        """A POST with the params. Raises RequestRefused, CallNotSupported, AddressRefused."""
        if not definition.rpc_method:
            raise CallNotSupported(definition.type)
        request = rest.prepare(definition, resolved)
        return replace(request, method="POST", body_format="json")

    def wrapped(self, definition: ComponentDefinition, request: PreparedRequest, key: str) -> PreparedRequest:
        """The params in a call, whose id is the key."""
        call = {"jsonrpc": "2.0", "method": definition.rpc_method, "id": key}
        return replace(request, body=call if request.body is None else {**call, "params": request.body})

    def read(self, answer: Response, key: str) -> Response | CallError:
        """The result. An error object is an answer, whatever status comes with it: the call was heard."""
        body = answer.body if isinstance(answer.body, Mapping) else {}
        error = body.get("error")
        # Without an id is what is said of a call that could not even be read.
        is_ours = body.get("jsonrpc") == "2.0" and body.get("id") in (key, None)
        if is_ours and isinstance(error, Mapping) and answer.status not in _ASKS_FOR_PATIENCE:
            return _failed(error, answer.status)
        if answer.status >= 300:
            return answer
        if body.get("id") != key or "result" not in body:
            return MaybeSent("unreadable", status=answer.status)
        return replace(answer, body=body["result"])


def _failed(error: Mapping[str, Any], status: int) -> AnsweredError:
    number = error.get("code")
    return AnsweredError(
        "rpc",
        message=str(error.get("message") or ""),
        data=error.get("data"),
        status=status,
        number=number if isinstance(number, int) else None,
    )
