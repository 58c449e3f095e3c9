"""A component that answers every request after a fixed time, in a process of its own, and knows when each came.

python -m tests.bench.component --milliseconds 50

`GET /receipts` answers at once with a list of [idempotency key, reading of the system's monotonic clock].
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from typing import cast

import uvloop

_KEY = re.compile(rb"\r\nidempotency-key: ([^\r]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)

receipts: list[tuple[str, float]] = []


class Component(asyncio.Protocol):
    """One connection, one request."""

    seconds = 0.05

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._received = b""

    def data_received(self, data: bytes) -> None:
        """Answer once the request is complete."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = _LENGTH.search(head)
        if len(body) < (int(length[1]) if length else 0):
            return
        if head.startswith(b"GET /receipts"):
            self._answer(json.dumps(receipts).encode())
            return
        key = _KEY.search(head)
        receipts.append((key[1].decode() if key else "", time.monotonic()))
        asyncio.get_running_loop().call_later(self.seconds, self._answer, b'{"ok":true}')

    def _answer(self, body: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        self._transport.close()


async def main(milliseconds: float) -> None:
    """Serve until killed."""
    Component.seconds = milliseconds / 1000
    server = await asyncio.get_running_loop().create_server(Component, "127.0.0.1", 0, backlog=1024)
    print(f"Ready on port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milliseconds", type=float, default=50.0)
    uvloop.run(main(parser.parse_args().milliseconds))
