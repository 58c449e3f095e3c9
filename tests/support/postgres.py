"""One PostgreSQL for the whole run, and a fresh database for each test that asks: a clone of a migrated one."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import text

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from tests.support.databases import TestDatabase, create, given_back, kept

TEMPLATE = "mudda_template"

LOG_LINE_PREFIX = "'%m [%p] %d '"
"""In the server's log, of which database a line is: see `statements`."""

T = TypeVar("T")

SETTINGS = {
    "log_line_prefix": LOG_LINE_PREFIX,
    # A power cut during a test run may cost the test's data.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # Several processes test at once, each with a bot or two that takes some forty.
    "max_connections": "400",
    # Rows are deleted by the test that put them in, and what is counted of tables is not to change by itself.
    "autovacuum": "off",
    "checkpoint_timeout": "'1h'",
    "jit": "off",
}


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
        async with embedded_postgres(self.directory / "postgres") as url:
            connection = await asyncpg.connect(url)
            for name, value in SETTINGS.items():
                await connection.execute(f"ALTER SYSTEM SET {name} = {value}")
            await connection.execute(f"CREATE DATABASE {TEMPLATE}")
            await connection.close()
        # Begun again: how many may connect is settled at the start.
        url = await self._stack.enter_async_context(embedded_postgres(self.directory / "postgres"))
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
async def empty_database(server_url: str) -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"empty_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server_url)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        yield database_url(server_url, name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


# Databases that a test has left as clean as it found them. To empty one costs a tenth of what a new one does.
_CLEAN: list[TestDatabase] = []

_PREPARED: dict[str, tuple[str, Any]] = {}


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[str]:
    """A migrated, empty database of one's own."""
    database = _CLEAN.pop() if _CLEAN else await kept(create(server_url, TEMPLATE))
    yield database_url(server_url, database.name)
    if await kept(given_back(database)):
        _CLEAN.append(database)


@asynccontextmanager
async def prepared_database(
    server_url: str, name: str, prepare: Callable[[str], Awaitable[T]]
) -> AsyncIterator[tuple[str, T]]:
    """A database of one's own, with what `prepare` put into one for all tests of a process; and what it gave."""
    if name not in _PREPARED:
        model = await kept(create(server_url, TEMPLATE))
        made = await prepare(database_url(server_url, model.name))
        await kept(model.left_alone())
        _PREPARED[name] = model.name, made
    template, made = _PREPARED[name]
    database = await kept(create(server_url, template))
    yield database_url(server_url, database.name), made
    await kept(database.drop())


async def analyze(database: Database) -> None:
    """Have PostgreSQL count what is in its tables, for plans of queries like those of a database that has grown.

    By the tables' owner: whoever is bound to a workspace is refused, without an error.
    """
    async with database.engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
