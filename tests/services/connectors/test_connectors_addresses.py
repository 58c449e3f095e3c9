"""The address rules at work: what is looked up, what is connected to, and what never is."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_address

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.sandbox.town import Town
from services.connectors import Connector, Outcome, PreparedRequest, Response, judge
from services.connectors.errors import AddressRefused, CallError, NotSent
from services.connectors.network.addresses import SystemResolver
from tests.support.waiting import happened

PUBLIC = ("93.184.216.34", "2606:4700::1111")
NO_SECRETS: dict[str, str] = {}


class Names(AbstractResolver):
    """A name server: gives each question the next of its answers, and the last one from then on."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(host)
        if not answer:
            raise OSError("no such name")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in answer
        ]

    async def close(self) -> None: ...


class Silence(Names):
    """A name server that does not answer."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        await happened(asyncio.Event())
        return []


class Dialled:
    """Makes no socket at all, and notes which addresses were to be connected to."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    def __call__(self, info: aiohttp.AddrInfoType) -> socket.socket:
        self.addresses.append(str(info[4][0]))
        raise OSError(errno.ENETUNREACH, "no network here")


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as town:
        yield town


async def call(
    url: str,
    names: AbstractResolver | None = None,
    dialled: Dialled | None = None,
    *allowed: str,
    seconds: float = 5,
) -> Response | CallError:
    connector = Connector(allowed, NO_SECRETS.get, resolver=names, socket_factory=dialled)
    try:
        return await connector.call(PreparedRequest("GET", url), idempotency_key="k", timeout=seconds)
    except CallError as error:
        return error
    finally:
        await connector.aclose()


def port(town: Town) -> str:
    return town.url.rpartition(":")[2]


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("10.0.0.1", "private"),
        ("169.254.169.254", "metadata"),
        ("[::1]", "loopback"),
        ("[::ffff:127.0.0.1]", "loopback"),
        ("[64:ff9b::7f00:1]", "loopback"),
        ("[2002:7f00:1::]", "loopback"),
        ("[fd00:ec2::254]", "metadata"),
        ("2130706433", "numeric"),
        ("0177.0.0.1", "numeric"),
        ("0x7f.0.0.1", "numeric"),
        ("127.1", "numeric"),
    ],
)
async def test_a_literal_address_inside_is_refused_unasked(town: Town, host: str, reason: str) -> None:
    names, dialled = Names(PUBLIC), Dialled()
    error = await call(f"http://{host}:{port(town)}/ledger", names, dialled)
    assert isinstance(error, AddressRefused)
    assert error.reason == reason
    assert judge(error, safe=True).outcome is Outcome.FAIL
    assert (names.asked, dialled.addresses, town.ledger) == ([], [], [])


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (("127.0.0.1",), "loopback"),
        (("192.168.1.1",), "private"),
        (("169.254.169.254",), "metadata"),
        (("::1",), "loopback"),
        (("::ffff:10.0.0.1",), "private"),
        (("fe80::1%lo",), "link_local"),
        ((*PUBLIC, "127.0.0.1"), "loopback"),
    ],
)
async def test_a_name_that_leads_inside_is_refused(addresses: Sequence[str], reason: str) -> None:
    names, dialled = Names(addresses), Dialled()
    error = await call("http://town.example/", names, dialled)
    assert isinstance(error, AddressRefused)
    assert (error.host, error.reason) == ("town.example", reason)
    assert (names.asked, dialled.addresses) == (["town.example"], [])


async def test_the_system_finds_localhost_and_it_is_refused(town: Town) -> None:
    error = await call(f"http://localhost:{port(town)}/")
    assert isinstance(error, AddressRefused)
    assert error.reason == "loopback"


async def test_a_name_that_changes_between_check_and_connection_changes_nothing(town: Town) -> None:
    names, dialled = Names(PUBLIC, ["127.0.0.1"]), Dialled()
    error = await call(f"http://town.example:{port(town)}/", names, dialled)
    assert isinstance(error, NotSent)
    assert names.asked == ["town.example"]
    assert sorted(dialled.addresses) == sorted(PUBLIC)
    assert town.ledger == []


async def test_a_name_is_looked_up_and_checked_for_each_call() -> None:
    names = Names(PUBLIC, ["127.0.0.1"])
    connector = Connector((), NO_SECRETS.get, resolver=names, socket_factory=Dialled())
    request = PreparedRequest("GET", "http://town.example/")
    with pytest.raises(NotSent):
        await connector.call(request, idempotency_key="k", timeout=5)
    with pytest.raises(AddressRefused):
        await connector.call(request, idempotency_key="k", timeout=5)
    await connector.aclose()


async def test_an_allowed_name_is_called_where_it_leads(town: Town) -> None:
    answer = await call(
        f"http://town.example:{port(town)}/ledger", Names(["127.0.0.1"]), None, f"town.example:{port(town)}"
    )
    assert isinstance(answer, Response)
    assert answer.status == 200


async def test_an_allowed_host_is_allowed_at_its_port_only(town: Town) -> None:
    error = await call(f"http://town.example:{port(town)}/", Names(["127.0.0.1"]), None, "town.example:80")
    assert isinstance(error, AddressRefused)


async def test_a_name_that_is_not_known_was_not_sent() -> None:
    error = await call("http://town.example/", Names([]))
    assert isinstance(error, NotSent)
    assert error.reason == "dns"


async def test_a_name_server_that_hangs_was_not_sent() -> None:
    error = await call("http://town.example/", Silence(), seconds=0.2)
    assert isinstance(error, NotSent)
    assert error.reason == "timeout"


async def test_the_system_is_asked_in_threads_of_its_own() -> None:
    resolver = SystemResolver()
    (found, *_) = await resolver.resolve("localhost", 80, socket.AF_INET)
    assert (found["host"], found["port"], found["family"]) == ("127.0.0.1", 80, socket.AF_INET)
    await resolver.close()
