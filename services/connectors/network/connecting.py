"""Connections to hosts: looked up, and made to one of the addresses that were found."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import aiohappyeyeballs
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.connectors.network.addresses import written_address
from services.connectors.network.tolerance import TolerantHandler

SocketFactory = Callable[[AddrInfoType], socket.socket]

CONNECT_SECONDS = 10.0
"""For a connection with all that TLS asks for."""

NEXT_ADDRESS_SECONDS = 0.25
"""So long after one address of a host the next is tried beside it (RFC 8305)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes; only requests that agree in it share a connection. `tls` is None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None

    @classmethod
    def of(cls, url: URL, tls: ssl.SSLContext | None) -> Target:
        """That of a URL; `tls` is for a host that is called with a client certificate."""
        secure = (tls or _tls()) if url.scheme == "https" else None
        return cls(url.raw_host or "", url.port or 0, secure)


class Dialler:
    """Looks hosts up and connects to them. `resolver` has the last word on which addresses may be called."""

    def __init__(self, resolver: AbstractResolver, socket_factory: SocketFactory | None) -> None:
        self._resolver = resolver
        self._socket_factory = socket_factory

    async def addresses(self, target: Target) -> Sequence[str]:
        """The addresses of a host, all of which may be called. Raises AddressRefused and OSError."""
        address = written_address(target.host)
        if address is not None:
            return (str(address),)  # as it stands in the URL, and was checked with that
        return [found["host"] for found in await self._resolver.resolve(target.host, target.port)]

    async def connect(self, target: Target, addresses: Sequence[str]) -> TolerantHandler:
        """Connect to one of the addresses. Raises OSError, such as TimeoutError and SSLError."""
        left = [_info(address, target.port) for address in addresses]
        while True:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self._connected(target, left)
            except OSError:
                aiohappyeyeballs.pop_addr_infos_interleave(left, 1)
                if not left:
                    raise

    async def _connected(self, target: Target, infos: Sequence[AddrInfoType]) -> TolerantHandler:
        loop = asyncio.get_running_loop()
        # A certificate has the name without the dot at its end.
        name = target.host.rstrip(".") if target.tls else None
        connect = partial(
            loop.create_connection, partial(TolerantHandler, loop), ssl=target.tls, server_hostname=name
        )
        handler: TolerantHandler
        if len(infos) == 1 and self._socket_factory is None:
            host, port, *_ = infos[0][-1]
            _, handler = await connect(host, port)  # an address, so nothing is looked up; half the CPU
        else:
            connected = await aiohappyeyeballs.start_connection(
                infos, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS, loop=loop, socket_factory=self._socket_factory
            )
            _, handler = await connect(sock=connected)
        return handler


def _info(address: str, port: int) -> AddrInfoType:
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))


@cache
def _tls() -> ssl.SSLContext:
    """What hosts without a client certificate are connected to with."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
