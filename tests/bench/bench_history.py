"""What a run leaves behind, and whether 100,000 of them that have ended slow the next one down.

python -m tests.bench.bench_history [left] [history] [--runs 100000] [--rounds 3]

The history is a run that was really carried out, copied: each row that it left in any table, with other ids and at
an earlier time. Two databases of one server, one without it, are measured by turns.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

import asyncpg

from db.session import TENANT_ROLE
from tests.bench.bench_runs import decide, many_of_ours, ours
from tests.bench.ground import CALL_SECONDS, Ground, begin, cpu, ended, ground
from tests.support.run_starts import layered, step
from tests.support.statements import StatementLog

SMALL = (2, 3)
LEFT_RUNS = 200
MANY = 100
PRESSES = 20
GRAPHS = ((1, 20), (10, 10), (100, 3))

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


async def left(on: Ground, runs: int) -> None:
    """Rows and bytes that a run of six steps leaves, by table."""
    print(f"\nWhat a run of 6 steps leaves behind, of {runs}\n")
    print("| table | rows | bytes, with indexes |\n|---|---|---|")
    async with on.workers():
        await ended(on, await begin(on, layered(*SMALL)))
    before = await sizes(on)
    run_ids = await begin(on, *[layered(*SMALL)] * runs)
    async with on.workers():
        await ended(on, run_ids)
        await asyncio.sleep(10)  # cards, replies, and the queue's statistics
    after = await sizes(on)
    of_a_run = {
        table: tuple((then - now) / runs for then, now in zip(after[table], before[table], strict=True))
        for table in after
    }
    for table, (rows, size) in sorted(of_a_run.items(), key=lambda item: -item[1][1]):
        if rows > 0 or size > 0:
            print(f"| {table} | {rows:.2f} | {size:,.0f} |")
    print(f"| all | {sum(rows for rows, _ in of_a_run.values()):.1f} |", end="")
    print(f" {sum(size for _, size in of_a_run.values()):,.0f} |", flush=True)


async def sizes(on: Ground) -> dict[str, tuple[int, int]]:
    """Rows and bytes of each table, vacuumed."""
    connection = await asyncpg.connect(on.database.url)
    await connection.execute("VACUUM ANALYZE")
    found = {}
    for table in await tables(connection):
        rows = await connection.fetchval(f"SELECT count(*) FROM {table}")
        found[table] = rows, await connection.fetchval("SELECT pg_total_relation_size($1::text::regclass)", table)
    await connection.close()
    return found


async def tables(connection: asyncpg.Connection) -> list[str]:
    """All tables."""
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    return [row["relname"] for row in await connection.fetch(query)]


async def history(on: Ground, runs: int, rounds: int) -> None:
    """The figures of `bench_runs`, with and without a history."""
    old = await on.other("history")
    started = time.perf_counter()
    rows = await with_history(old, runs)
    print(f"\n{runs:,} finished runs of 6 steps: {rows:,} rows in {time.perf_counter() - started:.0f} s\n")
    found: defaultdict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    scanned: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for _ in range(rounds):
        for which, place in enumerate((on, old)):
            before = await scans(place)
            for name, number in (await figures(place)).items():
                found[name][which].append(number)
            for table, number in (await scans(place)).items():
                scanned[table][which] += number - before.get(table, 0)
    print(f"| medians of {rounds}, by turns | without | with | change, % |\n|---|---|---|---|")
    for name, pair in found.items():
        without, with_it = (statistics.median(numbers) for numbers in pair)
        print(f"| {name} | {without:.2f} | {with_it:.2f} | {(with_it / without - 1) * 100:+.0f} |")
    print("\n| rows read by sequential scans | without | with |\n|---|---|---|")
    for table, (without, with_it) in sorted(scanned.items(), key=lambda item: -item[1][1]):
        if with_it > 2 * without + 10_000:
            print(f"| {table} | {without:,} | {with_it:,} |", flush=True)
    print("\nStatements of a run that PostgreSQL would answer by scanning what only grows:\n")
    for line in await scanning(old):
        print(line, flush=True)


async def scanning(on: Ground) -> list[str]:
    """Statements of a worker with a sequential scan of a table that grows, by PostgreSQL's generic plans."""
    async with on.workers(are_logged=True):
        log = await StatementLog.of(on.database.url)
        await ended(on, await begin(on, layered(*SMALL)))
        await asyncio.sleep(10)
        texts = {each.text for each in await log.take()}
        await log.close()
    connection = await asyncpg.connect(on.database.url)
    await connection.execute(_PLAN_OF)
    found = []
    for text in texts:
        if not text.startswith(("SELECT", "UPDATE", "INSERT", "DELETE", "WITH")):
            continue
        # Bound to the workspace, as the worker is: row-level security is part of the plan.
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"SET LOCAL ROLE {TENANT_ROLE}; SET LOCAL mudda.workspace = '{on.workspace_id}'")
        try:
            plan = await connection.fetch("SELECT plan_of($1)", text)
        except asyncpg.PostgresError as error:
            plan = []
            found.append(f"- not explained, {error}: `{text[:200]}`")
        await transaction.rollback()
        scans_found = {match[1] for row in plan for match in [_SCAN.search(row[0])] if match}
        if grown := scans_found & GROWING:
            found.append(f"- {', '.join(sorted(grown))}: `{text[:1500]}`")
    await connection.close()
    return found


# By the driver a statement with parameters can't be explained without them.
_PLAN_OF = """
CREATE FUNCTION plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (GENERIC_PLAN) ' || statement;
END
$$
"""
_SCAN = re.compile(r"Seq Scan on (\w+)")


async def figures(on: Ground) -> dict[str, float]:
    """Those that are not to change."""
    found = {}
    async with on.workers() as [worker]:
        await ours(on, 10, 2)
        for width, layers in GRAPHS:
            await asyncio.sleep(3)
            used, postgres = cpu(worker.process.pid), on.postgres()
            seconds = await ours(on, width, layers)
            found[f"{width} x {layers}: ratio"] = seconds / layers / CALL_SECONDS
            steps = width * layers
            found[f"{width} x {layers}: own CPU, ms a step"] = (cpu(worker.process.pid) - used) / steps * 1000
            found[f"{width} x {layers}: PostgreSQL's, ms a step"] = (on.postgres() - postgres) / steps * 1000
        found["press to request, p50 ms"] = statistics.median([await press(on) for _ in range(PRESSES)])
    many = await many_of_ours(on, 1, MANY)
    found[f"{MANY} runs at once: steps/s"] = MANY * SMALL[0] * SMALL[1] / many.seconds
    found[f"{MANY} runs at once: PostgreSQL's CPU, ms a step"] = many.postgres / MANY / 6 * 1000
    return found


async def press(on: Ground) -> float:
    """Milliseconds from the commit of a press to the component's request."""
    [run_id] = await begin(on, [step("act", "do", gate=True)])
    await asyncio.sleep(0.3)
    step_id: UUID = await decide(on, run_id, acked=True)
    at = time.monotonic()
    await ended(on, [run_id], 60)
    return ((await on.receipts())[f"{run_id}:{step_id}"] - at) * 1000


async def scans(on: Ground) -> dict[str, int]:
    """Rows that sequential scans have read so far, by table."""
    connection = await asyncpg.connect(on.database.url)
    rows = await connection.fetch("SELECT relname, seq_tup_read FROM pg_stat_user_tables")
    await connection.close()
    return {row["relname"]: row["seq_tup_read"] for row in rows}


async def with_history(on: Ground, runs: int) -> int:
    """Carry out a run and copy all that it left so often; how many rows that made."""
    async with on.workers():
        await ended(on, await begin(on, layered(*SMALL)))
        await asyncio.sleep(10)
    connection = await asyncpg.connect(on.database.url, command_timeout=3_600)
    # No trigger and no foreign key is asked: what is copied was right.
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    made = 0
    for table in await tables(connection):
        if table not in NOT_OF_RUNS and await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
            number = min(runs, WEEK) if table.startswith("pgqueuer") else runs
            status = await connection.execute(await copying(connection, table), number)
            made += int(status.split()[-1])
    await connection.execute("UPDATE workspaces SET last_plan_number = last_plan_number + $1", runs)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()
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


GROWING = frozenset(
    {
        "audit_events",
        "cards",
        "decisions",
        "pgqueuer_log",
        "plan_versions",
        "step_attempts",
        "step_runs",
        "workflow_executions",
        "workflow_plans",
    }
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


PARTS: Mapping[str, Callable[[Ground, argparse.Namespace], Awaitable[None]]] = {
    "left": lambda on, _: left(on, LEFT_RUNS),
    "history": lambda on, given: history(on, given.runs, given.rounds),
}


async def main(given: argparse.Namespace) -> None:
    """Print the tables."""
    for name in given.parts or PARTS:
        async with ground() as on:
            await PARTS[name](on, given)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(parser.parse_args()))
