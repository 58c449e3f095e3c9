"""Which hosts and addresses may be called.

A component's URL was written by someone who may not know, or may well know, what stands behind the firewall. So
the host is looked up once, every address that it has is checked, and the connection goes to one of these.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.connectors.errors import AddressRefused

Address = IPv4Address | IPv6Address

# Where clouds tell a machine who it is, and hand out its credentials. The last is Azure's, in public space.
_METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254", "168.63.129.16"))
)
# What Python's own tables leave out: protocol assignments, the retired 6to4 relays, and what is not yet given out.
_RESERVED_4 = tuple(map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4")))
_RESERVED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
_GLOBAL_6 = IPv6Network("2000::/3")

# In these an IPv6 address holds an IPv4 one in its last 32 bits: IPv4-mapped, IPv4-translated, NAT64, and the
# retired IPv4-compatible form.
_HOLDS_4 = tuple(map(IPv6Network, ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "::/96")))

_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_MAX_HOST = 253
_LOOK_UPS = 16


@lru_cache(maxsize=1_000)
def written_address(host: str) -> Address | None:
    """The address that a host stands for as it is written; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=1_000)
def address_refusal(address: Address) -> str | None:
    """Why an address must not be called (see AddressRefused), None if it may be.

    An IPv6 address that holds an IPv4 one is judged by what it leads to.
    """
    if isinstance(address, IPv4Address):
        return _refusal(address, public=address.is_global and not _in(address, _RESERVED_4))
    inner = _inner(address)
    if inner:
        return next(filter(None, map(address_refusal, inner)), None)
    return _refusal(address, public=address.is_global and address in _GLOBAL_6 and not _in(address, _RESERVED_6))


def _refusal(address: Address, *, public: bool) -> str | None:
    tests = {
        "metadata": address in _METADATA,
        "unspecified": address.is_unspecified,
        "loopback": address.is_loopback,
        "link_local": address.is_link_local,
        "multicast": address.is_multicast,
        "reserved": address.is_reserved or _in(address, _RESERVED_4) or _in(address, _RESERVED_6),
        "private": not public,
    }
    return next((reason for reason, holds in tests.items() if holds), None)


def _inner(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that an IPv6 address stands for or leads through."""
    if address.is_unspecified or address.is_loopback:
        return ()
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    return (IPv4Address(int(address) & 0xFFFFFFFF),) if _in(address, _HOLDS_4) else ()


def _in(address: Address, networks: Collection[IPv4Network] | Collection[IPv6Network]) -> bool:
    return any(address in network for network in networks)


class AddressRules:
    """What may be called. `allowed_hosts` are let through whatever their addresses: `name` or `name:port`."""

    def __init__(self, allowed_hosts: Collection[str] = ()) -> None:
        self._allowed = frozenset(host.strip().lower() for host in allowed_hosts)

    def check_url(self, url: URL) -> None:
        """Check what can be told of a URL without looking its host up. Raises AddressRefused."""
        host = (url.raw_host or "").lower()
        if url.scheme not in ("http", "https"):
            raise AddressRefused(host, "bad_scheme")
        address = written_address(host)
        if address is None:
            _check_name(host)
        else:
            self.check_address(host, url.port or 0, address)

    def check_address(self, host: str, port: int, address: Address) -> None:
        """Check one address of a host. Raises AddressRefused."""
        reason = None if self._allows(host, port) else address_refusal(address)
        if reason is not None:
            raise AddressRefused(host, reason)

    def _allows(self, host: str, port: int) -> bool:
        name = host.lower().rstrip(".")
        written = (name, f"[{name}]") if ":" in name else (name,)
        return any(form in self._allowed or f"{form}:{port}" in self._allowed for form in written)


def _check_name(host: str) -> None:
    # A last label that is a number makes an IPv4 address of the whole, for whoever is lenient: 2130706433,
    # 0x7f.1, 0177.0.0.1, 127.1. Nobody needs these, so nobody may use them.
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        raise AddressRefused(host, "numeric")
    if len(host) > _MAX_HOST or not _HOST.fullmatch(host):
        raise AddressRefused(host, "bad_host")


class CheckedResolver(AbstractResolver):
    """Looks hosts up by another resolver and lets through only what may be called.

    One address that may not be is enough to refuse a host: whoever mixes them means the other one.
    """

    def __init__(self, rules: AddressRules, resolver: AbstractResolver) -> None:
        self._rules = rules
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises OSError if it has none, AddressRefused if it must not be called."""
        found = await self._resolver.resolve(host, port, family)
        if not found:
            raise OSError(f"{host} has no address")
        for result in found:
            address = written_address(result["host"])
            if address is None:
                raise AddressRefused(host, "bad_host")
            self._rules.check_address(host, port, address)
        return found

    async def close(self) -> None:
        """Close the other resolver."""
        await self._resolver.close()


class SystemResolver(AbstractResolver):
    """Looks hosts up as the system does, in threads of its own.

    The default pool has a handful of threads: one name server that does not answer would hold up everything else.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises OSError if it has none."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._pool, _look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=family,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family, address in found
        ]

    async def close(self) -> None:
        """Let go of the threads; one that still waits for a name server ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
    return [(family, str(address[0])) for family, _, _, _, address in found]
