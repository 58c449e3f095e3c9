"""Documents of APIs, fetched by their URL under the address rules, and which addresses in one may be called."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from aiohttp.abc import AbstractResolver
from yarl import URL

from services.connectors.errors import AddressRefused, NotSent, RedirectRefused
from services.connectors.network.addresses import AddressRules
from services.connectors.network.transport import SendProgress, Transport
from services.errors import MuddaError

SECONDS = 30.0
_LOOK_UP_SECONDS = 5.0
_HEADERS = {
    "Accept": "application/json, application/yaml, text/yaml, */*;q=0.5",
    # Packed it could be of any size.
    "Accept-Encoding": "identity",
}


class FetchRefused(MuddaError):
    """A document can't be had.

    `reason` is "status" (with it), "packed", "too_large" (with `limit` in bytes) or "userinfo": the URL holds a
    name and a password, which would be kept and shown with it.
    """

    def __init__(self, reason: str, *, status: int | None = None, limit: int | None = None) -> None:
        super().__init__(f"{reason} {status or limit or ''}".strip())
        self.reason = reason
        self.status = status
        self.limit = limit


async def fetch_document(
    url: str, *, allowed_hosts: Collection[str], limit: int, resolver: AbstractResolver | None = None
) -> bytes:
    """The bytes at a URL, at most `limit` of them.

    Raises FetchRefused and CallError; a redirect is one, for it leads elsewhere.
    """
    if _url(url).user is not None or _url(url).password is not None:
        raise FetchRefused("userinfo")
    transport = Transport(AddressRules(allowed_hosts), resolver)
    progress = SendProgress()
    try:
        async with asyncio.timeout(SECONDS):
            answer = await transport.send(
                "GET", _url(url), headers=_HEADERS, data=None, progress=progress, limit=limit
            )
    except TimeoutError:
        raise progress.failure("timeout") from None
    finally:
        await transport.aclose()
    if 300 <= answer.status < 400:
        raise RedirectRefused(status=answer.status, host=_host(answer.headers.get("Location", "")))
    if answer.status != 200:
        raise FetchRefused("status", status=answer.status)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchRefused("packed")
    if answer.cut:
        raise FetchRefused("too_large", limit=limit)
    return answer.data


async def refused_origins(
    origins: Collection[str], *, allowed_hosts: Collection[str], resolver: AbstractResolver | None = None
) -> Mapping[str, str]:
    """Those of the origins ("https://api.example.org:443") that must not be called, with why (AddressRefused).

    One that can't be looked up now is none of them: that is not known of it, and a call will find out.
    """
    transport = Transport(AddressRules(allowed_hosts), resolver)
    try:
        reasons = await asyncio.gather(*(_reason(transport, origin) for origin in origins))
    finally:
        await transport.aclose()
    return {origin: reason for origin, reason in zip(origins, reasons, strict=True) if reason}


async def _reason(transport: Transport, origin: str) -> str:
    try:
        async with asyncio.timeout(_LOOK_UP_SECONDS):
            await transport.check(_url(origin))
    except AddressRefused as error:
        return error.reason
    except (NotSent, TimeoutError):
        pass
    return ""


def _url(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        raise AddressRefused("", "bad_host") from None


def _host(location: str) -> str:
    try:
        return URL(location).host or ""
    except ValueError:
        return ""
