"""A call with all that comes of it: its answer is checked against its schema, a large one beside the loop."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.components.response_headers import schema_with_headers
from services.connectors import Connector, Response, WarningCode, call_component, check_response, prepare
from services.connectors.connector import SMALL_BYTES
from services.connectors.errors import CallError, NotSent
from services.connectors.requests import InputValues
from services.connectors.responses.checks import MAX_STEPS, response_warnings
from services.plans.schemas import FieldStatus, Schema
from tests.support.raw_server import RawServer, http

NO_SECRETS: dict[str, str] = {}


async def outcome(body: bytes, status: str = "200 OK") -> Response | CallError:
    """What comes of a GET whose answer should be an object with a number in it."""
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    try:
        async with RawServer(http(body, "Content-Type: application/json", status=status)) as server:
            return await ask(connector, server.url)
    finally:
        await connector.aclose()


async def ask(connector: Connector, url: str, **more: object) -> Response | CallError:
    definition = ComponentDefinition.model_validate(
        {
            **more,
            "key": "read",
            "name": "Read",
            "description": "Reads it.",
            "http_method": "GET",
            "endpoint_url": url,
            "response_schema": {"type": "object", "properties": {"number": {"type": "integer"}}},
        }
    )
    request = prepare(definition, InputValues())
    return await call_component(request, definition, idempotency_key="r1:s1", connector=connector)


@pytest.mark.parametrize("size", [0, SMALL_BYTES])
@pytest.mark.parametrize(("number", "found"), [(1, []), ("one", [WarningCode.MISMATCH])])
async def test_what_is_not_as_promised_is_a_warning(size: int, number: object, found: list[WarningCode]) -> None:
    answer = await outcome(json.dumps({"number": number, "more": "x" * size}).encode())
    assert isinstance(answer, Response)
    assert [warning.code for warning in answer.warnings] == found


async def test_what_a_refusal_says_is_not_checked() -> None:
    answer = await outcome(b'{"number": "none"}', "404 Not Found")
    assert isinstance(answer, Response)
    assert answer.warnings == ()


async def test_no_answer_is_what_comes_of_it() -> None:
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    assert isinstance(await ask(connector, "http://127.0.0.1:1/"), NotSent)
    await connector.aclose()


async def turns_meanwhile(schema: dict[str, Any], body: Any) -> int:
    """How often others had their turn while an answer was checked."""
    check = asyncio.create_task(response_warnings(schema, body))
    turns = 0
    while not check.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


NUMBERS = {"type": "array", "items": {"type": "integer"}}


async def test_a_long_check_leaves_the_event_loop_to_others() -> None:
    assert await turns_meanwhile(NUMBERS, [1]) == 1
    assert await turns_meanwhile(NUMBERS, list(range(10_000))) > 2


async def test_what_is_found_beside_the_event_loop_is_what_is_found_in_it() -> None:
    body = [*range(10_000), "one"]
    (warning,) = await response_warnings(NUMBERS, body)
    assert (warning.code, warning.at) == (WarningCode.MISMATCH, "[10000]")
    assert check_response(NUMBERS, body) == (warning,)


def nested(levels: int) -> Any:
    return {"a": nested(levels - 1)} if levels else "end"


TWICE = {"type": "object", "properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}}


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (TWICE, nested(60)),
        ({**TWICE, "$schema": "https://json-schema.org/draft/2020-12/schema"}, nested(60)),
        ({"anyOf": [{"type": "string", "minLength": length} for length in range(5_000)]}, ["x" * 100_000]),
        ({"anyOf": [{"items": {}}] * 1_000 + [{"type": "string"}]}, [0] * 300_000),
        ({"contains": {"enum": [*range(5_000)]}}, ["x"] * 5_000),
    ],
)
def test_a_check_that_would_take_for_ever_is_given_up(schema: dict[str, Any], body: Any) -> None:
    """After as many steps as it may take, whatever they are; a tenth of what it may in earnest."""
    began = time.process_time()
    found = check_response(schema, body, MAX_STEPS // 10)
    assert [warning.code for warning in found] == [WarningCode.UNJUDGED]
    assert time.process_time() - began < 10


async def test_no_check_is_made_without_a_bound() -> None:
    (warning,) = await response_warnings({"contains": {"enum": [*range(50_000)]}}, ["x"] * 50_000)
    assert warning.code is WarningCode.UNJUDGED


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ({"items": {"pattern": "(a+)+$"}}, ["a" * 40 + "b"]),
        ({"patternProperties": {"(a+)+$": {}}, "additionalProperties": False}, {"a" * 40 + "b": 1}),
        ({"type": "array", "uniqueItems": True}, [{"id": number} for number in range(5_000)]),
    ],
)
def test_what_can_not_be_stopped_is_not_begun(schema: dict[str, Any], body: Any) -> None:
    assert check_response(schema, body) == ()


def test_what_is_not_listed_is_still_noticed() -> None:
    (warning,) = check_response({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2})
    assert warning.keyword == "additionalProperties"


def test_an_answer_that_looks_like_a_reference_is_judged_like_any_other() -> None:
    (warning,) = check_response({"properties": {"n": {"maxLength": 3}}}, {"n": "{{order.id}}"})
    assert warning.keyword == "maxLength"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b'{"number": 1}', {"number": 1, "headers": {"location": "/orders/7"}}),
        (b"", {"headers": {"location": "/orders/7"}}),
        (b"[1]", {"body": [1], "headers": {"location": "/orders/7"}}),
    ],
)
async def test_headers_that_a_component_names_are_fields_of_its_answer(body: bytes, fields: object) -> None:
    connector = Connector({"127.0.0.1"}, NO_SECRETS.get)
    answer = http(body, "Content-Type: application/json", "location: /orders/7", "X-Other: no")
    async with RawServer(answer) as server:
        got = await ask(connector, server.url, response_headers=["Location", "X-Missing"])
    await connector.aclose()
    assert isinstance(got, Response)
    assert got.body == fields


@pytest.mark.parametrize(
    ("schema", "known"),
    [
        ({}, [("headers", "location")]),
        ({"type": "object", "properties": {"id": {}}}, [("id",), ("headers", "location")]),
        ({"type": "array", "items": {}}, [("body", 0), ("headers", "location")]),
    ],
)
def test_a_plan_may_refer_to_them(schema: dict[str, object], known: list[tuple[str | int, ...]]) -> None:
    whole = Schema(schema_with_headers(schema, ["Location"]))
    assert [whole.find_field(path)[0] for path in known] == [FieldStatus.DECLARES] * len(known)
    assert schema_with_headers(schema, []) == schema
