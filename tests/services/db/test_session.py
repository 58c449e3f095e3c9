from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from db.migrate import migrate
from db.models import Workspace
from db.queue import enqueue, enqueue_all
from db.session import Database
from tests.support.jobs import Knock


async def count(database: Database, table: str) -> int:
    async with database.reading() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_a_transaction_keeps_rows_and_jobs_together(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(insert(Workspace).values(team_id="T1", name=""))
        await enqueue(session, Knock(door=1))
    assert await count(database, "workspaces") == 1
    assert await count(database, "pgqueuer") == 1


async def test_a_raising_transaction_leaves_neither_rows_nor_jobs(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            await session.execute(insert(Workspace).values(team_id="T1", name=""))
            await enqueue(session, Knock(door=1))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()
    assert await count(database, "workspaces") == 0
    assert await count(database, "pgqueuer") == 0


async def test_a_job_is_part_of_a_transaction_that_it_begins(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            await enqueue(session, Knock(door=1))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()
    assert await count(database, "pgqueuer") == 0


async def test_a_reading_session_cannot_write(database: Database) -> None:
    async with database.reading() as session:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await session.execute(insert(Workspace).values(team_id="T1", name=""))


async def test_a_reading_session_sees_one_snapshot(database: Database) -> None:
    async with database.reading() as reader:
        before = await reader.scalar(select(func.count()).select_from(Workspace))
        async with database.transaction() as writer:
            await writer.execute(insert(Workspace).values(team_id="T1", name=""))
        assert await reader.scalar(select(func.count()).select_from(Workspace)) == before


async def test_a_reading_session_that_is_left_is_ended_all_the_same(database_url: str) -> None:
    database = Database(database_url, pool_size=1, max_overflow=0).everywhere()
    for _ in range(3):
        async with database.reading(waits=False) as reader:
            await reader.scalar(select(func.count()).select_from(Workspace))
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with database.reading(waits=False) as reader:
            await reader.execute(insert(Workspace).values(team_id="T1", name=""))
    async with database.transaction() as writer:
        await writer.execute(insert(Workspace).values(team_id="T1", name=""))
    assert await count(database, "workspaces") == 1
    async with database.reading(waits=False) as reader:
        await reader.scalar(select(func.count()).select_from(Workspace))
    await database.close()
    assert not database._ending


async def test_a_key_counts_while_the_job_is_queued(database: Database) -> None:
    async with database.transaction() as session:
        await enqueue(session, Knock(door=1), key="door")
        await enqueue(session, Knock(door=2), key="door")
    assert await count(database, "pgqueuer") == 1


async def test_jobs_can_be_deferred_and_put_in_together(database: Database) -> None:
    async with database.transaction() as session:
        await enqueue(session, Knock(door=1), after=timedelta(hours=1))
        await enqueue_all(session, [Knock(door=2), Knock(door=3)])
        await enqueue_all(session, [])
    async with database.reading() as reader:
        due = await reader.scalar(text("SELECT count(*) FROM pgqueuer WHERE execute_after <= now()"))
    assert due == 2


async def test_replicas_may_migrate_together(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await asyncio.gather(*(migrate(database_url) for _ in range(4)))
    assert await connection.fetchval("SELECT version_num FROM alembic_version") is not None
    assert await connection.fetchval("SELECT to_regclass('pgqueuer') IS NOT NULL")
    await connection.close()


async def test_a_statement_alone_is_kept(database: Database) -> None:
    assert [row["key"] for row in await database.alone(_PUT, "a")] == ["a"]
    assert await count(database, "inbox") == 1


async def test_a_statement_alone_is_kept_behind_a_pooler(database_url: str) -> None:
    pooled = Database(database_url, is_pooled=True)
    await pooled.alone(_PUT, "a")
    with pytest.raises(asyncpg.UniqueViolationError):
        await pooled.alone(_PUT, "a")
    assert await count(pooled, "inbox") == 1
    await pooled.close()


async def test_a_server_that_only_reads_by_now_is_left(database_url: str) -> None:
    database = Database(database_url, pool_size=1, max_overflow=0)
    await database.alone("SELECT set_config('default_transaction_read_only', 'on', false)")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await database.alone(_PUT, "a")
    await database.alone(_PUT, "a")
    assert await count(database, "inbox") == 1
    await database.close()


_PUT = "INSERT INTO inbox (key, kind) VALUES ($1, 'knock') RETURNING key"
