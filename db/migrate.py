"""Bringing a database up to date: our tables by alembic, the queue's by PgQueuer, one replica at a time."""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from db.engine import TENANT_ROLE, async_engine
from db.errors import sqlstate
from db.queue import queue_settings
from db.settled import is_settled, settle

logger = logging.getLogger("mudda.migrate")

# Any number will do as long as nothing else in this database uses it; this one spells "mudda".
MIGRATION_LOCK = 0x6D75646461

LOCK_SECONDS = 120
"""For which a replica waits for another that migrates."""

LOCK_NOT_AVAILABLE = "55P03"
"""The SQLSTATE of a lock that was not had in time."""

LEAST_VERSION = 150_000
"""The oldest PostgreSQL that is supported, as `server_version_num` has it."""


class UnsuitableDatabase(Exception):
    """A database that Mudda can't work with, whatever is in it; the text says why."""


_MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config() -> Config:
    """Where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


async def migrate(database_url: str) -> None:
    """Bring the database up to date. Replicas may call this together: the first does it, the others wait.

    Raises UnsuitableDatabase.
    """
    if await is_settled(database_url, _wanted()):
        return
    engine = async_engine(database_url, poolclass=NullPool)
    try:
        async with engine.connect() as locking, locking.begin():
            await _check_server(locking)
            # The lock goes with this transaction, even if we are killed, and through a pooler, too.
            await _lock(locking)
            async with engine.connect() as upgrading:
                await upgrading.run_sync(_upgrade_tables)
                await (
                    upgrading.rollback()
                )  # of what was read since: the migrations have a transaction of their own
                await _upgrade_queue(await upgrading.execution_options(isolation_level="AUTOCOMMIT"))
                await _grant_to_tenants(upgrading)
                await settle((await upgrading.get_raw_connection()).driver_connection, _wanted())
    finally:
        await engine.dispose()


async def is_up_to_date(database_url: str) -> bool:
    """Whether all migrations of this version have run there."""
    engine = async_engine(database_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_has_all_migrations)
    finally:
        await engine.dispose()


def _wanted() -> tuple[str, ...]:
    """All that this version makes of a database, in so far as another may make something else of it."""
    environment = QueryBuilderEnvironment(queue_settings())
    queue = (environment.build_install_query(), environment.build_optimize_autovacuum_query(), _KEEP_NO_LOG)
    return (newest(), version("pgqueuer"), *queue, _CREATE_ROLE, *_GRANTS)


def newest() -> str:
    """The revision of this version, by the names of the files: to load them all takes longer than to connect."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def _has_all_migrations(connection: Connection) -> bool:
    return MigrationContext.configure(connection).get_current_revision() == newest()


async def _lock(connection: AsyncConnection) -> None:
    lock = {"lock": MIGRATION_LOCK}
    if await connection.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), lock):
        return
    logger.info("Another process brings the database up to date; waiting for it")
    await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    try:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), lock)
    except DBAPIError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        raise UnsuitableDatabase(
            f"another process has held the migrations for {LOCK_SECONDS} s; see whether one hangs."
        ) from error


async def _check_server(connection: AsyncConnection) -> None:
    query = text("SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
    version, encoding = (await connection.execute(query)).one()
    if version < LEAST_VERSION:
        raise UnsuitableDatabase(f"PostgreSQL {version // 10_000} is too old: {LEAST_VERSION // 10_000} or newer.")
    if encoding != "UTF8":
        raise UnsuitableDatabase(f"the database's encoding is {encoding}: it must be UTF8.")


async def _grant_to_tenants(connection: AsyncConnection) -> None:
    """Let a user who goes past row-level security take a role for which it holds.

    Roles belong to the whole server, and another database's migrations may make this one at the same moment.
    """
    if not await connection.scalar(text(_GOES_PAST)):
        return
    await connection.execute(text(_CREATE_ROLE.format(role=TENANT_ROLE)))
    if not await connection.scalar(text("SELECT to_regrole(:role) IS NOT NULL"), {"role": TENANT_ROLE}):
        return  # who connects is told
    schema = str(await connection.scalar(text("SELECT quote_ident(current_schema())")))
    for statement in _GRANTS:
        await connection.execute(text(statement.format(role=TENANT_ROLE, schema=schema)))


_GOES_PAST = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
_CREATE_ROLE = (
    "DO $$ BEGIN CREATE ROLE {role} NOLOGIN; GRANT {role} TO CURRENT_USER;"
    " EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL; END $$"
)
_GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
)


def _upgrade_tables(connection: Connection) -> None:
    if _has_all_migrations(connection):
        return
    connection.rollback()  # of what was read
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def _upgrade_queue(connection: AsyncConnection) -> None:
    settings = queue_settings()
    raw = await connection.get_raw_connection()
    environment = QueryBuilderEnvironment(settings)
    driver = AsyncpgDriver(raw.driver_connection)
    queries = Queries(driver, qbe=environment, qbq=QueryQueueBuilder(settings))
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()
    await driver.execute(environment.build_optimize_autovacuum_query())
    await driver.execute(_KEEP_NO_LOG)


# The queue's log has three rows for each job, in five indexes, and each is updated once to be counted. Nobody
# reads it: what becomes of jobs is in our own tables, metrics and logs. PgQueuer has no switch for it.
_KEEP_NO_LOG = """
CREATE OR REPLACE FUNCTION mudda_keep_no_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
DO $$ BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgname = 'mudda_keep_no_log' AND tgrelid = 'pgqueuer_log'::regclass
    ) THEN
        CREATE TRIGGER mudda_keep_no_log BEFORE INSERT ON pgqueuer_log
            FOR EACH ROW EXECUTE FUNCTION mudda_keep_no_log();
    END IF;
END $$
"""
