"""One HTTP request, to an address that may be called.

A server may close an idle connection at the very moment that a request is written to it, and then nobody can tell
whether the request was read. So a request that must not be made twice has a connection of its own, used once: if
its headers were not written it has not been sent, and that is known for certain. One that may be repeated goes
over a connection that is kept from earlier ones if there is one (`kept.py`), and if that is closed before any of
an answer has come, once more over one of its own. Either way the host is looked up and checked each time.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.connectors.errors import MaybeSent, NotSent
from services.connectors.network.addresses import AddressRules, CheckedResolver, SystemResolver
from services.connectors.network.kept import KeptConnections
from services.connectors.network.tolerance import TolerantHandler
from services.connectors.responses.response import MAX_RESPONSE_BYTES

SocketFactory = Callable[[aiohttp.AddrInfoType], socket.socket]

_CONNECT_SECONDS = 10.0
_HEADER_BYTES = 262_144
_HEADERS_AT_MOST = 2_000
"""Far more than any API sends: an answer that came in full is not refused for its headers."""

_HEADERS = {"User-Agent": "mudda", "Accept": "application/json, */*;q=0.5", "Accept-Encoding": "gzip"}


@dataclass(slots=True)
class SendProgress:
    """How far a request has come. `sent`: something of it may have left; `status`: the answer has begun.

    `on_kept`: it went over a connection that earlier ones had used.
    """

    sent: bool = False
    status: int | None = None
    on_kept: bool = False

    def failure(self, reason: str) -> NotSent | MaybeSent:
        """What it means that the request came no further."""
        return MaybeSent(reason, status=self.status) if self.sent else NotSent(reason)


@dataclass(frozen=True, slots=True)
class RawResponse:
    """An answer as it came; its headers can be asked for in any case. `cut`: there was more of it."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    cut: bool


class Transport:
    """Sends requests. Made anywhere, used and closed in one event loop.

    `socket_factory` makes the sockets, for a machine that has several addresses to call from.
    """

    def __init__(
        self,
        rules: AddressRules,
        resolver: AbstractResolver | None = None,
        socket_factory: SocketFactory | None = None,
    ) -> None:
        self._rules = rules
        self._resolver = CheckedResolver(rules, resolver or SystemResolver())
        self._socket_factory = socket_factory
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def send(
        self,
        method: str,
        url: URL,
        *,
        headers: Mapping[str, str],
        data: bytes | None,
        progress: SendProgress,
        limit: int = MAX_RESPONSE_BYTES,
        tls: ssl.SSLContext | None = None,
        repeatable: bool = False,
    ) -> RawResponse:
        """Send one request and read its answer, `limit` bytes of it. Redirects are answers like any other.

        `tls` is what a connection with a client certificate is made with. A request that is `repeatable` may use a
        kept connection, and be sent a second time if that turns out to be closed.

        Raises AddressRefused, NotSent and MaybeSent. How long it may take is for the caller to limit.
        """
        self._rules.check_url(url)
        send = partial(self._send, method, url, headers, data, progress, limit, tls)
        if repeatable:
            try:
                return await send(self._session(kept=True))
            except _Stale:
                progress.on_kept = False  # but `sent` it may have been, whatever becomes of the next one
        return await send(self._session(kept=False))

    async def _send(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        data: bytes | None,
        progress: SendProgress,
        limit: int,
        tls: ssl.SSLContext | None,
        session: aiohttp.ClientSession,
    ) -> RawResponse:
        failure: Exception
        try:
            async with session.request(
                method,
                url,
                headers=headers,
                data=data,
                allow_redirects=False,
                # Without a body there is no type of it.
                skip_auto_headers=("Content-Type",),
                trace_request_ctx=progress,
                ssl=tls or True,
            ) as response:
                progress.status = response.status
                return await _received(response, limit)
        except aiohttp.ClientConnectorDNSError:
            failure = progress.failure("dns")
        except aiohttp.ClientSSLError:
            failure = progress.failure("tls")
        except TimeoutError:
            failure = progress.failure("timeout")
        except _Broken:
            failure = _Stale() if progress.on_kept else progress.failure("connection")
        except (aiohttp.ClientPayloadError, OSError, aiohttp.ClientConnectionError):
            failure = progress.failure("connection")
        except aiohttp.ClientError:
            failure = progress.failure("not_http")
        # Not from the error that was caught: what it says holds the URL, and the URL may hold a key.
        raise failure

    async def check(self, url: URL) -> None:
        """Look a host up and check its addresses, as `send` does, without calling it.

        Raises AddressRefused, and NotSent where it has none.
        """
        self._rules.check_url(url)
        try:
            await self._resolver.resolve(url.raw_host or "", url.port or 0)
        except OSError:
            raise NotSent("dns") from None

    async def aclose(self) -> None:
        """Close what is open."""
        for session in self._sessions.values():
            await session.close()
        await self._resolver.close()

    def _session(self, *, kept: bool) -> aiohttp.ClientSession:
        if kept not in self._sessions:
            tracing = aiohttp.TraceConfig()
            tracing.on_request_headers_sent.append(_headers_sent)
            tracing.on_connection_reuseconn.append(_reused)
            self._sessions[kept] = aiohttp.ClientSession(
                connector=self._connector(kept=kept),
                # The resolver has the last word on addresses, so nothing may stand between it and the connection.
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                max_field_size=_HEADER_BYTES,
                max_line_size=_HEADER_BYTES,
                max_headers=_HEADERS_AT_MOST,
                headers=_HEADERS,
                trace_configs=[tracing],
                middlewares=(_once,),
            )
        return self._sessions[kept]

    def _connector(self, *, kept: bool) -> aiohttp.TCPConnector:
        make = KeptConnections if kept else partial(aiohttp.TCPConnector, force_close=True)
        connector = make(
            resolver=self._resolver,
            use_dns_cache=False,
            # The workers limit how much is under way; a call that waits here would only time out.
            limit=0,
            socket_factory=self._socket_factory,
        )
        # aiohttp has no public name for what reads a connection; the tests of odd answers hold it.
        reader = partial(TolerantHandler, loop=asyncio.get_running_loop())
        connector._factory = reader  # type: ignore[assignment]
        return connector


class _Broken(aiohttp.ClientConnectionError):
    """The connection ended before there was anything of an answer."""


class _Stale(Exception):
    """It was a kept one."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request once. When a connection breaks, aiohttp sends GET, PUT and DELETE again by itself."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, aiohttp.ClientConnectionResetError):
        raise _Broken from None


async def _headers_sent(
    session: aiohttp.ClientSession, context: SimpleNamespace, sent: aiohttp.TraceRequestHeadersSentParams
) -> None:
    context.trace_request_ctx.sent = True


async def _reused(
    session: aiohttp.ClientSession, context: SimpleNamespace, reused: aiohttp.TraceConnectionReuseconnParams
) -> None:
    context.trace_request_ctx.on_kept = True


async def _received(response: aiohttp.ClientResponse, limit: int) -> RawResponse:
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > limit:
            response.close()
            break
    return RawResponse(response.status, response.headers, bytes(data[:limit]), cut=len(data) > limit)
