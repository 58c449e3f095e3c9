"""Connections that are used again: by whom, when not, and what a server sees of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from services.components.definitions import ComponentDefinition
from services.connectors import Connector, PreparedRequest, call_component
from services.connectors.connector import NOTHING, CallContext
from services.connectors.errors import CallError, MaybeSent, NotSent
from services.connectors.network.addresses import SystemResolver
from services.connectors.network.connecting import Dialler, Target
from services.connectors.network.kept import KEPT_PER_HOST, KeptConnections
from tests.support.certificates import Authority, Pair
from tests.support.raw_server import http
from tests.support.waiting import happened

NO_SECRETS: dict[str, str] = {}
OK = http(b'{"ok":true}', "Content-Type: application/json")
CLOSE = b""
"""Instead of an answer: the connection is closed."""


class KeepingServer:
    """Keeps its connections open, and notes over which of them each request came: 1, 2, 3 …

    The n-th request gets the n-th answer, and all after them the last. `everybody`: they wait for so many others.
    """

    def __init__(self, *answers: bytes, tls: ssl.SSLContext | None = None) -> None:
        self.came_over: list[int] = []
        self.requests: list[str] = []
        self.all_closed = asyncio.Event()
        self.everybody: asyncio.Barrier | None = None
        self._answers = answers or (OK,)
        self._tls = tls
        self._open: set[int] = set()
        self._count = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop_listening()
        async with asyncio.timeout(10):
            await self._server.wait_closed()

    def stop_listening(self) -> None:
        """Refuse new connections; those that there are stay."""
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        number = self._count
        self._open.add(number)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                if "content-length: " in head.lower():
                    await reader.readexactly(int(head.lower().partition("content-length: ")[2].split("\r")[0]))
                answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
                self.came_over.append(number)
                self.requests.append(head)
                if self.everybody is not None:
                    async with asyncio.timeout(10):
                        await self.everybody.wait()
                writer.write(answer)
                if not answer.startswith(b"HTTP/1.1 200") or b"Connection: close" in answer:
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._open.discard(number)
            if not self._open:
                self.all_closed.set()


class Caller:
    """Calls over one connector."""

    def __init__(self, *allowed: str, **options: Any) -> None:
        self.connector = Connector(allowed or ("127.0.0.1",), NO_SECRETS.get, **options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connector.aclose()

    async def call(
        self,
        url: str,
        *,
        method: str = "GET",
        repeatable: bool = True,
        context: CallContext = NOTHING,
        **rest: Any,
    ) -> int:
        """The status. Raises CallError."""
        request = PreparedRequest(method, url, body={"a": 1} if method == "POST" else None, **rest)
        answer = await self.connector.call(
            request, idempotency_key="k", timeout=10, context=context, repeatable=repeatable
        )
        return answer.status


def component(url: str, method: str, *, idempotent: bool = False, auth: Any = None) -> ComponentDefinition:
    stated = {"key": "k", "name": "n", "description": "d", "endpoint_url": url, "http_method": method}
    return ComponentDefinition.model_validate(
        stated | {"idempotent": idempotent} | ({"auth": auth} if auth else {})
    )


async def test_calls_that_may_be_repeated_share_a_connection_and_no_other_does() -> None:
    async with KeepingServer() as server, Caller() as caller:
        for method, idempotent in (
            ("GET", False),
            ("POST", False),
            ("POST", True),
            ("POST", False),
            ("GET", False),
        ):
            definition = component(server.url, method, idempotent=idempotent)
            request = PreparedRequest(method, server.url, body={"a": 1} if method == "POST" else None)
            answer = await call_component(request, definition, idempotency_key="k", connector=caller.connector)
            assert not isinstance(answer, CallError)
    assert server.came_over == [1, 2, 1, 3, 1]


async def test_who_signs_in_is_said_in_each_request_and_stays_with_it() -> None:
    async with KeepingServer() as server, Caller() as caller:
        for secret in ("of-one-town", "of-another", None):
            auth = component(server.url, "GET", auth={"type": "bearer", "token": "secret:KEY"}).auth
            signed: dict[str, Any] = {"auth": auth, "context": CallContext({"KEY": secret})} if secret else {}
            await caller.call(server.url, **signed)
    assert server.came_over == [1, 1, 1]
    said = [[line for line in text.split("\r\n") if line.startswith("Authorization")] for text in server.requests]
    assert said == [["Authorization: Bearer of-one-town"], ["Authorization: Bearer of-another"], []]


async def test_a_kept_connection_that_was_closed_is_made_up_for_once() -> None:
    async with KeepingServer(OK, CLOSE, OK) as server, Caller() as caller:
        assert [await caller.call(server.url) for _ in range(2)] == [200, 200]
    assert server.came_over == [1, 1, 2]


async def test_and_only_once() -> None:
    async with KeepingServer(OK, CLOSE) as server, Caller() as caller:
        await caller.call(server.url)
        with pytest.raises(MaybeSent):
            await caller.call(server.url)
    assert server.came_over == [1, 1, 2]


async def test_what_went_over_a_closed_connection_may_have_arrived_even_if_the_next_one_is_refused() -> None:
    async with KeepingServer(OK, CLOSE) as server, Caller() as caller:
        await caller.call(server.url)
        server.stop_listening()
        with pytest.raises(MaybeSent):
            await caller.call(server.url)
    assert server.came_over == [1, 1]


async def test_a_connection_that_is_new_is_not_made_up_for() -> None:
    async with KeepingServer(CLOSE) as server, Caller() as caller:
        with pytest.raises(MaybeSent):
            await caller.call(server.url)
    assert server.came_over == [1]


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 2", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 404 Gone\r\nContent-L"]
)
async def test_an_answer_that_had_begun_is_not_asked_for_again(begun: bytes) -> None:
    async with KeepingServer(OK, begun) as server, Caller() as caller:
        await caller.call(server.url)
        with pytest.raises(MaybeSent):
            await caller.call(server.url)
    assert server.came_over == [1, 1]


async def test_a_call_that_must_not_be_repeated_is_made_once() -> None:
    async with KeepingServer(OK, CLOSE) as server, Caller() as caller:
        await caller.call(server.url)
        with pytest.raises(MaybeSent):
            await caller.call(server.url, method="POST", repeatable=False)
    assert server.came_over == [1, 2]


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
LENGTH = "Content-Length: 11"


@pytest.mark.parametrize(
    ("answer", "is_kept"),
    [
        (http(), True),
        (CHUNKED, True),
        (http(b"{}", "Connection: close"), False),
        (OK + b"HTTP/1.1 200 OK\r\n", False),
        (OK + OK, False),
        (CHUNKED + b"HTTP/1.1 200 OK\r\n", False),
        (CHUNKED + OK, False),
        (http(b'{"ok":true}', LENGTH), False),
    ],
)
async def test_after_an_answer_whose_end_is_in_doubt_a_connection_is_not_used(
    answer: bytes, is_kept: bool
) -> None:
    async with KeepingServer(answer, OK) as server, Caller() as caller:
        for _ in range(2):
            await caller.call(server.url)
    assert server.came_over == [1, 1 if is_kept else 2]


class Moving(AbstractResolver):
    """A name server for a host that moves."""

    address = "127.0.0.1"

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=self.address, port=port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None: ...


def loopback_only(info: aiohttp.AddrInfoType) -> socket.socket:
    if info[4][0] != "127.0.0.1":
        raise OSError("no network here")
    return socket.socket(*info[:3])


async def test_a_host_that_has_moved_is_not_called_where_it_was() -> None:
    names = Moving()
    async with (
        KeepingServer() as server,
        Caller("town.example", resolver=names, socket_factory=loopback_only) as caller,
    ):
        url = f"http://town.example:{server.port}/"
        for _ in range(2):
            await caller.call(url)
        names.address = "93.184.216.34"
        with pytest.raises(NotSent):
            await caller.call(url)
        await happened(server.all_closed)
    assert server.came_over == [1, 1]


async def test_names_that_lead_to_one_address_share_no_connection() -> None:
    async with (
        KeepingServer() as server,
        Caller("one.example", "two.example", resolver=Moving()) as caller,
    ):
        for name in ("one", "two", "one", "two"):
            await caller.call(f"http://{name}.example:{server.port}/")
    assert server.came_over == [1, 2, 1, 2]


def with_client_certificates(authority: Authority, folder: Path) -> ssl.SSLContext:
    own = authority.pair("127.0.0.1")
    file = folder / "own.pem"
    file.write_text(own.key + own.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.certificate)
    context.load_cert_chain(file)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_a_connection_with_a_client_certificate_is_for_that_certificate(tmp_path: Path) -> None:
    authority = Authority()
    names = {"type": "mtls", "certificate": "secret:CERT", "key": "secret:KEY", "authority": "secret:CA"}
    one, other = authority.pair("one"), authority.pair("other")
    async with KeepingServer(tls=with_client_certificates(authority, tmp_path)) as server, Caller() as caller:
        auth = component(server.url, "GET", auth=names).auth

        async def call_as(pair: Pair) -> None:
            sealed = {"CERT": pair.certificate, "KEY": pair.key, "CA": authority.certificate}
            await caller.call(server.url, auth=auth, context=CallContext(sealed))

        for pair in (one, other, one, other):
            await call_as(pair)
    assert server.came_over == [1, 2, 1, 2]


async def test_what_is_kept_is_closed_at_the_end() -> None:
    async with KeepingServer() as server:
        async with Caller() as caller:
            await caller.call(server.url)
            assert not server.all_closed.is_set()
        await happened(server.all_closed)


async def test_what_nobody_uses_is_closed_after_a_while() -> None:
    async with KeepingServer() as server:
        target, kept = Target("127.0.0.1", server.port, None), KeptConnections(idle_seconds=0.01)
        for _ in range(2):
            kept.keep(target, await Dialler(SystemResolver(), None).connect(target, ["127.0.0.1"]))
        await happened(server.all_closed)
        assert kept.take(target, ["127.0.0.1"]) is None


async def test_of_many_calls_at_once_some_connections_are_kept() -> None:
    many = KEPT_PER_HOST + 4
    async with KeepingServer() as server, Caller() as caller:
        for _ in range(2):
            server.everybody = asyncio.Barrier(many)
            await asyncio.gather(*(caller.call(server.url) for _ in range(many)))
    assert len(set(server.came_over)) == many + 4
