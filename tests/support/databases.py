"""The databases of tests: made, emptied and dropped by connections that are kept, for to connect takes longest."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

import asyncpg

T = TypeVar("T")

MAX_USES = 200
"""After so many tests a database goes: what they deleted is still in its files, and in its indexes."""

SECONDS = 30


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """A loop that outlives those of the tests, in a thread: a connection belongs to the loop that made it."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True, name="databases").start()
    return loop


async def kept(work: Coroutine[Any, Any, T]) -> T:
    """Do something in that loop."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, _loop()))


class TestDatabase:
    """A database and a connection to it. All that is awaited here is awaited in the loop of `kept`."""

    __test__ = False

    def __init__(self, server: asyncpg.Connection, name: str, own: asyncpg.Connection) -> None:
        self.name = name
        self.uses = 0
        self.shape = ""
        self._server = server
        self._own = own

    async def look(self) -> str:
        """What its tables, triggers and functions are like."""
        return str(await self._own.fetchval(_SHAPE))

    async def alone(self) -> None:
        """End all other connections to it. Raises TimeoutError."""
        async with asyncio.timeout(SECONDS):
            # To have the server wait for their end would take a tenth of a second each time.
            while await self._own.fetchval(_END_OTHERS):  # noqa: ASYNC110
                await asyncio.sleep(0.003)

    async def empty(self) -> None:
        """Remove every row."""
        if full := await self._own.fetchval(await _which_are_full(self._own)):
            # As a replica, for which no trigger fires: neither those that refuse a change nor foreign keys.
            await self._own.execute("SET session_replication_role = replica")
            await self._own.execute(";".join(f"DELETE FROM {table}" for table in full.split()))

    async def left_alone(self) -> None:
        """End every connection to it, so that it can be cloned."""
        await self.alone()
        await self._own.close()

    async def drop(self) -> None:
        """Drop it, whoever is connected."""
        self._own.terminate()
        await self._server.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


async def create(server_url: str, template: str) -> TestDatabase:
    """Clone one."""
    server = await _server(server_url)
    name = f"test_{uuid.uuid4().hex}"
    # WAL_LOG: cloning by files has two checkpoints in it, and took six times as long (148 ms and 25 ms).
    await server.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
    own = await asyncpg.connect(server_url.replace("/postgres?", f"/{name}?"), command_timeout=SECONDS)
    database = TestDatabase(server, name, own)
    database.shape = await database.look()
    return database


async def given_back(database: TestDatabase) -> bool:
    """Empty one; False if it is gone instead, because a test changed its tables, or because it is old."""
    database.uses += 1
    try:
        await database.alone()
        if database.uses < MAX_USES and await database.look() == database.shape:
            await database.empty()
            return True
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        # The test went as far as to end our connection, or to lock what is to be emptied.
        pass
    await database.drop()
    return False


_servers: dict[str, asyncpg.Connection] = {}
_full: list[str] = []


async def _server(url: str) -> asyncpg.Connection:
    found = _servers.get(url)
    if found is None or found.is_closed():
        found = _servers[url] = await asyncpg.connect(url, command_timeout=SECONDS)
    return found


async def _which_are_full(own: asyncpg.Connection) -> str:
    """The query for the names of the tables that have rows. Made once: all databases have the same tables."""
    if not _full:
        names = [row["relname"] for row in await own.fetch(_TABLES)]
        cases = ", ".join(f"CASE WHEN EXISTS (SELECT FROM {name}) THEN '{name}' END" for name in names)
        _full.append(f"SELECT concat_ws(' ', {cases})")
    return _full[0]


_END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_SHAPE = """
SELECT concat_ws(' ',
    (SELECT sum(attrelid::bigint * (attnum + 10) + atttypid::bigint * 3 + attnotnull::int + attisdropped::int * 2
        + hashtext(attname::text))
     FROM pg_attribute WHERE attrelid >= 16384),
    (SELECT sum(oid::bigint * (relrowsecurity::int + relforcerowsecurity::int * 2 + 1) + hashtext(relname::text))
     FROM pg_class WHERE oid >= 16384),
    (SELECT sum(oid::bigint * ascii(tgenabled::text)) FROM pg_trigger),
    (SELECT sum(oid::bigint * 7 + hashtext(prosrc)) FROM pg_proc WHERE oid >= 16384),
    (SELECT sum(oid::bigint * 7 + hashtext(xmin::text)) FROM pg_policy),
    (SELECT sum(oid::bigint * (convalidated::int + 1)) FROM pg_constraint)
)
"""
"""What a test may have changed of the tables: a database with another shape is not used again."""

_TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT IN ('alembic_version')
"""
