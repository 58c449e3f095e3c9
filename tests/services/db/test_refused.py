"""Which errors of the database are faults of ours, and which are outages."""

from __future__ import annotations

from contextlib import AsyncExitStack

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import NoResultFound, SQLAlchemyError

from db.errors import DATABASE_ERRORS, is_refused
from db.kept import MOST
from db.models import InboxEntry
from db.session import Database


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nowhere",
        "SELECT 1 / 0",
        "SELECT CAST('x' AS int)",
        "SELECT CAST('\"\\u0000\"' AS jsonb) ->> 0",
        "INSERT INTO inbox (key, kind) VALUES ('k', NULL)",
    ],
)
async def test_what_postgresql_refuses_it_will_refuse_again(database: Database, statement: str) -> None:
    with pytest.raises(SQLAlchemyError) as caught:
        async with database.transaction() as session:
            await session.execute(text(statement))
    assert is_refused(caught.value)


async def test_so_is_what_the_driver_itself_refuses(database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as caught:
        async with database.transaction() as session:
            await session.execute(text("SELECT CAST(:number AS int)"), {"number": "x"})
    assert is_refused(caught.value)
    assert is_refused(asyncpg.UniqueViolationError("the queue speaks to asyncpg itself"))


async def test_and_a_row_that_has_to_be_there_and_is_not(database: Database) -> None:
    with pytest.raises(NoResultFound) as caught:
        async with database.reading() as session:
            (await session.scalars(select(InboxEntry))).one()
    assert is_refused(caught.value)


async def test_a_server_that_is_gone_is_an_outage(database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as caught:
        async with database.engine.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert not is_refused(caught.value)


async def test_so_is_a_pool_that_is_empty_and_a_deadlock(database_url: str) -> None:
    database = Database(database_url, pool_size=1, max_overflow=0)
    async with AsyncExitStack() as stack:
        # Those that are kept are part of the pool.
        for _ in range(1 + MOST):
            session = await stack.enter_async_context(database.reading())
            await session.execute(text("SELECT 1"))
        with pytest.raises(SQLAlchemyError) as caught:
            async with database.reading() as another:
                await another.execute(text("SELECT 1"))
    await database.close()
    assert not is_refused(caught.value)
    assert not is_refused(asyncpg.DeadlockDetectedError("a deadlock"))
    assert not is_refused(ConnectionRefusedError())


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.AdminShutdownError("ended"),
        asyncpg.ConnectionDoesNotExistError("closed in the middle"),
        asyncpg.InterfaceError("the connection is closed"),
        asyncpg.InternalClientError('the protocol is in the "failed" state'),
        asyncpg.TargetServerAttributeNotMatched("no server takes writes"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_connection_that_has_ended_raises_is_an_outage(error: Exception) -> None:
    assert isinstance(error, DATABASE_ERRORS)
    assert not is_refused(error)
