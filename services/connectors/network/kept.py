"""Connections that are kept open for the next request to the same host.

Two requests may share one if they agree in all that a connection is: scheme, host, port, the address that it
leads to, and the client certificate. Who signs in how is said in each request, so they may be of several
components, or of several workspaces.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection

IDLE_SECONDS = 10.0
"""Many a server closes what was idle for a minute, or five seconds; what it did close is noticed, and not used."""

KEPT_PER_HOST = 16
KEPT = 256
"""Connections that nobody uses, at most. Those in use have no limit: a call that waits would only time out."""


class KeptConnections(aiohttp.TCPConnector):
    """Keeps connections, by what aiohttp knows of them: scheme, host, port and TLS context.

    Before one is used again its host is looked up anew, and one that leads elsewhere than the host does now is
    closed. So a host that moves is found where it is, and if that is where nobody may call, it is not called.

    aiohttp has no public names for taking a connection and giving it back; the tests hold both.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(keepalive_timeout=IDLE_SECONDS, **options)

    async def _get(self, key: ConnectionKey, traces: list[Any]) -> Connection | None:
        if not self._conns.get(key):
            return None
        now = await self._leads_to(key)
        while (connection := await super()._get(key, traces)) is not None:
            if _address(connection) in now:
                return connection
            connection.close()
        return None

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        kept = sum(map(len, self._conns.values()))
        is_full = kept >= KEPT or len(self._conns.get(key, ())) >= KEPT_PER_HOST
        super()._release(key, protocol, should_close=should_close or is_full)

    async def _leads_to(self, key: ConnectionKey) -> set[str]:
        """The addresses of a host, all of which may be called. Raises AddressRefused."""
        try:
            return {str(ip_address(key.host))}
        except ValueError:
            pass
        try:
            return {found["host"] for found in await self._resolver.resolve(key.host, key.port or 0)}
        except OSError:
            return set()  # A new connection will say so.


def _address(connection: Connection) -> str | None:
    """Where a connection leads; None if it is closed."""
    peer = connection.transport and connection.transport.get_extra_info("peername")
    return str(peer[0]) if peer else None
