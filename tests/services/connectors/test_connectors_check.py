"""Connector.check: what would keep a request from being sent, found without sending anything to anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.components.definitions import ComponentDefinition
from services.connectors import Connector, PreparedRequest
from services.connectors.errors import AddressRefused, CallError, NotSent, RequestRefused, SecretMissing
from tests.support.raw_server import RawServer, http

SECRETS = {"KEY": "s3cret"}
OAUTH2 = {"type": "oauth2", "client_id": "mudda:1", "client_secret": "env:KEY"}


@pytest.fixture
async def connector() -> AsyncIterator[Connector]:
    connector = Connector({"127.0.0.1"}, SECRETS.get)
    yield connector
    await connector.aclose()


def request(url: str, auth: dict[str, Any] | None = None, **rest: Any) -> PreparedRequest:
    stated = {"key": "k", "name": "n", "description": "d", "endpoint_url": url, "auth": auth or {"type": "none"}}
    definition = ComponentDefinition.model_validate(stated)
    return PreparedRequest(**{"method": "POST", "url": url, "auth": definition.auth, **rest})


@pytest.mark.parametrize(
    "auth",
    [
        {"type": "none"},
        {"type": "bearer", "token": "env:KEY"},
        {"type": "basic", "username": "mudda", "password": "env:KEY"},
        {"type": "api_key", "in": "body", "name": "key", "value": "env:KEY"},
    ],
)
async def test_a_request_that_could_be_sent_is_not(connector: Connector, auth: dict[str, Any]) -> None:
    async with RawServer(http()) as server:
        await connector.check(request(f"{server.url}/", auth, body={"a": 1}), timeout=5)
        assert server.requests == []


async def test_no_access_token_is_asked_for(connector: Connector) -> None:
    async with RawServer(http()) as server:
        auth = OAUTH2 | {"token_url": f"{server.url}/token"}
        await connector.check(request(f"{server.url}/", auth), timeout=5)
        assert server.requests == []


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (request("http://127.0.0.1:1/", {"type": "bearer", "token": "env:NONE"}), SecretMissing),
        (
            request("http://127.0.0.1:1/", {**OAUTH2, "client_secret": "env:NONE", "token_url": "http://a/"}),
            SecretMissing,
        ),
        (request("http://127.0.0.1:1/", OAUTH2 | {"token_url": "http://10.1.2.3/"}), AddressRefused),
        (request("http://10.1.2.3/"), AddressRefused),
        (request("http://169.254.169.254/"), AddressRefused),
        (request("http://[::1]/"), AddressRefused),
        (request("http://localhost/"), AddressRefused),
        (request("http://2130706433/"), AddressRefused),
        (request("http://nowhere.invalid/"), NotSent),
        (request("http://127.0.0.1:1/", headers={"X": "a\nb"}), RequestRefused),
        (request("http://127.0.0.1:1/", body=[1], body_format="form"), RequestRefused),
    ],
)
async def test_what_could_not_be_sent_is_refused_as_it_would_be(
    connector: Connector, asked: PreparedRequest, refusal: type[CallError]
) -> None:
    with pytest.raises(refusal):
        await connector.check(asked, timeout=5)
    with pytest.raises(refusal):
        await connector.call(asked, idempotency_key="k", timeout=5)
