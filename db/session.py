"""The engine, and the only two doors to the database: `transaction()` commits, `reading()` can't write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NewType

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

# A query that takes a ReadSession can't be handed what it might write with by accident; free at run time.
ReadSession = NewType("ReadSession", AsyncSession)

# PgQueuer reads one row per job under these; more connections than this only add switching on small machines.
POOL_SIZE = 10
MAX_OVERFLOW = 10

IDLE_IN_TRANSACTION_MS = "10000"
"""Less than the 15 s after which another worker takes over."""

DATABASE_ERRORS = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that is down, restarting or out of connections raises; the queue speaks to asyncpg itself.

Not all of these are outages: see `is_refused`.
"""

REFUSED = frozenset({"22", "23", "42"})
"""The classes of SQLSTATE for data, integrity and syntax: PostgreSQL says the same however often it is asked."""


def is_refused(error: BaseException) -> bool:
    """Whether a database error is a fault of ours, which no waiting mends, and no outage.

    The types don't tell: what asyncpg raises for data that can't be stored reaches us as a plain DBAPIError.
    """
    if isinstance(error, SQLAlchemyError) and not isinstance(error, (DBAPIError, PoolTimeout)):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None))[:2] in REFUSED


def engine_url(database_url: str) -> URL:
    """Turn `postgresql://…` (TCP, or `?host=/socket/dir`) into the URL of the asyncpg dialect."""
    return make_url(database_url).set(drivername="postgresql+asyncpg")


class Database:
    """One engine, its sessions and nothing else."""

    def __init__(self, database_url: str, *, pool_size: int = POOL_SIZE, max_overflow: int = MAX_OVERFLOW) -> None:
        self.url = database_url
        self.engine: AsyncEngine = create_async_engine(
            engine_url(database_url),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_pre_ping=True,
            pool_recycle=1800,
            # A server that is gone must be an error within Slack's three seconds, and not a wait.
            connect_args={
                "timeout": 2.5,
                "command_timeout": 30,
                # A process that falls asleep in a transaction must not keep the rows that it holds.
                "server_settings": {"idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS},
            },
            pool_timeout=2.5,
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is kept when the block ends, and was never there when the block raises."""
        async with self._sessions() as session:
            yield session
            await session.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[ReadSession]:
        """A session to read with: PostgreSQL itself refuses a write, and one snapshot serves every query."""
        async with self._sessions() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield ReadSession(session)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
