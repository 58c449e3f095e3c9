"""One call of a component, whatever comes of it."""

from __future__ import annotations

from dataclasses import replace

from services.connectors.answers import Answer
from services.connectors.connector import Connector
from services.connectors.response_checks import response_warnings
from services.connectors.rest import PreparedRequest
from services.definitions import ComponentDefinition
from services.errors import CallError


async def called(
    request: PreparedRequest, definition: ComponentDefinition, *, idempotency_key: str, connector: Connector
) -> Answer | CallError:
    """Call a component; a response that is not what its schema says has a warning with it."""
    try:
        answer = await connector.call(request, idempotency_key=idempotency_key, timeout=definition.timeout_seconds)
    except CallError as error:
        return error
    odd = await response_warnings(definition.response_schema, answer.body) if answer.status < 300 else ()
    return replace(answer, warnings=(*answer.warnings, *odd))
