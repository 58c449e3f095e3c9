"""What a call of a component costs over a kept connection, and over one of its own.

    python -m tests.bench.bench_calls

Both by turns in one process, against a server in a process of its own that answers at once and keeps what it is
connected by. CPU is that of the process that calls. On loopback a round trip takes no time; elsewhere a connection
costs one more, and with TLS two.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import cast

import uvloop

from services.components.definitions import Auth, CertificateAuth, NoAuth
from services.connectors import Connector, PreparedRequest
from services.connectors.connector import CallContext
from tests.support.certificates import Authority

ROUNDS = 20
CALLS = 50
NO_SECRETS: dict[str, str] = {}
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'


class Server(asyncio.Protocol):
    """Answers each request, of which none has a body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer, once the request is complete."""
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(ANSWER)


async def serve(certificate: Path) -> None:
    """Serve until killed: without TLS, and with it."""
    loop = asyncio.get_running_loop()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    servers = [await loop.create_server(Server, "127.0.0.1", 0, ssl=way, backlog=1024) for way in (None, tls)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def measure(connector: Connector, request: PreparedRequest, context: CallContext, at_once: int) -> None:
    """Print a line for each way to connect."""
    costs: dict[bool, list[tuple[float, float]]] = {True: [], False: []}

    async def calls(remaining: Iterator[int], *, kept: bool) -> None:
        for _ in remaining:
            await connector.call(request, idempotency_key="k", timeout=30, context=context, repeatable=kept)

    for _ in range(ROUNDS):
        for kept, measured in costs.items():
            remaining = iter(range(CALLS))
            cpu, clock = time.process_time(), time.perf_counter()
            await asyncio.gather(*(calls(remaining, kept=kept) for _ in range(at_once)))
            spent = time.process_time() - cpu, time.perf_counter() - clock
            measured.append((spent[0] / CALLS * 1000, spent[1] / CALLS * 1000))
    scheme = request.url.partition(":")[0]
    host = request.url.split("/")[2].rpartition(":")[0]
    for kept, measured in costs.items():
        cpus, clocks = zip(*measured[1:], strict=True)
        name = "kept" if kept else "its own"
        print(f"| {scheme}, {host} | {at_once} | {name} | {median(cpus):.2f} | {median(clocks):.2f} |")


async def main(ports: Sequence[int], authority: Authority) -> None:
    """Print the table."""
    own = authority.pair("bench")
    sealed = {"CERT": own.certificate, "KEY": own.key, "CA": authority.certificate}
    names = {"certificate": "secret:CERT", "key": "secret:KEY", "authority": "secret:CA"}
    with_tls = CertificateAuth.model_validate({"type": "mtls", **names})
    connector = Connector({"127.0.0.1", "localhost"}, NO_SECRETS.get)
    targets: list[tuple[str, Auth]] = [
        (f"http://127.0.0.1:{ports[0]}/", NoAuth()),
        (f"http://localhost:{ports[0]}/", NoAuth()),
        (f"https://127.0.0.1:{ports[1]}/", with_tls),
    ]
    print("| | at once | connection | CPU ms a call | ms a call |\n|---|---|---|---|---|")
    for url, auth in targets:
        for at_once in (1, 16):
            await measure(connector, PreparedRequest("GET", url, auth=auth), CallContext(sealed), at_once)
    await connector.aclose()


async def both() -> None:
    """Start the server, and measure."""
    authority = Authority()
    own = authority.pair("127.0.0.1")
    with tempfile.TemporaryDirectory() as folder:
        certificate = Path(folder) / "own.pem"
        certificate.write_text(own.key + own.certificate)
        command = (sys.executable, "-m", "tests.bench.bench_calls", str(certificate))
        server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            assert server.stdout is not None
            await main([int(port) for port in (await server.stdout.readline()).split()], authority)
        finally:
            server.kill()
            await server.wait()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])) if len(sys.argv) > 1 else both())
