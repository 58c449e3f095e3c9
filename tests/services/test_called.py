"""A call with all that comes of it: its answer is checked against its schema, a large one beside the loop."""

from __future__ import annotations

import json

import pytest

from services.connectors import Answer, Connector, WarningCode, called, prepare
from services.connectors.calls import SMALL_BYTES
from services.definitions import ComponentDefinition
from services.errors import CallError, NotSent
from services.resolving import Resolved
from tests.services.raw_server import RawServer, http

NO_SECRETS: dict[str, str] = {}


async def outcome(body: bytes, status: str = "200 OK") -> Answer | CallError:
    """What comes of a GET whose answer should be an object with a number in it."""
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    try:
        async with RawServer(http(body, "Content-Type: application/json", status=status)) as server:
            return await ask(connector, server.url)
    finally:
        await connector.aclose()


async def ask(connector: Connector, url: str) -> Answer | CallError:
    definition = ComponentDefinition.model_validate(
        {
            "key": "read",
            "name": "Read",
            "description": "Reads it.",
            "http_method": "GET",
            "endpoint_url": url,
            "response_schema": {"type": "object", "properties": {"number": {"type": "integer"}}},
        }
    )
    request = prepare(definition, Resolved())
    return await called(request, definition, idempotency_key="r1:s1", connector=connector)


@pytest.mark.parametrize("size", [0, SMALL_BYTES])
@pytest.mark.parametrize(("number", "found"), [(1, []), ("one", [WarningCode.MISMATCH])])
async def test_what_is_not_as_promised_is_a_warning(size: int, number: object, found: list[WarningCode]) -> None:
    answer = await outcome(json.dumps({"number": number, "more": "x" * size}).encode())
    assert isinstance(answer, Answer)
    assert [warning.code for warning in answer.warnings] == found


async def test_what_a_refusal_says_is_not_checked() -> None:
    answer = await outcome(b'{"number": "none"}', "404 Not Found")
    assert isinstance(answer, Answer)
    assert answer.warnings == ()


async def test_no_answer_is_what_comes_of_it() -> None:
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    assert isinstance(await ask(connector, "http://127.0.0.1:1/"), NotSent)
    await connector.aclose()
