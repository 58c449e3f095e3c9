"""Behind a pooler: it is noticed, a way past it is asked for, and with one a plan is drafted and run."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.errors import SettingsError
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import SlackStandIn
from bot.serve import running_bot
from bot.slack import ids
from db.engine import is_behind_pooler
from tests.support.town_hall import LEAK, bot_settings, drafted, town_hall
from tests.support.waiting import ended


@asynccontextmanager
async def relay(database_url: str, *, inventing: bool = False) -> AsyncIterator[int]:
    """Passes all on from a TCP port to the server's socket; `inventing` the process id that a client is told."""
    socket = f"{parse_qs(urlsplit(database_url).query)['host'][0]}/.s.PGSQL.5432"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(socket)
        await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer, invent=inventing))

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, invent: bool = False) -> None:
        while chunk := await reader.read(65536):
            # BackendKeyData: K, a length of 12, the process id and a secret.
            at = chunk.find(b"K\x00\x00\x00\x0c") if invent else -1
            writer.write(chunk if at < 0 else chunk[: at + 5] + b"\x00\x00\x00\x07" + chunk[at + 9 :])
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


@asynccontextmanager
async def small_pooler(database_url: str) -> AsyncIterator[str]:
    """Makes up the process id that a client is told, as poolers do."""
    async with relay(database_url, inventing=True) as port:
        yield f"postgresql://postgres@127.0.0.1:{port}{urlsplit(database_url).path}"


async def test_a_pooler_is_noticed(database_url: str) -> None:
    assert not await is_behind_pooler(database_url)
    async with small_pooler(database_url) as pooled_url:
        assert await is_behind_pooler(pooled_url)


async def test_without_a_way_past_it_the_start_says_so(database_url: str) -> None:
    async with small_pooler(database_url) as pooled_url, SlackStandIn() as slack, GeminiStandIn() as gemini:
        with pytest.raises(SettingsError, match="DATABASE_DIRECT_URL is missing"):
            async with running_bot(bot_settings(slack, gemini, pooled_url)):
                pass


@asynccontextmanager
async def pgbouncer(database_url: str, mode: str) -> AsyncIterator[str]:
    """A real one. It does not run as root, so its folder is open to all."""
    name = urlsplit(database_url).path.lstrip("/")
    async with relay(database_url) as port:
        with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-pooler-") as directory:
            configuration = (
                f"[databases]\n{name} = host=127.0.0.1 port={port} user=postgres\n"
                f"[pgbouncer]\nunix_socket_dir = {directory}\nlisten_port = 6543\nauth_type = any\n"
                f"pool_mode = {mode}\n"
            )
            file = Path(directory) / "pgbouncer.ini"
            file.write_text(configuration)
            file.parent.chmod(0o777)
            async with running(shutil.which("pgbouncer") or "", "-u", "nobody", str(file)):
                yield f"postgresql://postgres@/{name}?host={directory}&port=6543"


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while b"process up" not in (line := await process.stderr.readline()):
                assert line, "PgBouncer did not start"
        yield
    finally:
        process.terminate()
        await ended(process)


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="there is no PgBouncer on this machine")
@pytest.mark.parametrize("mode", ["transaction", "session"])
async def test_a_plan_is_drafted_and_run_behind_pgbouncer(database_url: str, mode: str) -> None:
    async with (
        pgbouncer(database_url, mode) as pooled_url,
        town_hall(pooled_url, database_direct_url=database_url) as hall,
    ):
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        card = await drafted(hall)
        await hall.slack.click("marco", "works", card.ts, ids.ACTION_APPROVE)
        assert await hall.slack.wait_for(lambda: hall.town.received("open311.create_request"), 20)
