"""Calls from end to end: what a component gets, and what is made of every way in which it can go wrong."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sandbox.town import Endless, Hang, Reset, Status, Town, sandbox_pack
from services.components.definitions import ComponentDefinition
from services.components.packs import parse_pack
from services.connectors import (
    CallError,
    Connector,
    Outcome,
    PreparedRequest,
    Response,
    ResponseWarning,
    WarningCode,
    check_response,
    is_safe,
    judge,
    prepare,
)
from services.connectors.errors import MaybeSent, NotSent, RedirectRefused, RequestRefused, SecretMissing
from services.connectors.requests import InputValues
from services.connectors.responses.response import MAX_RESPONSE_BYTES
from tests.support.raw_server import RawServer, http

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ON_LOOPBACK = {"127.0.0.1"}
NO_SECRETS: dict[str, str] = {}
ORDER = InputValues(path={"area": "downtown"}, body={"title": "Leak", "priority": "high"})


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as town:
        yield town


@pytest.fixture
async def connector(town: Town) -> AsyncIterator[Connector]:
    connector = Connector(ON_LOOPBACK, town.environment.get, now=lambda: NOON)
    yield connector
    await connector.aclose()


@pytest.fixture
def pack(town: Town) -> dict[str, ComponentDefinition]:
    return {item.key: item for item in parse_pack(sandbox_pack(town.url))}


@pytest.fixture
def call(pack: dict[str, ComponentDefinition], connector: Connector) -> Callable[..., Any]:
    async def call(key: str, resolved: InputValues, *, seconds: float = 10.0, name: str = "r1:s1") -> Response:
        return await connector.call(prepare(pack[key], resolved), idempotency_key=name, timeout=seconds)

    return call


async def get(connector: Connector, url: str, *, seconds: float = 10.0, **rest: Any) -> Response:
    request = PreparedRequest(**{"method": "GET", "url": url, **rest})
    return await connector.call(request, idempotency_key="r1:s1", timeout=seconds)


async def answered(*answers: bytes) -> Response:
    """What is made of these bytes."""
    connector = Connector(ON_LOOPBACK, NO_SECRETS.get, now=lambda: NOON)
    try:
        async with RawServer(*answers) as server:
            return await get(connector, f"{server.url}/")
    finally:
        await connector.aclose()


async def failed(connector: Connector, url: str, *, seconds: float = 10.0, **rest: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        await get(connector, url, seconds=seconds, **rest)
    return caught.value


async def test_a_work_order_is_created(
    town: Town, call: Callable[..., Any], pack: dict[str, ComponentDefinition]
) -> None:
    answer = await call("workorders.create", ORDER)
    assert (answer.status, answer.content_type, answer.warnings) == (201, "application/json", ())
    assert answer.body["work_order_id"] in town.works.orders
    assert 0 < answer.seconds < 10
    assert answer.size > 100
    assert check_response(pack["workorders.create"].response_schema, answer.body) == ()
    (entry,) = town.received("workorders.create")
    assert (entry.path, entry.body) == ("/areas/downtown/work-orders", {"title": "Leak", "priority": "high"})
    assert (entry.idempotency_key, entry.applied) == ("r1:s1", True)


async def test_the_key_makes_a_call_that_is_repeated_one_call(town: Town, call: Callable[..., Any]) -> None:
    first = await call("workorders.create", ORDER)
    second = await call("workorders.create", ORDER)
    assert first.body == second.body
    assert [entry.replayed for entry in town.received("workorders.create")] == [False, True]


async def test_every_component_of_the_sandbox_takes_its_credentials_and_body(
    town: Town, call: Callable[..., Any]
) -> None:
    report = await call(
        "open311.create_request",
        InputValues(
            body={"service_code": "street_light", "description": "Dark", "address_string": "5th & Main"}
            | {"attribute[fault]": "out"}
        ),
    )
    request_id = report.body[0]["service_request_id"]
    found = await call("open311.get_request", InputValues(path={"service_request_id": request_id}))
    assert found.body[0]["address"] == "5th & Main"
    listed = await call("open311.find_requests", InputValues(query={"service_code": "street_light"}))
    assert [item["service_request_id"] for item in listed.body] == [request_id]
    order = (await call("workorders.create", ORDER)).body["work_order_id"]
    crew = await call("crews.find_available", InputValues(query={"skill": "electric"}))
    path = {"crew_id": crew.body["crew_id"]}
    assert (await call("crews.assign", InputValues(path, body={"work_order_id": order}))).status < 300
    notice = InputValues({"area": "downtown"}, body={"subject": "Water", "message": "Off"})
    assert (await call("notifications.notify_residents", notice)).status < 300
    assert (await call("workorders.close", InputValues({"work_order_id": order}, body={}))).status < 300
    assert (await call("crews.release", InputValues(path))).status == 409


async def test_what_the_town_refuses_is_an_answer(call: Callable[..., Any]) -> None:
    answer = await call("workorders.create", InputValues({"area": "atlantis"}, body={"title": "Leak"}))
    assert (answer.status, answer.body["error"]["code"]) == (404, "unknown_area")
    assert judge(answer, safe=True).outcome is Outcome.FAIL


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429, 500, 502, 503, 504])
async def test_every_status_is_an_answer(town: Town, call: Callable[..., Any], status: int) -> None:
    town.script("workorders.create", Status(status))
    answer = await call("workorders.create", ORDER)
    assert (answer.status, answer.retry_after) == (status, None)
    assert len(town.ledger) == 1


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("0", 0.0), ("Sun, 01 Mar 2026 12:01:30 GMT", 90.0), ("soon", None)]
)
async def test_retry_after_is_read_in_both_forms(
    town: Town, call: Callable[..., Any], header: str, seconds: float | None
) -> None:
    town.script("workorders.create", Status(429, retry_after=header))
    answer = await call("workorders.create", ORDER)
    assert answer.retry_after == seconds
    verdict = judge(answer, safe=False)
    assert (verdict.outcome, verdict.after) == (Outcome.RETRY, seconds)


async def test_a_hang_may_have_been_sent(town: Town, call: Callable[..., Any]) -> None:
    town.script("workorders.create", Hang(applied=True))
    started = time.monotonic()
    with pytest.raises(MaybeSent) as caught:
        await call("workorders.create", ORDER, seconds=0.3)
    assert time.monotonic() - started < 5
    assert (caught.value.reason, caught.value.status) == ("timeout", None)
    assert len(town.works.orders) == 1


@pytest.mark.parametrize(
    ("key", "resolved"),
    [
        ("workorders.create", ORDER),
        ("open311.find_requests", InputValues()),
        ("crews.release", InputValues({"crew_id": "water-1"})),
    ],
)
async def test_a_reset_after_the_request_may_have_been_sent_and_is_not_sent_again(
    town: Town, call: Callable[..., Any], key: str, resolved: InputValues
) -> None:
    town.script(key, Reset())
    with pytest.raises(MaybeSent) as caught:
        await call(key, resolved)
    assert caught.value.reason == "connection"
    assert len(town.ledger) == 1


async def test_an_endless_body_ends(town: Town, call: Callable[..., Any]) -> None:
    town.script("open311.find_requests", Endless())
    answer = await call("open311.find_requests", InputValues())
    assert (answer.status, answer.size, answer.body) == (200, MAX_RESPONSE_BYTES, None)
    assert answer.warnings == (ResponseWarning(WarningCode.TOO_LARGE),)


async def test_a_refused_connection_was_not_sent(connector: Connector) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        error = await failed(connector, f"http://127.0.0.1:{port}/", method="POST", body={})
    assert isinstance(error, NotSent)
    assert error.to_dict() == {"code": "not_sent", "reason": "connection", "status": None, "retry_after": None}


async def test_a_failed_handshake_was_not_sent(town: Town, connector: Connector) -> None:
    error = await failed(connector, town.url.replace("http:", "https:") + "/")
    assert isinstance(error, NotSent)
    assert error.reason == "tls"
    assert town.ledger == []


async def test_a_connection_that_hangs_before_anything_is_written_was_not_sent(connector: Connector) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = await failed(connector, f"https://127.0.0.1:{port}/", seconds=0.3, method="POST", body={})
    assert isinstance(error, NotSent)
    assert error.reason == "timeout"


@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [
        (b"", "connection", None),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "not_http", None),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 300_000 + b"\r\n\r\n", "not_http", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "connection", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "connection", 200),
    ],
)
async def test_half_an_answer_may_have_been_sent_and_is_not_sent_again(
    connector: Connector, answer: bytes, reason: str, status: int | None
) -> None:
    async with RawServer(answer) as server:
        error = await failed(connector, f"{server.url}/")
        assert len(server.requests) == 1
    assert isinstance(error, MaybeSent)
    assert (error.reason, error.status) == (reason, status)


async def test_an_answer_that_stops_half_way_may_have_been_sent(connector: Connector) -> None:
    half = b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{"
    async with RawServer(half, kept_open=[half]) as server:
        error = await failed(connector, f"{server.url}/", seconds=0.3)
    assert isinstance(error, MaybeSent)
    assert (error.reason, error.status) == ("timeout", 201)


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
async def test_a_redirect_is_not_followed(town: Town, connector: Connector, status: int) -> None:
    location = f"Location: {town.url}/ledger?token=abc"
    async with RawServer(http(b"", location, status=f"{status} Elsewhere")) as server:
        error = await failed(connector, f"{server.url}/")
    assert isinstance(error, RedirectRefused)
    assert error.to_dict() == {"code": "redirect_refused", "status": status, "host": "127.0.0.1"}
    assert judge(error, safe=True).outcome is Outcome.FAIL
    assert town.ledger == []


async def test_neither_cookies_nor_connections_are_kept(connector: Connector) -> None:
    async with RawServer(http(b"", "Set-Cookie: session=1; Path=/", "Connection: keep-alive")) as server:
        for _ in range(2):
            await get(connector, f"{server.url}/")
        assert [("cookie" in request.lower()) for request in server.requests] == [False, False]


async def test_proxies_of_the_environment_are_not_used(
    town: Town, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await get(connector, f"{town.url}/ledger")).status == 200


async def test_the_request_on_the_wire(connector: Connector) -> None:
    async with RawServer(http()) as server:
        await get(
            connector,
            f"{server.url}/a%2Fb",
            method="POST",
            query=(("q", "a b&c=d"), ("q", "é")),
            headers={"X-Tenant": "5"},
            fixed_headers={"x-version": "2"},
            body={"title": "é"},
        )
        await get(connector, f"{server.url}/", method="POST")
        first, second = server.requests
    assert first.startswith("POST /a%2Fb?q=a%20b%26c%3Dd&q=%C3%A9 HTTP/1.1\r\n")
    for line in ("X-Tenant: 5", "x-version: 2", "Idempotency-Key: r1:s1", "Content-Type: application/json"):
        assert f"\r\n{line}\r\n" in first
    assert first.endswith('\r\n\r\n{"title":"\\u00e9"}')
    assert "\r\nContent-Type" not in second


async def test_a_form_on_the_wire(connector: Connector) -> None:
    body = {"attribute[a][]": ["x", "y z"], "n": 5, "ok": True, "place": {"lat": 1.5}, "none": None}
    async with RawServer(http()) as server:
        await get(connector, f"{server.url}/", method="POST", body=body, body_format="form")
        (request,) = server.requests
    assert "\r\nContent-Type: application/x-www-form-urlencoded\r\n" in request
    assert request.endswith(
        "\r\n\r\nattribute%5Ba%5D%5B%5D=x&attribute%5Ba%5D%5B%5D=y+z&n=5&ok=true&place%5Blat%5D=1.5"
    )


async def test_a_header_can_not_become_two(connector: Connector) -> None:
    async with RawServer(http()) as server:
        for headers in ({"X-A": "1\r\nX-Evil: 1"}, {"X-A": "1\nX-Evil: 1"}, {"X-A\r\nX-Evil": "1"}, {"X-A": "\0"}):
            error = await failed(connector, f"{server.url}/", fixed_headers=headers)
            assert isinstance(error, RequestRefused)
        assert server.requests == []


@pytest.mark.parametrize(
    ("pack", "encoding"),
    [
        (gzip.compress, "gzip"),
        (zlib.compress, "deflate"),
        (lambda data: zlib.compress(data, wbits=-15), "Deflate"),
        (bytes, "identity"),
    ],
)
async def test_a_packed_body_is_unpacked(pack: Callable[[bytes], bytes], encoding: str) -> None:
    body = pack(b'{"a": 1}')
    answer = await answered(http(body, "Content-Type: application/json", f"Content-Encoding: {encoding}"))
    assert (answer.body, answer.warnings) == ({"a": 1}, ())


async def test_a_packed_body_is_unpacked_only_so_far() -> None:
    bomb = gzip.compress(b"x" * 50 * MAX_RESPONSE_BYTES)
    tracemalloc.start()
    try:
        answer = await answered(http(bomb, "Content-Type: text/plain", "Content-Encoding: gzip"))
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_RESPONSE_BYTES
    finally:
        tracemalloc.stop()
    assert answer.body == "x" * MAX_RESPONSE_BYTES
    assert answer.warnings == (ResponseWarning(WarningCode.TOO_LARGE),)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
async def test_a_body_that_is_not_packed_as_it_says_is_read_as_it_came(encoding: str) -> None:
    answer = await answered(http(b"{}", "Content-Type: application/json", f"Content-Encoding: {encoding}"))
    assert (answer.status, answer.body) == (200, {})
    assert answer.warnings == (ResponseWarning(WarningCode.BAD_ENCODING),)


async def test_a_missing_secret_is_named_before_anything_is_sent(
    town: Town, pack: dict[str, ComponentDefinition]
) -> None:
    for secrets in ({}, {"TOWN_TOKEN": ""}):
        connector = Connector(ON_LOOPBACK, secrets.get)
        request = prepare(pack["workorders.create"], ORDER)
        with pytest.raises(SecretMissing) as caught:
            await connector.call(request, idempotency_key="k", timeout=5)
        assert caught.value.name == "TOWN_TOKEN"
        await connector.aclose()
    assert town.ledger == []


async def test_no_secret_is_logged_or_told(
    town: Town, pack: dict[str, ComponentDefinition], call: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = [repr(await call("workorders.create", ORDER))]
    for fault in (Reset(), Hang()):
        town.script("workorders.create", fault)
        with pytest.raises(MaybeSent) as caught:
            await call("workorders.create", ORDER, seconds=0.3)
        error: BaseException | None = caught.value
        while error is not None:
            told += [repr(error), str(vars(error))]
            error = error.__cause__ or error.__context__
    told += [caplog.text, repr(prepare(pack["workorders.create"], ORDER))]
    for text in told:
        assert not any(secret in text for secret in town.environment.values())


async def test_many_calls_at_once_share_one_connector(town: Town, call: Callable[..., Any]) -> None:
    answers = await asyncio.gather(*(call("workorders.create", ORDER, name=f"r1:s{n}") for n in range(120)))
    assert len({answer.body["work_order_id"] for answer in answers}) == 120


def test_safe_is_what_reads_or_is_declared_so(pack: dict[str, ComponentDefinition]) -> None:
    assert is_safe(pack["open311.find_requests"])
    assert is_safe(pack["workorders.create"])
    assert not is_safe(pack["open311.create_request"])
