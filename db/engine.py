"""The engine: how connections are made, looked after, and bound to a workspace."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import asyncpg
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_

from db import dialect
from db.errors import DATABASE_ERRORS, READ_ONLY, sqlstate
from db.known_types import KnowingConnection, Types
from db.url import dsn_and_timeout

logger = logging.getLogger("mudda.database")

TENANT_ROLE = "mudda_tenant"
"""Whom row-level security holds for; a superuser, and who has BYPASSRLS, would go past it."""

TRUSTED_SECONDS = 1.0
"""A connection that was used so lately is taken as it is."""

RECYCLE_SECONDS = 1800
"""A connection as old as this is made anew: what lies between may have forgotten it."""


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
            # Its own `ping` takes three round trips.
            await_(connection.driver_connection.execute("SELECT"))
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

    `binding` is what it begins with, once: a transaction that nobody has bound is bound to nothing. `role` is the
    one that its transactions take, for row-level security to hold, or "".
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.binding = ""
        self.role = ""

    async def look_for_role(self) -> None:
        """See whether this user goes past row-level security, and has to take a role for which it holds."""
        goes_past, has_role = await self.fetchrow(_ROLE, TENANT_ROLE)
        if goes_past and has_role:
            self.role = TENANT_ROLE
        elif goes_past:
            logger.warning(
                "This user of the database goes past row-level security: one wall less between workspaces"
            )

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109
        """As asyncpg has it; what begins a transaction binds it, too."""
        if query.startswith("BEGIN") and self.binding:
            role = f" SET LOCAL ROLE {self.role};" if self.role else ""
            query, self.binding = f"{query}{role}{self.binding}", ""
        return str(await super().execute(query, *args, timeout=timeout))


_ROLE = (
    "SELECT rolsuper OR rolbypassrls,"
    " EXISTS (SELECT FROM pg_roles WHERE rolname = $1 AND pg_has_role(current_user, oid, 'MEMBER'))"
    " FROM pg_roles WHERE rolname = current_user"
)
