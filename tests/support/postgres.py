"""One PostgreSQL for the whole run, and a fresh database for each test that asks: a clone of a migrated one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from db.embedded import embedded_postgres
from db.migrate import migrate

TEMPLATE = "mudda_template"


class TestServer:
    """The server, started by the process that pytest was started as; its workers are told the URL."""

    __test__ = False

    def __init__(self) -> None:
        # Below /tmp, because a server started as root opens the directories above its own to its user.
        self.directory = Path(tempfile.mkdtemp(dir="/tmp", prefix="mudda-tests-"))
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.url = self._runner.run(self._start())

    async def _start(self) -> str:
        url = await self._stack.enter_async_context(embedded_postgres(self.directory / "postgres"))
        connection = await asyncpg.connect(url)
        # A power cut during a test run may cost the test's data.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            await connection.execute(f"ALTER SYSTEM SET {setting} = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute(f"CREATE DATABASE {TEMPLATE}")
        await connection.close()
        await migrate(database_url(url, TEMPLATE))
        return url

    def stop(self) -> None:
        """Stop the server and delete what it kept."""
        self._runner.run(self._stack.aclose())
        self._runner.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def database_url(server_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return server_url.replace("/postgres?", f"/{name}?")


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[str]:
    """A migrated, empty database of one's own; dropped at the end with whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server_url)
    try:
        # WAL_LOG: cloning by files has two checkpoints in it, and took six times as long (148 ms and 25 ms).
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY WAL_LOG")
        yield database_url(server_url, name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()
