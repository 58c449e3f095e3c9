"""Requests that are signed, client certificates, tokens that are renewed, and secrets that are kept sealed."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.connectors import Connector, PreparedRequest, Response
from services.connectors.connector import CallContext
from services.connectors.errors import CallError, NotSent, RequestRefused, SecretMissing
from tests.support.certificates import Authority
from tests.support.raw_server import RawServer, http

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEALED = {"KEY": "sealed-signing-key", "ID": "mudda"}
OAUTH2 = {
    "type": "oauth2",
    "client_id": "secret:ID",
    "client_secret": "secret:KEY",
    "refresh_token": "secret:REFRESH",
}


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


def request(url: str, auth: dict[str, Any], **rest: Any) -> PreparedRequest:
    stated = {"key": "k", "name": "n", "description": "d", "endpoint_url": url, "auth": auth}
    definition = ComponentDefinition.model_validate(stated)
    return PreparedRequest(**{"method": "POST", "url": url, "auth": definition.auth, **rest})


@asynccontextmanager
async def connecting(clock: Clock | None = None, **environment: str) -> AsyncIterator[Connector]:
    connector = Connector({"127.0.0.1"}, environment.get, now=clock or Clock())
    try:
        yield connector
    finally:
        await connector.aclose()


async def send(connector: Connector, made: PreparedRequest, **sealed: str) -> Response:
    context = CallContext({**SEALED, **sealed})
    return await connector.call(made, idempotency_key="k", timeout=5, context=context)


@pytest.mark.parametrize(
    ("auth", "signed", "made"),
    [
        ({"signs": ["body"], "prefix": "sha256="}, '{"a":1}', lambda digest: f"sha256={digest.hex()}"),
        (
            {"signs": ["timestamp", "method", "path", "query", "body"], "encoding": "base64"},
            '1772366400\nPOST\n/a%20b/\nq=1\n{"a":1}',
            lambda digest: base64.b64encode(digest).decode(),
        ),
        ({"signs": ["path", "query"], "separator": "?"}, "/a%20b/?q=1", bytes.hex),
        ({"signs": ["body"], "algorithm": "sha512"}, '{"a":1}', bytes.hex),
    ],
)
async def test_what_is_sent_is_what_is_signed(auth: dict[str, Any], signed: str, made: Any) -> None:
    stated = {"type": "hmac", "secret": "secret:KEY", "header": "X-Signature", **auth}
    async with RawServer(http()) as server, connecting() as connector:
        await send(connector, request(f"{server.url}/a%20b/", stated, query=(("q", "1"),), body={"a": 1}))
    digest = hmac.digest(SEALED["KEY"].encode(), signed.encode(), auth.get("algorithm", "sha256"))
    assert f"\r\nX-Signature: {made(digest)}\r\n" in server.requests[0]
    assert ("\r\nX-Timestamp: 1772366400\r\n" in server.requests[0]) is ("timestamp" in auth["signs"])


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "bearer", "token": "secret:NONE"},
        {"type": "hmac", "secret": "secret:NONE", "header": "X", "signs": ["body"]},
        {"type": "mtls", "certificate": "secret:NONE", "key": "secret:KEY"},
        {**OAUTH2, "token_url": "http://127.0.0.1:1/"},
    ],
)
async def test_a_sealed_secret_that_is_missing_stops_the_call_before_it_is_sent(auth: dict[str, Any]) -> None:
    async with RawServer(http()) as server, connecting(NONE="of the environment") as connector:
        with pytest.raises(SecretMissing):
            await send(connector, request(server.url, auth))
        assert server.requests == []


async def test_a_secret_of_the_environment_may_have_any_name() -> None:
    async with RawServer(http()) as server, connecting(SLACK_ALERTS_TOKEN="t-1") as connector:
        await send(connector, request(server.url, {"type": "bearer", "token": "env:SLACK_ALERTS_TOKEN"}))
    assert "Authorization: Bearer t-1\r\n" in server.requests[0]


def token(value: str, **rest: Any) -> bytes:
    return http(json.dumps({"access_token": value, "expires_in": 60, **rest}).encode())


async def test_a_token_is_renewed_with_what_came_with_the_last_one() -> None:
    clock = Clock()
    tokens = RawServer(token("t-1", refresh_token="r-2"), token("t-2"), token("t-3"))
    async with tokens, RawServer(http()) as server, connecting(clock) as connector:
        made = request(server.url, {**OAUTH2, "token_url": tokens.url})
        for _ in range(3):
            await send(connector, made, REFRESH="r-1")
            clock.time += timedelta(minutes=5)
    asked = [text.partition("\r\n\r\n")[2] for text in tokens.requests]
    assert asked == [f"grant_type=refresh_token&refresh_token={each}" for each in ("r-1", "r-2", "r-2")]


async def test_two_workspaces_with_one_pack_share_no_token() -> None:
    tokens = RawServer(token("t-1"), token("t-2"))
    async with tokens, RawServer(http()) as server, connecting() as connector:
        made = request(server.url, {**OAUTH2, "token_url": tokens.url})
        await send(connector, made, REFRESH="r-a")
        await send(connector, made, REFRESH="r-b")
    assert ["Bearer t-1" in server.requests[0], "Bearer t-2" in server.requests[1]] == [True, True]


async def test_a_token_that_is_echoed_comes_back_masked() -> None:
    echo = http(b'{"said": "r-refresh-1 sealed-signing-key t-access-1"}', "Content-Type: application/json")
    refused = http(b'{"error": "no r-refresh-2"}', status="400 Bad Request")
    tokens = RawServer(token("t-access-1"), refused)
    async with tokens, RawServer(echo) as server, connecting() as connector:
        made = request(server.url, {**OAUTH2, "token_url": tokens.url})
        got = await send(connector, made, REFRESH="r-refresh-1")
        with pytest.raises(CallError) as caught:
            await send(connector, made, REFRESH="r-refresh-2")
    assert "t-access-1" not in str(got.body)
    assert caught.value.to_dict()["error"] == "no ***"


@asynccontextmanager
async def tls_server(authority: Authority, folder: Path) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that takes clients of one authority only; whom it took."""
    taken: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = writer.get_extra_info("peercert")["subject"]
        taken.append(dict(pair[0] for pair in subject)["commonName"])
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(b"{}"))
        await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    own = authority.pair("server")
    (folder / "server.pem").write_text(f"{own.key}{own.certificate}")
    context.load_cert_chain(folder / "server.pem")
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", taken
    finally:
        server.close()


MTLS = {"type": "mtls", "certificate": "secret:CERT", "key": "env:CLIENT_KEY", "authority": "secret:CA"}


@pytest.mark.parametrize("as_files", [False, True])
async def test_a_client_certificate_is_shown(as_files: bool, tmp_path: Path) -> None:
    authority = Authority()
    client = authority.pair("mudda")
    certificate, key = client.certificate, client.key
    if as_files:
        (tmp_path / "c.pem").write_text(certificate)
        (tmp_path / "k.pem").write_text(key)
        certificate, key = str(tmp_path / "c.pem"), str(tmp_path / "k.pem")
    async with tls_server(authority, tmp_path) as (url, taken), connecting(CLIENT_KEY=key) as connector:
        got = await send(connector, request(url, MTLS), CERT=certificate, CA=authority.certificate)
        assert (got.status, taken) == (200, ["mudda"])


async def test_a_server_of_another_authority_is_not_talked_to(tmp_path: Path) -> None:
    authority, other = Authority(), Authority()
    client = authority.pair("mudda")
    async with tls_server(authority, tmp_path) as (url, taken), connecting(CLIENT_KEY=client.key) as connector:
        with pytest.raises(NotSent, match="tls"):
            await send(connector, request(url, MTLS), CERT=client.certificate, CA=other.certificate)
        assert taken == []


@pytest.mark.parametrize("broken", ["no certificate", "/no/such/file.pem", "-----BEGIN CERTIFICATE-----\nx"])
async def test_what_is_no_certificate_is_refused_without_being_told(broken: str) -> None:
    authority = Authority()
    client = authority.pair("mudda")
    async with connecting(CLIENT_KEY=client.key) as connector:
        with pytest.raises(RequestRefused) as caught:
            await send(connector, request("https://127.0.0.1:1/", MTLS), CERT=broken, CA=authority.certificate)
    assert caught.value.reason == "bad_certificate"
    assert broken not in str(caught.value.to_dict())
