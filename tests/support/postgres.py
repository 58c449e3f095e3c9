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
from sqlalchemy import text

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database

TEMPLATE = "mudda_template"

LOG_LINE_PREFIX = "'%m [%p] %d '"
"""In the server's log, of which database a line is: see `statements`."""

SETTINGS = {
    "log_line_prefix": LOG_LINE_PREFIX,
    # A power cut during a test run may cost the test's data.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # Several processes test at once, each with a bot or two that takes some forty.
    "max_connections": "400",
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
_CLEAN: list[str] = []


@asynccontextmanager
async def fresh_database(server_url: str) -> AsyncIterator[str]:
    """A migrated, empty database of one's own."""
    admin = await asyncpg.connect(server_url)
    try:
        if _CLEAN:
            name = _CLEAN.pop()
        else:
            name = f"test_{uuid.uuid4().hex}"
            # WAL_LOG: cloning by files has two checkpoints in it, and took six times as long (148 ms and 25 ms).
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY WAL_LOG")
        yield database_url(server_url, name)
        await admin.execute(_DISCONNECT, name)
        if await _emptied(database_url(server_url, name), database_url(server_url, TEMPLATE)):
            _CLEAN.append(name)
        else:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


_DISCONNECT = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
_SHAPE = """
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
    SELECT concat_ws(' ', c.relname, c.relkind, a.attname, a.atttypid::regtype, a.attnotnull) AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', proname, md5(prosrc)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS lines
"""
"""What a test may have changed of the tables: a database with another shape is not used again."""

_TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN ('alembic_version')
"""
_shapes: dict[str, str] = {}


async def analyze(database: Database) -> None:
    """Have PostgreSQL count what is in its tables, for plans of queries like those of a database that has grown.

    By the tables' owner: whoever is bound to a workspace is refused, without an error.
    """
    async with database.engine.begin() as connection:
        await connection.execute(text("ANALYZE"))


async def _emptied(url: str, template_url: str) -> bool:
    """Remove every row; False if the tables are not as the migrations made them."""
    if template_url not in _shapes:
        template = await asyncpg.connect(template_url)
        _shapes[template_url] = await template.fetchval(_SHAPE)
        await template.close()
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(_SHAPE) != _shapes[template_url]:
            return False
        tables = [row["relname"] for row in await connection.fetch(_TABLES)]
        # As a replica, for which no trigger fires: neither those that refuse a change nor foreign keys.
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(";".join(f"DELETE FROM {table}" for table in tables))
    finally:
        await connection.close()
    return True
