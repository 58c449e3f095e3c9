"""What a run leaves behind, and whether 100,000 of them that have ended slow the next one down.

python -m tests.bench.bench_history [left] [history] [--runs 100000] [--rounds 3]

The history is a run that was really carried out, copied: each row that it left in any table, with other ids and at
an earlier time (`finished_runs`). Two databases of one server, one without it, are measured by turns: CPU, and the
rows and pages that were looked at in each table, which do not change with what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.engine import TENANT_ROLE
from db.models import WorkflowPlan
from db.session import Database
from services import functions, homes
from services.approvals import ApprovalRules, ApprovalService
from services.cards import CardService
from services.queries import home
from services.queries.filters import read
from services.queries.lines import Viewer
from services.queries.workflows import WorkflowQueries
from services.retention import Retention, purge
from tests.bench.bench_runs import decide, many_of_ours, ours
from tests.bench.finished_runs import GROWING, SMALL, tables, with_history
from tests.bench.ground import CALL_SECONDS, Ground, begin, cpu, ended, ground
from tests.support.run_starts import APPROVER, layered, step
from tests.support.statements import StatementLog

LEFT_RUNS = 200
MANY = 100
PRESSES = 20
GRAPHS = ((1, 20), (10, 10), (100, 3))

READS = 10
LISTS = ("", "open", "waiting", "mine", "days:7")
KEPT_DAYS = 3_650
MENTIONED_PAGES = 100
"""A table in which a round looks at fewer is not printed."""


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


async def history(on: Ground, runs: int, rounds: int) -> None:
    """What engine and people cost, with and without a history."""
    old = await on.other("history")
    started = time.perf_counter()
    rows = await with_history(old, runs)
    print(f"\n{runs:,} finished runs of 6 steps: {rows:,} rows in {time.perf_counter() - started:.0f} s\n")
    for name, measure in (("engine", engine), ("people", people)):
        await by_turns(on, old, name, measure, rounds)
    print("\nStatements of a run that PostgreSQL would answer by scanning what only grows:\n")
    for line in await scanning(old):
        print(line, flush=True)


async def by_turns(
    on: Ground, old: Ground, title: str, measure: Callable[[Ground], Awaitable[dict[str, float]]], rounds: int
) -> None:
    """Print what is measured in both, and what was looked at in each table meanwhile."""
    found: defaultdict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
    looked: defaultdict[str, tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
    for number in range(rounds):
        for which, place in sorted(enumerate((on, old)), reverse=number % 2 == 1):
            before = await looked_at(place)
            for name, value in (await measure(place)).items():
                found[name][which].append(value)
            for table, counts in (await looked_at(place)).items():
                looked[table][which].update(counts - before.get(table, Counter()))
    print(f"\n| {title}, medians of {rounds}, by turns | without | with | change, % |\n|---|---|---|---|")
    for name, pair in found.items():
        without, with_it = (statistics.median(numbers) for numbers in pair)
        change = f"{(with_it / without - 1) * 100:+.0f}" if without else ""
        print(f"| {name} | {without:.2f} | {with_it:.2f} | {change} |")
    kinds = ("rows", "of them by scans", "pages")
    print(f"\n| {title}, in a round | {' | '.join(f'{kind}, without | with' for kind in kinds)} |")
    print(f"|---|{'---|---|' * len(kinds)}")
    for table, both in sorted(looked.items(), key=lambda item: -item[1][1]["pages"]):
        if both[1]["pages"] > MENTIONED_PAGES * rounds:
            numbers = (f"{counts[kind] // rounds:,}" for kind in kinds for counts in both)
            print(f"| {table} | {' | '.join(numbers)} |", flush=True)


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


async def engine(on: Ground) -> dict[str, float]:
    """What runs cost, and presses."""
    found = {}
    async with on.workers() as [worker]:
        used = Used(on, worker.process.pid)
        await ours(on, 10, 2)
        for width, layers in GRAPHS:
            await asyncio.sleep(3)
            used.begin()
            seconds = await ours(on, width, layers)
            found[f"{width} x {layers}: ratio"] = seconds / layers / CALL_SECONDS
            found |= used.ended(f"{width} x {layers}", width * layers, "step")
        await asyncio.sleep(3)
        used.begin()
        found["press to request, p50 ms"] = statistics.median([await press(on) for _ in range(PRESSES)])
        found |= used.ended("press", PRESSES, "press")
    many = await many_of_ours(on, 1, MANY)
    found[f"{MANY} runs at once: steps/s"] = MANY * SMALL[0] * SMALL[1] / many.seconds
    found[f"{MANY} runs at once: own CPU, ms a step"] = many.own / MANY / 6 * 1000
    found[f"{MANY} runs at once: PostgreSQL's, ms a step"] = many.postgres / MANY / 6 * 1000
    return found


async def people(on: Ground) -> dict[str, float]:
    """What is read for people, and what a worker does once a minute or an hour: PostgreSQL's CPU and our own."""
    found: dict[str, float] = {}
    database, queries = Database(on.database.url), WorkflowQueries(ApprovalService())
    bound, everywhere, now = database.of(on.workspace_id), database.everywhere(), datetime.now(UTC)
    viewer = Viewer(APPROVER.user, ApprovalRules())
    async with bound.transaction() as session:
        await homes.opened(session, on.workspace_id, APPROVER.user, None, now)
        plans = (
            await session.scalars(select(WorkflowPlan.id).order_by(WorkflowPlan.number.desc()).limit(16))
        ).all()

    async def listed(words: str, session: AsyncSession) -> None:
        await queries.list(session, on.workspace_id, wanted=read(words), viewer=viewer)

    work: dict[str, tuple[Database, Callable[[AsyncSession], Awaitable[object]]]] = {
        "Home": (bound, lambda session: home.read(session, on.workspace_id, APPROVER.user, now)),
        "16 cards read": (bound, lambda session: queries.get_all(session, on.workspace_id, plans)),
        **{f"/workflows {words or 'all'}": (bound, partial(listed, words)) for words in LISTS},
        "each minute: cards": (everywhere, lambda session: CardService().request_lagging(session, now)),
        "each minute: steps": (everywhere, functions.request_forgotten),
        "each hour": (everywhere, lambda session: purge(session, Retention(plans=KEPT_DAYS), now)),
    }
    used = Used(on, os.getpid())
    for name, (which, do) in work.items():
        async with which.transaction() as session:
            await do(session)
        used.begin()
        for _ in range(READS):
            async with which.transaction() as session:
                await do(session)
        found |= used.ended(name, READS, "time")
    await database.close()
    return found


class Used:
    """The CPU that a process and PostgreSQL use between `begin` and `ended`."""

    def __init__(self, on: Ground, pid: int) -> None:
        self._on, self._pid = on, pid
        self.begin()

    def begin(self) -> None:
        """From now on."""
        self._own, self._postgres = cpu(self._pid), self._on.postgres()

    def ended(self, name: str, number: int, each: str) -> dict[str, float]:
        """What it was for each of so many."""
        own, postgres = cpu(self._pid) - self._own, self._on.postgres() - self._postgres
        return {
            f"{name}: own CPU, ms a {each}": own / number * 1000,
            f"{name}: PostgreSQL's, ms a {each}": postgres / number * 1000,
        }


async def press(on: Ground) -> float:
    """Milliseconds from the commit of a press to the component's request."""
    [run_id] = await begin(on, [step("act", "do", gate=True)])
    await asyncio.sleep(0.3)
    step_id: UUID = await decide(on, run_id, acked=True)
    at = time.monotonic()
    try:
        await ended(on, [run_id], 60)
    except TimeoutError:
        raise AssertionError(f"A press came to nothing: {await standing(on, run_id)}") from None
    return ((await on.receipts())[f"{run_id}:{step_id}"] - at) * 1000


async def standing(on: Ground, run_id: UUID) -> list[str]:
    """All that there is to know of a run that does not end: its rows, what happened to it, and what is queued."""
    connection = await asyncpg.connect(on.database.url)
    found = [row[0] for query in _STANDING for row in await connection.fetch(query, run_id)]
    await connection.close()
    return found


_OF_STEPS = "IN (SELECT id FROM step_runs WHERE run_id = $1)"
_STANDING = (
    "SELECT to_jsonb(run) - 'components' FROM workflow_executions AS run WHERE id = $1",
    "SELECT to_jsonb(step) - 'request' FROM step_runs AS step WHERE run_id = $1",
    f"SELECT to_jsonb(attempt) FROM step_attempts AS attempt WHERE step_run_id {_OF_STEPS}",
    "SELECT to_jsonb(e) FROM audit_events AS e"
    f" WHERE subject_id = $1 OR subject_id {_OF_STEPS} ORDER BY e.created_at",
    "SELECT jsonb_build_object('job', convert_from(payload, 'UTF8'), 'as', status, 'due', execute_after,"
    " 'heartbeat', heartbeat) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE '%' || $1::uuid || '%'"
    " OR execute_after < now()",
)

_LOOKED_AT = """
SELECT relname AS table, seq_tup_read AS scanned, seq_tup_read + COALESCE(idx_tup_fetch, 0) AS rows,
    heap_blks_read + heap_blks_hit + COALESCE(idx_blks_read + idx_blks_hit, 0)
        + COALESCE(toast_blks_read + toast_blks_hit + tidx_blks_read + tidx_blks_hit, 0) AS pages
FROM pg_stat_user_tables JOIN pg_statio_user_tables USING (relid, relname)
"""


async def looked_at(on: Ground) -> dict[str, Counter[str]]:
    """Rows and pages that were looked at so far, by table. What a connection has counted it says as it ends."""
    await asyncio.sleep(1)
    connection = await asyncpg.connect(on.database.url)
    rows = await connection.fetch(_LOOKED_AT)
    await connection.close()
    return {
        row["table"]: Counter({"rows": row["rows"], "of them by scans": row["scanned"], "pages": row["pages"]})
        for row in rows
    }


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
