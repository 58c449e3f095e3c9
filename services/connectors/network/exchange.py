"""One request over a connection, and its answer, as HTTP/1.1 has them.

aiohttp's parser reads the answer. Its session, which follows redirects, keeps cookies, looks for proxies and tells
whoever traces it of each of these, took more of a call's CPU than all the rest; none of that is wanted here.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import ClientConnectionResetError, ClientOSError, ServerDisconnectedError
from yarl import URL

from services.connectors.errors import MaybeSent, NotSent
from services.connectors.network.tolerance import TolerantHandler

_HEADER_BYTES = 262_144
_HEADERS_AT_MOST = 2_000
"""Far more than any API sends: an answer that came in full is not refused for its headers."""

_HEADERS = {"User-Agent": "mudda", "Accept": "application/json, */*;q=0.5", "Accept-Encoding": "gzip"}

_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_SWITCHING = 101


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


class Broken(Exception):
    """The connection ended before there was anything of an answer."""


def written(method: str, url: URL, headers: Mapping[str, str], data: bytes | None, *, is_last: bool) -> bytes:
    """A request as it goes over the wire. `is_last`: the connection is not to be kept for another.

    Raises ValueError for a header that would be several.
    """
    fields = {"host": ("Host", url.host_port_subcomponent or "")}
    for named in (_HEADERS, headers):
        fields |= {name.lower(): (name, value) for name, value in named.items()}
    if url.raw_user or url.raw_password:
        pair = base64.b64encode(f"{url.user or ''}:{url.password or ''}".encode()).decode()
        fields["authorization"] = ("Authorization", f"Basic {pair}")
    if data is not None or method not in _WITHOUT_BODY:
        fields["content-length"] = ("Content-Length", str(len(data or b"")))
    if is_last:
        fields["connection"] = ("Connection", "close")
    lines = [f"{method} {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.values())]
    head = "\r\n".join([*lines, "", ""])
    if not head.count("\r") == head.count("\n") == len(lines) + 1 or "\0" in head:
        raise ValueError("a header with an end of line in it")
    return head.encode() + (data or b"")


async def exchange(
    handler: TolerantHandler, method: str, request: bytes, progress: SendProgress, limit: int
) -> RawResponse:
    """Send a request and read `limit` bytes of its answer. The connection stays open.

    Raises Broken, and of aiohttp's errors HttpProcessingError, ClientPayloadError and ClientConnectionError.
    """
    if handler.transport is None or handler.transport.is_closing():
        raise Broken
    handler.set_response_params(
        skip_payload=method == "HEAD",
        read_until_eof=True,
        auto_decompress=False,
        max_field_size=_HEADER_BYTES,
        max_line_size=_HEADER_BYTES,
        max_headers=_HEADERS_AT_MOST,
    )
    progress.sent = True
    handler.transport.write(request)
    try:
        message, content = await handler.read()
        while 100 <= message.code < 200 and message.code != _SWITCHING:
            message, content = await handler.read()
    except (ClientOSError, ServerDisconnectedError, ClientConnectionResetError):
        raise Broken from None
    progress.status = message.code
    data = bytearray()
    while len(data) <= limit and (chunk := await content.readany()):
        data += chunk
    return RawResponse(message.code, message.headers, bytes(data[:limit]), cut=len(data) > limit)
