"""A database full of finished runs: one that was really carried out, copied with all that it left in any table."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime

import asyncpg

from bot.jobs.upkeep import purge_all
from services.retention import Retention
from tests.bench.ground import Ground, begin, ended
from tests.support.postgres import LOG_LINE_PREFIX
from tests.support.run_starts import layered

SMALL = (2, 3)
"""The graph of which there are many runs."""

LOADING = ("fsync = off", "full_page_writes = off", "synchronous_commit = off", "max_wal_size = '8GB'")
"""While the history is put in."""

APART = "interval '5 minutes'"
"""Between the runs of the history: 100,000 are nearly a year."""

WEEK = 7 * 24 * 12
"""For so long the queue keeps what it knows of jobs that have ended."""

SHARED = frozenset({"workspace_id", "installation_id"})
"""Ids that copies share with what they are copied from."""

NOT_OF_RUNS = frozenset(
    {"alembic_version", "components", "installations", "pgqueuer", "pgqueuer_schedules", "workspaces"}
)
"""Tables without rows of a run that has ended."""

GROWING = frozenset(
    {
        "audit_events",
        "cards",
        "decisions",
        "plan_versions",
        "step_attempts",
        "step_runs",
        "workflow_executions",
        "workflow_plans",
    }
)


async def tables(connection: asyncpg.Connection) -> list[str]:
    """All tables."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    return [row["relname"] for row in await connection.fetch(query)]


async def with_history(on: Ground, runs: int) -> int:
    """Carry out a run and copy all that it left so often; how many rows that made."""
    async with on.workers():
        await ended(on, await begin(on, layered(*SMALL)))
        await asyncio.sleep(10)
    connection = await asyncpg.connect(on.database.url, command_timeout=3_600)
    for setting in LOADING:
        await connection.execute(f"ALTER SYSTEM SET {setting}")
    await connection.execute("SELECT pg_reload_conf()")
    # No trigger and no foreign key is asked: what is copied was right.
    await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
    made = 0
    for table in await tables(connection):
        if table not in NOT_OF_RUNS and await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
            number = min(runs, WEEK) if table.startswith("pgqueuer") else runs
            made += await copy(connection, table, number)
    await connection.execute("UPDATE workspaces SET last_plan_number = last_plan_number + $1", runs)
    # A worker would have forgotten by now what is kept for some days only.
    await purge_all(on.database, Retention(), datetime.now(UTC))
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.execute("ALTER SYSTEM RESET ALL")
    await connection.execute(f"ALTER SYSTEM SET log_line_prefix = {LOG_LINE_PREFIX}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    await asyncio.to_thread(os.sync)
    return made


async def copy(connection: asyncpg.Connection, table: str, number: int) -> int:
    """Copy each row of a table so often; how many rows that made.

    The indexes of one that grows are made anew afterwards, which is faster than to keep them: they are
    told not to be ready, which nobody but a superuser may, and which ends as they are built.
    """
    statement = await copying(connection, table)
    if table not in GROWING:
        return int((await connection.execute(statement, number)).split()[-1])
    ready = "UPDATE pg_index SET indisready = false WHERE indrelid = $1::text::regclass"
    await connection.execute(ready, table)
    made = int((await connection.execute(statement, number)).split()[-1])
    await connection.execute(f"REINDEX TABLE {table}")
    return made


async def copying(connection: asyncpg.Connection, table: str) -> str:
    """The statement that copies each row of a table; $1: how often."""
    columns = await connection.fetch(
        "SELECT column_name AS name, data_type AS type, is_identity, column_default"
        " FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position",
        table,
    )
    values = {
        row["name"]: copied(table, row["name"], row["type"])
        for row in columns
        if row["is_identity"] == "NO" and "nextval" not in (row["column_default"] or "")
    }
    names = ", ".join(values)
    return (
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())}"
        f" FROM {table} t, generate_series(1, $1::int) n ON CONFLICT DO NOTHING"
    )


def copied(table: str, name: str, kind: str) -> str:
    """What stands in a column of the nth copy: the same id is made of the same id, wherever it stands."""
    if kind == "uuid" and name not in SHARED:
        return f"md5(t.{name}::text || n)::uuid"
    if kind.startswith("timestamp"):
        return f"t.{name} - n * {APART}"
    return OWN.get(f"{table}.{name}", f"t.{name}")


OWN: Mapping[str, str] = {
    "cards.ts": "(t.ts::numeric - n)::text",
    "inbox.key": "t.key || n",
    "pgqueuer_log.job_id": "t.job_id + n::bigint * 1000",
    "pgqueuer_statistics.priority": "t.priority - n",
    "workflow_plans.inbox_key": "t.inbox_key || n",
    "workflow_plans.number": "t.number + n",
}
"""Other columns that no two rows may share, or that no two do."""
