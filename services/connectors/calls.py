"""One call of a component, whatever comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.connectors.answers import Answer, AnswerWarning, check_response
from services.connectors.connector import Connector
from services.connectors.rest import PreparedRequest
from services.definitions import ComponentDefinition
from services.errors import CallError

SMALL_BYTES = 50_000
"""To check an answer of so many takes milliseconds, of a megabyte a second; that must not stop all else."""


async def called(
    request: PreparedRequest, definition: ComponentDefinition, *, idempotency_key: str, connector: Connector
) -> Answer | CallError:
    """Call a component; a response that is not what its schema says has a warning with it."""
    try:
        answer = await connector.call(request, idempotency_key=idempotency_key, timeout=definition.timeout_seconds)
    except CallError as error:
        return error
    odd = await _checked(definition.response_schema, answer) if answer.status < 300 else ()
    return replace(answer, warnings=(*answer.warnings, *odd))


async def _checked(schema: Mapping[str, Any], answer: Answer) -> tuple[AnswerWarning, ...]:
    if answer.size <= SMALL_BYTES:
        return check_response(schema, answer.body)
    return await asyncio.to_thread(check_response, schema, answer.body)
