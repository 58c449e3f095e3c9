"""The engine, and the doors to the database: `transaction()` commits, `reading()` can't write.

A third, `alone()`, is for one statement about tables that are no workspace's. Behind the other two PostgreSQL
itself keeps workspaces apart: each transaction is bound to one workspace (`Database.of`), and sees and writes no
row of another, whatever a query forgets. See db/migrations/versions/0011_row_security.py.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, NewType, Self
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import Connection, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry

from db import dialect
from db.known_types import KnowingConnection, Types
from db.turns import Turns
from db.url import dsn_and_timeout

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

DATABASE_ERRORS = (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that is down, restarting or out of connections raises; the queue speaks to asyncpg itself.

Not all of these are outages: see `is_refused`.
"""

REFUSED = frozenset({"22", "23", "42"})
"""The classes of SQLSTATE for data, integrity and syntax: PostgreSQL says the same however often it is asked."""


EVERYWHERE = "*"
"""What a transaction is bound to that may see the rows of all workspaces."""

TENANT_ROLE = "mudda_tenant"
"""Whom row-level security holds for; a superuser, and who has BYPASSRLS, would go past it."""

TRUSTED_SECONDS = 1.0
"""A connection that was used so lately is taken as it is."""

_KEEPS_PLANS = (
    " SET LOCAL plan_cache_mode = force_generic_plan;"
    " SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;"
)
"""A plan that was made while a table was small would look through all of it when it has grown."""

_DRIVER, _ADAPTER = "driver", "adapter"
"""Under these names a session's `info` holds the driver's connection, and SQLAlchemy's own of that."""

_is_within: ContextVar[bool] = ContextVar("is_within", default=False)
"""Whether a transaction is open where this is read."""

READ_ONLY = "25006"
"""The SQLSTATE of a write to a server that is read-only, as the old primary is after a failover."""


def is_refused(error: BaseException) -> bool:
    """Whether a database error is a fault of ours, which no waiting mends, and no outage.

    The types don't tell: what asyncpg raises for data that can't be stored reaches us as a plain DBAPIError.
    """
    if isinstance(error, SQLAlchemyError) and not isinstance(error, (DBAPIError, PoolTimeout)):
        return True
    return sqlstate(error)[:2] in REFUSED


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of an error, whoever raised it; empty where there is none."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")


def async_engine(
    database_url: str,
    *,
    settings: Mapping[str, str] | None = None,
    is_pooled: bool = False,
    is_bound: bool = False,
    **options: Any,
) -> AsyncEngine:
    """An engine whose connections asyncpg makes from the URL itself, with all parameters that libpq has for it.

    `settings` are set by statement: a pooler refuses them as start parameters. Behind one that `is_pooled` nothing
    is prepared under a name, for the next statement may reach another server. What people wrote is among the
    parameters of statements, and an error's text goes into logs: they are hidden. The transactions of one that
    `is_bound` can be bound to a workspace.
    """
    dsn, timeout = dsn_and_timeout(database_url)
    cache = {"statement_cache_size": 0} if is_pooled else {}
    kind = BoundConnection if is_bound else KnowingConnection
    types: Types = {}

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(
            dsn, timeout=timeout, command_timeout=30, connection_class=kind, **cache
        )
        connection.types = types
        for name, value in (settings or {}).items():
            await connection.execute(f"SET {name} = {value}")
        if is_bound:
            await connection.look_for_role()
        return connection

    unnamed = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: f"mudda_{uuid4().hex}"}
    engine = create_async_engine(
        dialect.URL,
        async_creator=connect,
        execution_options={"compiled_cache": dialect.compiled},
        connect_args=unnamed if is_pooled else {},
        hide_parameters=True,
        **options,
    )
    event.listen(engine.sync_engine, "handle_error", _leave_read_only_server)
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _check_alive)
    return engine


def _leave_read_only_server(context: ExceptionContext) -> None:
    """After a failover the old server may be up and read-only: its connections are of no use to anybody."""
    if context.original_exception is not None and sqlstate(context.original_exception) == READ_ONLY:
        context.is_disconnect = True


def _note_use(_: Any, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _check_alive(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Have the pool replace a connection that has ended since it was last used.

    A transaction's worth of round trips goes into asking the server, as `pool_pre_ping` always does. So it is
    asked only after a rest: of one that ended a moment ago asyncpg has been told.
    """
    idle = time.monotonic() - record.info.get("used_at", math.inf)
    if connection.driver_connection.is_closed():
        raise DisconnectionError
    if TRUSTED_SECONDS < idle < math.inf:
        try:
            connection.ping()
        except (*DATABASE_ERRORS, AsyncAdapt_asyncpg_dbapi.Error) as error:
            raise DisconnectionError from error


async def is_behind_pooler(database_url: str) -> bool:
    """Whether something stands between us and PostgreSQL that gives its connections to others, as PgBouncer does.

    Such a pooler makes up the process id that a client is told at the start.
    """
    dsn, timeout = dsn_and_timeout(database_url)
    connection = await asyncpg.connect(dsn, timeout=timeout, statement_cache_size=0)
    try:
        return bool(await connection.fetchval("SELECT pg_backend_pid()") != connection.get_server_pid())
    finally:
        await connection.close()


class BoundConnection(KnowingConnection):
    """A connection that binds its next transaction, in the round trip in which that begins.

    `binding` is what it begins with, once: a transaction that nobody has bound is bound to nothing.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.binding = ""
        self.role = ""

    async def look_for_role(self) -> None:
        """See whether this user goes past row-level security, and has to take a role for which it holds."""
        goes_past, has_role = await self.fetchrow(_ROLE, TENANT_ROLE)
        if goes_past and has_role:
            self.role = f" SET LOCAL ROLE {TENANT_ROLE};"
        elif goes_past:
            logger.warning(
                "This user of the database goes past row-level security: one wall less between workspaces"
            )

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """As asyncpg has it; what begins a transaction binds it, too."""
        if query.startswith("BEGIN") and self.binding:
            query, self.binding = f"{query}{self.role}{self.binding}", ""
        return str(await super().execute(query, *args, timeout=timeout))


_ROLE = (
    "SELECT rolsuper OR rolbypassrls,"
    " EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER'))"
    " FROM pg_roles WHERE rolname = current_user"
)


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
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_recycle=1800,
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
        async with self._place(), self.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            try:
                if not self.is_pooled:
                    return list(await raw.fetch(statement, *values))
                # Outside of a transaction a pooler may give it to one server, and what was prepared to another.
                async with raw.transaction():
                    return list(await raw.fetch(statement, *values))
            except asyncpg.PostgresError as error:
                if sqlstate(error) == READ_ONLY:
                    await connection.invalidate()
                raise

    def priority(self, workspace_id: UUID) -> int:
        """The priority of the next job of a workspace."""
        return self._turns.priority(workspace_id)

    def _binding(self) -> str:
        return f" SET LOCAL mudda.workspace = '{self._scope}';"

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self.engine.dispose()
