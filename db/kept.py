"""A few connections that are kept at hand, for statements that are transactions by themselves.

To take a connection out of the pool and to give it back, as SQLAlchemy does it, takes twice the CPU that the
driver takes for such a statement (docs/performance.md).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any, Self

from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import RECYCLE_SECONDS, TRUSTED_SECONDS, BoundConnection
from db.errors import DATABASE_ERRORS

MOST = 2
"""So many are kept: one for what steps say, and one for what comes at the same time."""

_ENDED = (SQLAlchemyError, AsyncAdapt_asyncpg_dbapi.Error, *DATABASE_ERRORS)


class KeptConnection:
    """A connection out of the pool; one statement at a time."""

    def __init__(self, connection: AsyncConnection, driver: BoundConnection) -> None:
        self.driver = driver
        self._connection = connection
        self._made_at = self._used_at = time.monotonic()

    @classmethod
    async def of(cls, engine: AsyncEngine) -> Self:
        """Take one out of the pool. Raises what a database does that is down."""
        connection = await engine.connect()
        raw: Any = await connection.get_raw_connection()
        return cls(connection, raw.driver_connection)

    async def is_alive(self) -> bool:
        """Whether it can be used. After a rest PostgreSQL is asked, as the pool asks."""
        now = time.monotonic()
        if self.driver.is_closed() or now - self._made_at > RECYCLE_SECONDS:
            return False
        if now - self._used_at > TRUSTED_SECONDS:
            try:
                await self.driver.execute("SELECT")
            except DATABASE_ERRORS:
                return False
        return True

    def note_use(self) -> None:
        """Its statement is over."""
        self._used_at = time.monotonic()

    async def give_back(self) -> None:
        """Leave it to the pool."""
        await self._connection.close()

    async def give_up(self) -> None:
        """Close it, whatever it was in the midst of; the pool makes another."""
        with suppress(*_ENDED):
            await self._connection.invalidate()
        with suppress(*_ENDED):
            await self._connection.close()


class KeptConnections:
    """Those that are kept of an engine: made as they are needed, and given to one at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._free: list[KeptConnection] = []

    @property
    def resting(self) -> int:
        """How many are kept, and not used at the moment."""
        return len(self._free)

    async def take(self) -> KeptConnection:
        """One that is free and lives, or another. Raises what a database does that is down."""
        while self._free:
            kept, is_alive = self._free.pop(), False
            try:
                is_alive = await kept.is_alive()
            finally:
                # Also where whoever asks waits no longer.
                if not is_alive:
                    await self.give_up(kept)
            if is_alive:
                return kept
        return await KeptConnection.of(self._engine)

    async def give_back(self, kept: KeptConnection) -> None:
        """Its statement is over, and all is well."""
        if len(self._free) >= MOST:
            await kept.give_back()
            return
        kept.note_use()
        self._free.append(kept)

    async def give_up(self, kept: KeptConnection) -> None:
        """It is broken, or in the midst of something. It is closed even if who waits for that is cancelled."""
        await asyncio.shield(asyncio.create_task(kept.give_up()))

    async def close(self) -> None:
        """Close those that nobody uses."""
        free, self._free = self._free, []
        for kept in free:
            await kept.give_back()
