"""Every kind of credentials, and access tokens from their first use to their end."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from services.components.definitions import ComponentDefinition
from services.connectors import Connector, Outcome, PreparedRequest, Response, judge, preview
from services.connectors.errors import (
    AddressRefused,
    NotSent,
    RedirectRefused,
    RequestRefused,
    SecretMissing,
    TokenRefused,
)
from tests.support.raw_server import RawServer, http

SECRETS = {"KEY": "s3cret/&+é", "ID": "mudda"}
OAUTH2 = {"type": "oauth2", "client_id": "mudda:1", "client_secret": "env:KEY", "scope": "orders crews"}


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def connector(clock: Clock) -> AsyncIterator[Connector]:
    connector = Connector({"127.0.0.1"}, SECRETS.get, now=clock)
    yield connector
    await connector.aclose()


def request(server: RawServer, auth: dict[str, Any], **rest: Any) -> PreparedRequest:
    stated = {"key": "k", "name": "n", "description": "d", "endpoint_url": f"{server.url}/", "auth": auth}
    definition = ComponentDefinition.model_validate(stated)
    return PreparedRequest(**{"method": "POST", "url": f"{server.url}/", "auth": definition.auth, **rest})


async def send(connector: Connector, request: PreparedRequest) -> Response:
    return await connector.call(request, idempotency_key="k", timeout=5)


async def received(connector: Connector, auth: dict[str, Any], **rest: Any) -> str:
    """The text of a request that is made with these credentials."""
    async with RawServer(http()) as server:
        await send(connector, request(server, auth, **rest))
        return server.requests[0]


def token(value: str, **rest: Any) -> bytes:
    return http(json.dumps({"access_token": value, "token_type": "bearer", **rest}).encode())


def basic(pair: str) -> str:
    return f"\r\nAuthorization: Basic {base64.b64encode(pair.encode()).decode()}\r\n"


async def test_no_credentials(connector: Connector) -> None:
    assert "Authorization" not in await received(connector, {"type": "none"})


async def test_a_bearer_token(connector: Connector) -> None:
    text = await received(connector, {"type": "bearer", "token": "env:KEY"})
    assert f"\r\nAuthorization: Bearer {SECRETS['KEY']}\r\n" in text


@pytest.mark.parametrize("username", ["mudda", "env:ID"])
async def test_a_username_and_a_password(connector: Connector, username: str) -> None:
    text = await received(connector, {"type": "basic", "username": username, "password": "env:KEY"})
    assert basic(f"mudda:{SECRETS['KEY']}") in text


async def test_a_key_in_a_header_comes_before_the_plan_s(connector: Connector) -> None:
    auth = {"type": "api_key", "in": "header", "name": "X-Api-Key", "value": "env:KEY"}
    text = await received(connector, auth, headers={"x-api-key": "guess"})
    assert f"\r\nX-Api-Key: {SECRETS['KEY']}\r\n" in text
    assert "guess" not in text


async def test_a_key_in_the_query(connector: Connector) -> None:
    auth = {"type": "api_key", "in": "query", "name": "key", "value": "env:KEY"}
    text = await received(connector, auth, fixed_query=(("v", "2"),), query=(("q", "1"),))
    assert text.startswith("POST /?v=2&q=1&key=s3cret%2F%26%2B%C3%A9 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("body", "body_format", "sent"),
    [
        ({"a": 1}, "json", '{"a":1,"api_key":"s3cret/&+\\u00e9"}'),
        (None, "json", '{"api_key":"s3cret/&+\\u00e9"}'),
        ({"a": 1}, "form", "a=1&api_key=s3cret%2F%26%2B%C3%A9"),
    ],
)
async def test_a_key_in_the_body(connector: Connector, body: Any, body_format: str, sent: str) -> None:
    auth = {"type": "api_key", "in": "body", "name": "api_key", "value": "env:KEY"}
    text = await received(connector, auth, body=body, body_format=body_format)
    assert text.endswith(f"\r\n\r\n{sent}")


async def test_a_key_has_no_place_in_a_body_that_is_no_object(connector: Connector) -> None:
    auth = {"type": "api_key", "in": "body", "name": "api_key", "value": "env:KEY"}
    with pytest.raises(RequestRefused, match="not_an_object"):
        await received(connector, auth, body=[1])


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "bearer", "token": "env:NOT_SET"},
        {"type": "basic", "username": "u", "password": "env:NOT_SET"},
        {"type": "basic", "username": "env:NOT_SET", "password": "env:KEY"},
        {"type": "api_key", "in": "query", "name": "k", "value": "env:NOT_SET"},
        {**OAUTH2, "client_secret": "env:NOT_SET", "token_url": "http://127.0.0.1:9/"},
    ],
)
async def test_a_secret_that_is_not_set_is_named(connector: Connector, auth: dict[str, Any]) -> None:
    async with RawServer(http()) as server:
        with pytest.raises(SecretMissing) as caught:
            await send(connector, request(server, auth))
        assert server.requests == []
    assert caught.value.name == "NOT_SET"


@pytest.mark.parametrize("secret", ["line\r\nX-Evil: 1", "line\n", "nul\0"])
async def test_a_secret_that_is_no_header_is_refused_without_being_told(secret: str) -> None:
    connector = Connector({"127.0.0.1"}, {"KEY": secret}.get)
    async with RawServer(http()) as server:
        with pytest.raises(RequestRefused) as caught:
            await send(connector, request(server, {"type": "bearer", "token": "env:KEY"}))
        assert server.requests == []
    assert caught.value.to_dict() == {
        "code": "request_refused",
        "name": "header.Authorization",
        "reason": "control_character",
    }
    await connector.aclose()


async def test_neither_a_preview_nor_a_repr_shows_a_secret() -> None:
    async with RawServer(http()) as server:
        for auth in (
            {"type": "bearer", "token": "env:KEY"},
            {"type": "api_key", "in": "query", "name": "key", "value": "env:KEY"},
        ):
            made = request(server, auth, fixed_headers={"X-Subscription": "shared-key"})
            for text in (json.dumps(preview(made)), repr(made)):
                assert "env:KEY" not in text
                assert "shared-key" not in text
            assert preview(made)["auth"] == auth["type"]
            assert preview(made)["own_headers"] == ["X-Subscription"]


async def test_an_access_token_is_asked_for_once_and_kept_until_it_ends(
    connector: Connector, clock: Clock
) -> None:
    tokens = RawServer(token("t-1", expires_in=3600), token("t-2", expires_in="3600"))
    async with tokens, RawServer(http()) as server:
        made = request(server, {**OAUTH2, "token_url": f"{tokens.url}/token"})
        await asyncio.gather(*(send(connector, made) for _ in range(5)))
        clock.time += timedelta(seconds=3600 - 31)
        await send(connector, made)
        assert len(tokens.requests) == 1
        clock.time += timedelta(seconds=2)
        await send(connector, made)
        assert len(tokens.requests) == 2
        bearers = [text.split("Authorization: Bearer ")[1].split("\r")[0] for text in server.requests]
    assert bearers == ["t-1"] * 6 + ["t-2"]
    asked = tokens.requests[0]
    assert asked.startswith("POST /token HTTP/1.1\r\n")
    assert basic("mudda%3A1:s3cret%2F%26%2B%C3%A9") in asked
    assert asked.endswith("\r\n\r\ngrant_type=client_credentials&scope=orders+crews")
    assert "Idempotency-Key" not in asked


async def test_each_client_has_a_token_of_its_own(connector: Connector) -> None:
    async with RawServer(token("t-1"), token("t-2")) as tokens, RawServer(http()) as server:
        for client in ("one", "two"):
            auth = {**OAUTH2, "client_id": client, "token_url": f"{tokens.url}/"}
            await send(connector, request(server, auth))
    assert "Bearer t-1" in server.requests[0]
    assert "Bearer t-2" in server.requests[1]


async def test_a_token_that_was_taken_back_is_replaced_once(connector: Connector) -> None:
    refusal = http(b"{}", status="401 Unauthorized")
    tokens = RawServer(token("t-1", expires_in=3600), token("t-2", expires_in=3600))
    async with tokens, RawServer(http(), refusal, http(), refusal) as server:
        made = request(server, {**OAUTH2, "token_url": f"{tokens.url}/"})
        assert (await send(connector, made)).status == 200
        assert (await send(connector, made)).status == 200
        assert (len(tokens.requests), len(server.requests)) == (2, 3)
        assert (await send(connector, made)).status == 401
        assert len(server.requests) == 5


async def test_a_new_token_that_is_refused_is_not_asked_for_again_at_once(connector: Connector) -> None:
    refusal = http(b"{}", status="401 Unauthorized")
    async with RawServer(token("t-1", expires_in=3600)) as tokens, RawServer(refusal) as server:
        made = request(server, {**OAUTH2, "token_url": f"{tokens.url}/"})
        for times in (1, 2):
            assert (await send(connector, made)).status == 401
            assert (len(tokens.requests), len(server.requests)) == (times, times)


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (http(b'{"error": "invalid_client"}', status="401 Unauthorized"), 401, "invalid_client"),
        (http(b'{"error": {"nested": 1}}', status="400 Bad Request"), 400, ""),
        (http(b"<html>", status="404 Not Found"), 404, ""),
        (http(b"", "Location: http://127.0.0.1/", status="302 Found"), 302, ""),
        (http(b"[]"), 200, ""),
        (http(b'{"access_token": ""}'), 200, ""),
        (http(b'{"access_token": 5}'), 200, ""),
    ],
)
async def test_a_token_that_is_refused(connector: Connector, answer: bytes, status: int, code: str) -> None:
    async with RawServer(answer) as tokens, RawServer(http()) as server:
        with pytest.raises(TokenRefused) as caught:
            await send(connector, request(server, {**OAUTH2, "token_url": f"{tokens.url}/"}))
        assert server.requests == []
    assert (caught.value.status, caught.value.error) == (status, code)
    assert judge(caught.value, safe=True).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("answer", "status", "after"),
    [
        (http(b"", "Retry-After: 7", status="429 Slow Down"), 429, 7.0),
        (http(b"", status="503 Busy"), 503, None),
        (b"", None, None),
    ],
)
async def test_a_token_endpoint_that_is_out_of_order_can_be_tried_again(
    connector: Connector, answer: bytes, status: int | None, after: float | None
) -> None:
    async with RawServer(answer) as tokens, RawServer(http()) as server:
        with pytest.raises(NotSent) as caught:
            await send(connector, request(server, {**OAUTH2, "token_url": f"{tokens.url}/"}))
        assert server.requests == []
    assert (caught.value.reason, caught.value.status, caught.value.retry_after) == ("token", status, after)
    assert judge(caught.value, safe=False).outcome is Outcome.RETRY


async def test_a_token_endpoint_is_under_the_same_rules(connector: Connector) -> None:
    async with RawServer(http()) as server:
        for url in ("http://10.0.0.1/token", "http://169.254.169.254/", "http://2130706433/", "http://[::1]/"):
            with pytest.raises(AddressRefused):
                await send(connector, request(server, {**OAUTH2, "token_url": url}))
        assert server.requests == []


@pytest.mark.parametrize("expires_in", [0, -5, 10, "soon", None, [], 1e300, "nan"])
async def test_an_odd_life_of_a_token_is_a_short_or_a_long_one(connector: Connector, expires_in: Any) -> None:
    async with RawServer(token("t-1", expires_in=expires_in)) as tokens, RawServer(http()) as server:
        made = request(server, {**OAUTH2, "token_url": f"{tokens.url}/"})
        assert (await send(connector, made)).status == 200


API_KEY = {"type": "api_key", "name": "X-Api-Key", "value": "env:KEY"}
KEY = SECRETS["KEY"]


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "bearer", "token": "env:KEY"},
        {"type": "basic", "username": "mudda", "password": "env:KEY"},
        *({**API_KEY, "in": place} for place in ("header", "query", "body")),
    ],
)
@pytest.mark.parametrize("size", [0, 60_000])
async def test_an_answer_that_quotes_the_key_is_kept_without_it(
    connector: Connector, auth: dict[str, Any], size: int
) -> None:
    said = {"message": f"bad key '{KEY}'", KEY: [KEY, {"url": f"/x?key={quote(KEY, safe='')}"}], "n": "x" * size}
    async with RawServer(http(json.dumps(said).encode(), f"Content-Type: text/{quote(KEY)}")) as server:
        answer = await send(connector, request(server, auth))
    assert answer.body == {"message": "bad key '***'", "***": ["***", {"url": "/x?key=***"}], "n": "x" * size}
    assert "s3cret" not in repr(answer)


async def test_the_whole_of_a_username_and_password_is_taken_out_too(connector: Connector) -> None:
    auth = {"type": "basic", "username": "mudda", "password": "env:KEY"}
    pair = base64.b64encode(f"mudda:{KEY}".encode())
    async with RawServer(http(b"Authorization: Basic " + pair)) as server:
        assert (await send(connector, request(server, auth))).body == "Authorization: Basic ***"


async def test_an_access_token_and_what_it_was_got_with_are_taken_out(connector: Connector) -> None:
    async with RawServer(token("long-token-1")) as tokens, RawServer(http(b"is long-token-1")) as server:
        answer = await send(connector, request(server, {**OAUTH2, "token_url": f"{tokens.url}/"}))
    assert answer.body == "is ***"
    refusal = http(json.dumps({"error": f"not {KEY}"}).encode(), status="401 No")
    async with RawServer(refusal) as tokens, RawServer(http()) as server:
        with pytest.raises(TokenRefused) as caught:
            await send(connector, request(server, {**OAUTH2, "scope": "", "token_url": f"{tokens.url}/"}))
    assert caught.value.error == "not ***"


async def test_a_redirect_to_where_the_key_is_part_of_the_name(clock: Clock) -> None:
    connector = Connector({"127.0.0.1"}, {"KEY": "long-key-1"}.get, now=clock)
    async with RawServer(http(b"", "Location: https://long-key-1.example/", status="302 There")) as server:
        with pytest.raises(RedirectRefused) as caught:
            await send(connector, request(server, {"type": "bearer", "token": "env:KEY"}))
    assert caught.value.host == "***.example"
    await connector.aclose()


async def test_a_key_that_is_as_short_as_a_word_is_left(clock: Clock) -> None:
    connector = Connector({"127.0.0.1"}, {"KEY": "street"}.get, now=clock)
    async with RawServer(http(b"5th street")) as server:
        assert (
            await send(connector, request(server, {"type": "bearer", "token": "env:KEY"}))
        ).body == "5th street"
    await connector.aclose()


async def test_a_second_credential_may_stand_in_a_header_or_the_query_of_the_component() -> None:
    quoting = http(b'{"seen": "second secret"}', "Content-Type: application/json")
    async with RawServer(quoting) as server:
        secrets: dict[str, str] = {"KEY": "first-secret", "TENANT": "second secret"}
        connector = Connector([f"127.0.0.1:{server.port}"], lambda name: secrets.get(name))
        wanted = request(server, {"type": "bearer", "token": "env:KEY"})
        wanted = replace(
            wanted,
            fixed_headers={"X-Tenant": "env:TENANT", "X-Plain": "env: is no name"},
            fixed_query=(("key", "env:TENANT"), ("wsdl", None), ("empty", "")),
        )
        answer = await send(connector, wanted)
        await connector.aclose()
    [sent] = server.requests
    assert "X-Tenant: second secret" in sent
    assert "X-Plain: env: is no name" in sent
    assert "?key=second%20secret&wsdl&empty= HTTP" in sent
    # Nor is it kept where the other side quotes it.
    assert "second secret" not in str(answer.body)


async def test_a_client_may_send_its_secret_in_the_form_and_say_what_for(
    connector: Connector,
) -> None:
    more = {"audience": "https://api.example", "resource": "urn:orders", "credentials_in": "body"}
    created = http(b'{"access_token": "t1"}', "Content-Type: application/json", status="201 Created")
    async with RawServer(created, http(b"{}")) as server:
        auth = {**OAUTH2, **more, "token_url": f"{server.url}/token"}
        await send(connector, request(server, auth))
    asked, called = server.requests
    assert "Authorization: Basic" not in asked
    form = dict(parse_qsl(asked.rpartition("\r\n\r\n")[2]))
    assert form == {
        "grant_type": "client_credentials",
        "scope": "orders crews",
        "audience": "https://api.example",
        "resource": "urn:orders",
        "client_id": "mudda:1",
        "client_secret": SECRETS["KEY"],
    }
    assert "Authorization: Bearer t1" in called
