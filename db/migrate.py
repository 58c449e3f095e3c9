"""Bringing a database up to date: our tables by alembic, the queue's by PgQueuer, one replica at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from db.queue import queue_settings
from db.session import async_engine

# Any number will do as long as nothing else in this database uses it; this one spells "mudda".
MIGRATION_LOCK = 0x6D75646461

LEAST_VERSION = 150_000
"""The oldest PostgreSQL that is supported, as `server_version_num` has it."""


class UnsuitableDatabase(Exception):
    """A database that Mudda can't work with, whatever is in it; the text says why."""


def alembic_config() -> Config:
    """Where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


async def migrate(database_url: str) -> None:
    """Bring the database up to date. Replicas may call this together: the first does it, the others wait.

    Raises UnsuitableDatabase.
    """
    engine = async_engine(database_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await _check_server(autocommit)
            await autocommit.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
            # The lock belongs to this connection and goes with it, even if we are killed.
            async with engine.connect() as upgrading:
                await upgrading.run_sync(_upgrade_tables)
            await _upgrade_queue(autocommit)
    finally:
        await engine.dispose()


async def _check_server(connection: AsyncConnection) -> None:
    query = text("SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
    version, encoding = (await connection.execute(query)).one()
    if version < LEAST_VERSION:
        raise UnsuitableDatabase(f"PostgreSQL {version // 10_000} is too old: {LEAST_VERSION // 10_000} or newer.")
    if encoding != "UTF8":
        raise UnsuitableDatabase(f"the database's encoding is {encoding}: it must be UTF8.")


def _upgrade_tables(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _upgrade_queue(connection: AsyncConnection) -> None:
    settings = queue_settings()
    raw = await connection.get_raw_connection()
    queries = Queries(
        AsyncpgDriver(raw.driver_connection),
        qbe=QueryBuilderEnvironment(settings),
        qbq=QueryQueueBuilder(settings),
    )
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()
