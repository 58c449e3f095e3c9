"""The engine, and the doors to the database: `transaction()` commits, `reading()` can't write.

A third, `alone()`, is for one statement about tables that are no workspace's, and `bound_alone()` for one that
binds itself. Behind the others PostgreSQL itself keeps workspaces apart: each transaction is bound to one
workspace (`Database.of`), and sees and writes no row of another, whatever a query forgets. See
db/migrations/versions/0011_row_security.py.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NewType, Self
from uuid import UUID

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, SessionTransaction

from db.engine import RECYCLE_SECONDS, BoundConnection, async_engine
from db.errors import READ_ONLY, sqlstate
from db.kept import MOST, KeptConnections
from db.turns import Turns

logger = logging.getLogger("mudda.database")

# A query that takes a ReadSession can't be handed what it might write with by accident; free at run time.
ReadSession = NewType("ReadSession", AsyncSession)

_READ_ONLY = " SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;"

# PgQueuer reads one row per job under these; more connections than this only add switching on small machines, and
# a server of a hundred has to do for several processes.
POOL_SIZE = 10

MAX_OVERFLOW = 10
"""For those who only read, and for transactions within transactions. What is made beyond the pool's size is closed
as it comes back: making them anew again and again cost more than waiting does (docs/performance.md). So
transactions wait for their turn."""

PLACE_SECONDS = 10.0
"""For so long a transaction waits for its turn: those before it may wait for a row that somebody holds."""

IDLE_IN_TRANSACTION_MS = "10000"
"""Less than the 15 s after which another worker takes over."""

EVERYWHERE = "*"
"""What a transaction is bound to that may see the rows of all workspaces."""

_KEEPS_PLANS = (
    " SET LOCAL plan_cache_mode = force_generic_plan;"
    " SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
)
"""A plan that was made while a table was small would look through all of it when it has grown."""

_DRIVER, _ADAPTER = "driver", "adapter"
"""Under these names a session's `info` holds the driver's connection, and SQLAlchemy's own of that."""

_is_within: ContextVar[bool] = ContextVar("is_within", default=False)
"""Whether a transaction is open where this is read."""


class _BoundSession(Session):
    """A session whose transactions are bound as its `info` says."""


@event.listens_for(_BoundSession, "after_begin")
def _bind(session: Session, _: SessionTransaction, connection: Connection) -> None:
    # SQLAlchemy sends its BEGIN with the first statement, which is after this.
    raw: Any = connection.connection.driver_connection
    raw.binding = session.info["binding"]
    session.info[_DRIVER] = raw
    session.info[_ADAPTER] = connection.connection.dbapi_connection


def open_connection(session: AsyncSession) -> asyncpg.Connection | None:
    """The driver's connection of a session, within its transaction; None before its first statement."""
    raw = session.info.get(_DRIVER)
    return raw if raw is not None and raw.is_in_transaction() else None


async def begin(session: AsyncSession) -> asyncpg.Connection:
    """Begin a session's transaction; the driver's connection.

    SQLAlchemy begins with its own first statement, and takes as long for that as PostgreSQL does.
    """
    await session.connection()
    try:
        # Not public: should it go by another name one day, nothing begins.
        await session.info[_ADAPTER]._start_transaction()
    except AsyncAdapt_asyncpg_dbapi.Error as error:
        raise error.__cause__ or error from None
    return session.info[_DRIVER]


class Database:
    """One engine, its sessions and nothing else. As it is made, it is bound to no workspace and sees none."""

    def __init__(
        self,
        database_url: str,
        *,
        pool_size: int = POOL_SIZE,
        max_overflow: int = MAX_OVERFLOW,
        is_pooled: bool = False,
    ) -> None:
        self.url = database_url
        self.is_pooled = is_pooled
        self.engine: AsyncEngine = async_engine(
            database_url,
            pool_size=pool_size + MOST,
            max_overflow=max_overflow,
            pool_recycle=RECYCLE_SECONDS,
            pool_use_lifo=True,
            # A process that falls asleep in a transaction must not keep the rows that it holds.
            settings={"idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS},
            is_pooled=is_pooled,
            is_bound=True,
            pool_timeout=2.5,
        )
        self._places = asyncio.Semaphore(pool_size)
        self._scope = ""
        self._turns = Turns()
        self._kept = KeptConnections(self.engine)
        self._ending: set[asyncio.Task[None]] = set()
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, sync_session_class=_BoundSession)

    def of(self, workspace_id: UUID) -> Self:
        """The same database, bound to a workspace: there is nothing else in it."""
        return self._bound(str(workspace_id))

    def everywhere(self) -> Self:
        """The same database, with the rows of all workspaces: for what is about none or all of them."""
        return self._bound(EVERYWHERE)

    def _bound(self, scope: str) -> Self:
        bound = copy.copy(self)
        bound._scope = scope
        return bound

    @asynccontextmanager
    async def transaction(self, *, keeps_plans: bool = False) -> AsyncIterator[AsyncSession]:
        """A session whose work is kept when the block ends, and was never there when the block raises.

        With `keeps_plans` PostgreSQL plans each statement once for a connection, for any values, and by indexes:
        for statements that find rows by what is given, which take longer to plan than to carry out.
        """
        info = {"binding": self._binding() + _KEEPS_PLANS * keeps_plans, "turns": self._turns}
        async with self._place():
            session = self._sessions(info=info)
            is_kept = False
            try:
                yield session
                await session.commit()
                is_kept = True
            finally:
                if is_kept:
                    # The commit has given the connection back, so there is nothing to wait for.
                    session.sync_session.close()
                else:
                    await session.__aexit__(None, None, None)

    @asynccontextmanager
    async def reading(self, *, waits: bool = True) -> AsyncIterator[ReadSession]:
        """A session to read with: PostgreSQL itself refuses a write, and one snapshot serves every query.

        Unless it `waits`, the block ends before the transaction does: that is a round trip that no reader needs.
        """
        async with self._reading(_READ_ONLY, waits) as session:
            yield session

    @asynccontextmanager
    async def searching(self) -> AsyncIterator[ReadSession]:
        """As `reading`, for what looks through much: PostgreSQL plans each statement for its values.

        After five uses on a connection it would plan for all values, if it guesses that this costs no more.
        It guesses wrongly where few rows are wanted by a rare value, and where the latest of some are.
        """
        async with self._reading(f"{_READ_ONLY} SET LOCAL plan_cache_mode = force_custom_plan;") as session:
            yield session

    @asynccontextmanager
    async def _reading(self, settings: str, waits: bool = True) -> AsyncIterator[ReadSession]:
        session = self._sessions(info={"binding": settings + self._binding(), "turns": self._turns})
        try:
            yield ReadSession(session)
        finally:
            ending = asyncio.create_task(session.close())
            self._ending.add(ending)
            ending.add_done_callback(self._ended)
            if waits:
                await asyncio.shield(ending)

    def _ended(self, ending: asyncio.Task[None]) -> None:
        self._ending.discard(ending)
        # What can't be ended is broken, and the pool makes another; whoever waits for it is told, too.
        if not ending.cancelled() and (error := ending.exception()) is not None:
            logger.info("A transaction that only read could not be ended: %s", type(error).__name__)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """A place among as many transactions as the pool has connections. One within another needs none.

        Raises sqlalchemy.exc.TimeoutError, as a pool without connections does.
        """
        if _is_within.get():
            yield
            return
        try:
            async with asyncio.timeout(PLACE_SECONDS) if self._places.locked() else nullcontext():
                await self._places.acquire()
        except TimeoutError:
            raise PoolTimeout(f"No connection was free for {PLACE_SECONDS} s") from None
        _is_within.set(True)
        try:
            yield
        finally:
            _is_within.set(False)
            self._places.release()

    async def alone(self, statement: str, *values: Any) -> Sequence[asyncpg.Record]:
        """The rows of one statement of the driver's, which is a transaction of its own: one round trip, not four.

        It is kept once this returns. Nothing binds it to a workspace, so it is for tables that have rows of none.
        """
        return await self._alone(lambda _: (statement, *values))

    async def bound_alone(self, statement: str, *values: Any) -> Sequence[asyncpg.Record]:
        """The same for the workspace to which this is bound, by a statement that binds its transaction itself.

        Its first two values are the workspace and the role that the transaction takes, or "".
        """
        return await self._alone(lambda connection: (statement, self._scope, connection.role, *values))

    async def _alone(self, asked: Callable[[BoundConnection], Sequence[Any]]) -> Sequence[asyncpg.Record]:
        async with self._place():
            kept = await self._kept.take()
            is_whole = False
            try:
                rows = await self._fetched(kept.driver, *asked(kept.driver))
                is_whole = True
            except asyncpg.PostgresError as error:
                is_whole = sqlstate(error) != READ_ONLY and not kept.driver.is_closed()
                raise
            finally:
                await (self._kept.give_back(kept) if is_whole else self._kept.give_up(kept))
            return rows

    async def _fetched(
        self, connection: BoundConnection, statement: str, *values: Any
    ) -> Sequence[asyncpg.Record]:
        if not self.is_pooled:
            return list(await connection.fetch(statement, *values))
        # Outside of a transaction a pooler may give it to one server, and what was prepared to another.
        async with connection.transaction():
            return list(await connection.fetch(statement, *values))

    @property
    def connections(self) -> tuple[int, int]:
        """How many connections are used at the moment, and how many transactions may be open at once."""
        pool: Any = self.engine.sync_engine.pool
        return pool.checkedout() - self._kept.resting, pool.size() - MOST

    def priority(self, workspace_id: UUID) -> int:
        """The priority of the next job of a workspace."""
        return self._turns.priority(workspace_id)

    def next_priority(self, workspace_id: UUID) -> int:
        """The same, where it is not known yet if there will be one; nothing is taken by that."""
        return self._turns.next_priority(workspace_id)

    def _binding(self) -> str:
        return f" SET LOCAL mudda.workspace = '{self._scope}';"

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._kept.close()
        await self.engine.dispose()
