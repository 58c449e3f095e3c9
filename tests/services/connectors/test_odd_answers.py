"""Answers that came in full are answers, however odd: a POST is uncertain only if nobody can know."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from services.connectors import Connector, PreparedRequest
from services.connectors.responses.loose import xml_fields
from services.connectors.responses.response import read_body
from services.formats.strict_json import NotJson
from tests.support.raw_server import RawServer

JSON = b'{"id": 7}'
TYPE = "Content-Type: application/json"
LENGTH = f"Content-Length: {len(JSON)}"


def raw(*lines: str, body: bytes = JSON, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, *lines, "", ""]).encode() + body


def no_secrets(_: str) -> str | None:
    return None


async def answered(answer: bytes) -> tuple[int, Any, list[str]]:
    """What a POST comes to. Raises CallError."""
    async with RawServer(answer) as server:
        connector = Connector([f"127.0.0.1:{server.port}"], no_secrets)
        try:
            request = PreparedRequest("POST", f"{server.url}/orders", body={"a": 1})
            got = await connector.call(request, idempotency_key="k", timeout=10)
        finally:
            await connector.aclose()
    return got.status, got.body, [warning.code.value for warning in got.warnings]


PACKED = gzip.compress(JSON[:4]) + gzip.compress(JSON[4:])
LONG = gzip.compress(b"word " * 1_000)


@pytest.mark.parametrize(
    ("answer", "status", "body", "warnings"),
    [
        (raw(TYPE, LENGTH, "X-Long: " + "a" * 60_000), 200, {"id": 7}, []),
        (raw(TYPE, LENGTH, *(f"X-{number}: 1" for number in range(500))), 200, {"id": 7}, []),
        (raw(LENGTH, status="HTTP/1.1 204 No Content"), 204, None, []),
        (raw(status="HTTP/1.1 204 No Content"), 204, None, []),
        (raw(TYPE, LENGTH, LENGTH), 200, {"id": 7}, []),
        (raw(TYPE, LENGTH) + b"and more\r\n", 200, {"id": 7}, []),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + raw(TYPE, LENGTH), 200, {"id": 7}, []),
        (raw(TYPE, LENGTH, status="HTTP/1.1 200"), 200, {"id": 7}, []),
        (raw(TYPE, status="HTTP/1.0 201 Created"), 201, {"id": 7}, []),
        (raw(TYPE, LENGTH).replace(b"\r\n", b"\n"), 200, {"id": 7}, []),
        (raw(TYPE, "Content-Encoding: gzip", f"Content-Length: {len(PACKED)}", body=PACKED), 200, {"id": 7}, []),
        (raw(TYPE, LENGTH, "Content-Encoding: none"), 200, {"id": 7}, ["bad_encoding"]),
        (raw(TYPE, LENGTH, "Content-Encoding: UTF-8"), 200, {"id": 7}, ["bad_encoding"]),
        (raw(TYPE, LENGTH, "Content-Encoding: gzip"), 200, {"id": 7}, ["bad_encoding"]),
    ],
)
async def test_an_answer_in_full_is_an_answer(answer: bytes, status: int, body: Any, warnings: list[str]) -> None:
    assert await answered(answer) == (status, body, warnings)


def test_a_packed_answer_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    value, warnings = read_body(LONG[:-8], content_type="text/plain", content_encoding="gzip")
    assert value.startswith("word word")
    assert [warning.code.value for warning in warnings] == ["cut"]


@pytest.mark.parametrize(
    ("xml", "fields"),
    [
        ("<a>1</a>", {"a": "1"}),
        ("<r><a>1</a><b>2</b><b>3</b><b/></r>", {"r": {"a": "1", "b": ["2", "3", None]}}),
        ('<r xmlns="urn:x" id="7"><x:a xmlns:x="urn:y">1</x:a>note</r>', {"r": {"@id": "7", "a": "1"}}),
        ('<r id="7">text</r>', {"r": {"@id": "7", "#text": "text"}}),
        ('<?xml version="1.0" encoding="UTF-8"?><r>caf\u00e9</r>', {"r": "caf\u00e9"}),
    ],
)
def test_xml_is_read_as_fields(xml: str, fields: Any) -> None:
    assert xml_fields(xml) == fields


@pytest.mark.parametrize(
    "xml",
    [
        "<a>",
        "",
        '<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1/evil.dtd"><r/>',
        "<a>" * 100 + "</a>" * 100,
    ],
)
def test_xml_that_could_be_an_attack_is_not_read(xml: str) -> None:
    with pytest.raises(NotJson):
        xml_fields(xml)
