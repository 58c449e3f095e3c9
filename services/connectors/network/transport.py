"""One HTTP request, to an address that may be called.

A server may close an idle connection at the very moment that a request is written to it, and then nobody can tell
whether the request was read. So a request that must not be made twice has a connection of its own, used once: if
its headers were not written it has not been sent, and that is known for certain. One that may be repeated goes
over a connection that is kept from earlier ones if there is one (`kept.py`), and if that is closed before any of
an answer has come, once more over one of its own. Either way the host is looked up and checked each time.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence

from aiohttp import ClientError
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from services.connectors.errors import NotSent
from services.connectors.network.addresses import AddressRules, CheckedResolver, SystemResolver
from services.connectors.network.connecting import Dialler, SocketFactory, Target
from services.connectors.network.exchange import Broken, RawResponse, SendProgress, exchange, written
from services.connectors.network.kept import KeptConnections
from services.connectors.network.tolerance import TolerantHandler
from services.connectors.responses.response import MAX_RESPONSE_BYTES

__all__ = ["RawResponse", "SendProgress", "SocketFactory", "Transport"]


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
        self._dialler = Dialler(self._resolver, socket_factory)
        self._kept = KeptConnections()

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
        target = Target.of(url, tls)
        addresses = await self._addresses(target, progress)
        if repeatable:
            request = written(method, url, headers, data, is_last=False)
            if (handler := self._kept.take(target, addresses)) is None:
                handler = await self._connected(target, addresses, progress)
            else:
                progress.on_kept = True
            try:
                return await self._exchange(handler, method, request, progress, limit, target)
            except _Stale:
                progress.on_kept = False  # but `sent` it may have been, whatever becomes of the next one
            addresses = await self._addresses(target, progress)
        request = written(method, url, headers, data, is_last=True)
        handler = await self._connected(target, addresses, progress)
        return await self._exchange(handler, method, request, progress, limit)

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
        self._kept.close()
        await self._resolver.close()

    async def _addresses(self, target: Target, progress: SendProgress) -> Sequence[str]:
        try:
            return await self._dialler.addresses(target)
        except OSError:
            raise progress.failure("dns") from None

    async def _connected(
        self, target: Target, addresses: Sequence[str], progress: SendProgress
    ) -> TolerantHandler:
        try:
            return await self._dialler.connect(target, addresses)
        except ssl.SSLError:
            reason = "tls"
        except TimeoutError:
            reason = "timeout"
        except OSError:
            reason = "connection"
        # Here and below not from the error that was caught: that may name the URL, and the URL may hold a key.
        raise progress.failure(reason)

    async def _exchange(
        self,
        handler: TolerantHandler,
        method: str,
        request: bytes,
        progress: SendProgress,
        limit: int,
        kept_for: Target | None = None,
    ) -> RawResponse:
        failure: Exception
        is_read = False
        try:
            answer = await exchange(handler, method, request, progress, limit)
            is_read = not answer.cut
            return answer
        except Broken:
            failure = _Stale() if progress.on_kept else progress.failure("connection")
        except HttpProcessingError:
            failure = progress.failure("not_http")
        except (ClientError, OSError):
            failure = progress.failure("connection")
        finally:
            if is_read and kept_for is not None:
                self._kept.keep(kept_for, handler)
            else:
                handler.close()
        raise failure


class _Stale(Exception):
    """A kept connection was closed before there was anything of an answer."""
