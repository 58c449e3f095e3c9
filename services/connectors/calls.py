"""One call of a component, whatever comes of it."""

from __future__ import annotations

from dataclasses import replace

from services.connectors.answers import Answer
from services.connectors.connector import Connector
from services.connectors.response_checks import response_warnings
from services.connectors.response_headers import with_headers
from services.connectors.rest import PreparedRequest
from services.definitions import ComponentDefinition
from services.errors import CallError


async def called(
    request: PreparedRequest, definition: ComponentDefinition, *, idempotency_key: str, connector: Connector
) -> Answer | CallError:
    """Call a component; a response that is not what its schema says has a warning with it."""
    try:
        answer = await connector.call(
            request,
            idempotency_key=idempotency_key,
            timeout=definition.timeout_seconds,
            headers=definition.response_headers,
        )
    except CallError as error:
        return error
    if answer.status >= 300:
        return answer
    odd = await response_warnings(definition.response_schema, answer.body)
    body = with_headers(answer.body, answer.headers) if definition.response_headers else answer.body
    return replace(answer, body=body, warnings=(*answer.warnings, *odd))
