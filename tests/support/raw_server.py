"""A server on loopback that answers with whatever bytes it is given, right or wrong, one connection each."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Self

from tests.support.waiting import happened


def http(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class RawServer:
    """Gives the n-th connection the n-th answer, then closes it; the last answer is given again and again.

    `requests` are the texts of what was received. An answer that is in `kept_open` is not followed by a close.
    """

    def __init__(self, *answers: bytes, kept_open: Sequence[bytes] = ()) -> None:
        self.requests: list[str] = []
        self.port = 0
        self._answers = answers
        self._kept_open = frozenset(kept_open)
        self._stopping = asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.close()
        for connection in self._connections:
            # A client may keep one open on which it has asked nothing yet: nobody is waited for.
            connection.transport.abort()
        async with asyncio.timeout(10):
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"(?i)content-length: (\d+)", head)
            body = (await reader.readexactly(int(length[1]) if length else 0)).decode()
            answer = self._answers[min(len(self.requests), len(self._answers) - 1)]
            self.requests.append(head + body)
            writer.write(answer)
            await writer.drain()
            if answer in self._kept_open:
                await happened(self._stopping)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()
