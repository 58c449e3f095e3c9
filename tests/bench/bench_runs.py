"""How fast runs are: beside others, runs by the thousand, statements, runs that wait, and pick-up.

python -m tests.bench.bench_runs [makespan] [many] [statements] [waiting] [pickup] [--rounds 3] [--runs 1000]

The component answers after 50 ms and runs in a process of its own, as do the workers and the other engines. Slack
runs in this one. DBOS takes part where it is installed: `pip install --group bench`, or `pip install --target
SOMEWHERE dbos` and PYTHONPATH=SOMEWHERE.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import aiohttp
import asyncpg
import psutil
from sqlalchemy import select

from db.models import Run, StepRun
from db.queue import enqueue
from services.jobs import DecideRun
from tests.bench.engines import QUEUE
from tests.bench.ground import CALL_SECONDS, Ground, begin, cpu, ended, ground
from tests.support.bot_process import ROOT, BotProcess, bot_process
from tests.support.run_starts import APPROVER, CHANNEL, decided, layered, step, until
from tests.support.statements import Kind, StatementLog, tally

GRAPHS = ((1, 20), (10, 10), (100, 3), (100, 10))
"""Width and number of layers."""

SMALL = (2, 3)
"""The graph of six steps of which there are many runs."""

WAITING = 10_000
PICKUPS = 100
LOOKED_AT_SECONDS = 10.0

CARD_SECONDS = 3.0
"""After so long the card of a run that has ended is drawn, which would disturb what is measured next."""

BARE, DBOS, OURS = "asyncio + aiohttp", "DBOS", "Mudda"

NO_DBOS = "DBOS is not installed: pip install --group bench"


@dataclass(frozen=True, slots=True)
class Measured:
    """One graph carried out: seconds, and the CPU seconds of the engine's process and of PostgreSQL."""

    seconds: float
    own: float
    postgres: float


CarryOut = Callable[[int, int], Awaitable[float]]
"""Carries out a layered graph; the seconds that it took."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Something that carries out graphs."""

    name: str
    pid: int
    carry_out: CarryOut


def has_dbos() -> bool:
    """Whether DBOS can take part."""
    return importlib.util.find_spec("dbos") is not None


async def makespan(on: Ground, rounds: int, _: int) -> None:
    """(a): layered graphs, one at a time, by each engine in turn."""
    print(f"\n(a) One graph at a time, {CALL_SECONDS * 1000:.0f} ms a call, medians of {rounds} by turns\n")
    print("| width | layers | | seconds | ratio | over it, ms a step | own CPU, ms a step | PostgreSQL |")
    print("|---|---|---|---|---|---|---|---|")
    async with engines(on) as known:
        for width, layers in ((10, 2), *GRAPHS):
            found: dict[str, list[Measured]] = {engine.name: [] for engine in known}
            for _round in range(rounds):
                for engine in known:
                    found[engine.name].append(await measured(on, engine, width, layers))
                await asyncio.sleep(CARD_SECONDS)
            if (width, layers) not in GRAPHS:
                continue  # the first warms up
            for name, results in found.items():
                print_makespan(name, width, layers, results)
            if not has_dbos():
                print(f"| {width} | {layers} | {NO_DBOS} | | | | | |")


def print_makespan(name: str, width: int, layers: int, results: Sequence[Measured]) -> None:
    """One row: an engine and a graph."""
    critical, steps = layers * CALL_SECONDS, width * layers
    seconds, own, postgres = (
        statistics.median(getattr(result, part) for result in results) for part in ("seconds", "own", "postgres")
    )
    over = (seconds - critical) / steps * 1000
    print(
        f"| {width} | {layers} | {name} | {seconds:.2f} | {seconds / critical:.2f} | {over:.1f} "
        f"| {own / steps * 1000:.1f} | {postgres / steps * 1000:.1f} |",
        flush=True,
    )


async def measured(on: Ground, engine: Engine, width: int, layers: int) -> Measured:
    """Let an engine carry out a graph."""
    own, postgres = cpu(engine.pid), on.postgres()
    seconds = await engine.carry_out(width, layers)
    return Measured(seconds, cpu(engine.pid) - own, on.postgres() - postgres)


@asynccontextmanager
async def engines(on: Ground) -> AsyncIterator[list[Engine]]:
    """All engines that there are, ready."""
    async with AsyncExitStack() as stack:
        found = [other(BARE, await stack.enter_async_context(another(on, "bare")))]
        if has_dbos():
            found.append(other(DBOS, await stack.enter_async_context(another(on, "dbos"))))
        [worker] = await stack.enter_async_context(on.workers())
        yield [*found, Engine(OURS, worker.process.pid, lambda width, layers: ours(on, width, layers))]


async def ours(on: Ground, width: int, layers: int) -> float:
    """From the commit that begins a run to its end."""
    [run_id] = await begin(on, layered(width, layers))
    started = time.time()
    await ended(on, [run_id])
    async with on.database.reading() as session:
        run = (await session.scalars(select(Run).where(Run.id == run_id))).one()
        states = set(await session.scalars(select(StepRun.state).where(StepRun.run_id == run_id)))
    assert states == {"DONE"}
    assert run.ended_at is not None
    return run.ended_at.timestamp() - started


@asynccontextmanager
async def another(on: Ground, engine: str, *options: str) -> AsyncIterator[tuple[BotProcess, str]]:
    """A process of `tests.bench.engines`, and where it listens. DBOS has a database of its own on the server."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    database = on.database.url.replace("/postgres?", "/dbos?")
    arguments = (engine, "--component", on.component_url, "--database", database, *options)
    module = "tests.bench.engines"
    async with bot_process(*arguments, env={"PYTHONPATH": path}, module=module) as process:
        yield process, f"http://127.0.0.1:{await process.port()}"


def other(name: str, started: tuple[BotProcess, str]) -> Engine:
    """An engine that is asked over HTTP."""
    process, url = started

    async def carry_out(width: int, layers: int) -> float:
        return float((await posted(f"{url}/carry-out?width={width}&layers={layers}"))["seconds"])

    return Engine(name, process.process.pid, carry_out)


async def posted(url: str) -> Mapping[str, float]:
    """What an engine answers."""
    async with aiohttp.ClientSession() as http, http.post(url) as response:
        response.raise_for_status()
        return await response.json() if response.content_type == "application/json" else {}


async def many(on: Ground, rounds: int, runs: int) -> None:
    """(b): a thousand runs of six steps, begun before the workers are."""
    print(f"\n(b) {runs} runs of 6 steps at once, begun before the workers, medians of {rounds} by turns\n")
    print("| workers | | seconds | steps/s | own CPU, ms a step | PostgreSQL, ms a step |")
    print("|---|---|---|---|---|---|")
    measures = {OURS: many_of_ours} | ({DBOS: many_of_dbos} if has_dbos() else {})
    for count in (1, 2):
        found: dict[str, list[Measured]] = {name: [] for name in measures}
        for _ in range(rounds):
            for name, measure in measures.items():
                found[name].append(await measure(on, count, runs))
        if not has_dbos():
            print(f"| {count} | {NO_DBOS} | | | | |")
        for name, results in found.items():
            seconds, own, postgres = (
                statistics.median(getattr(result, part) for result in results)
                for part in ("seconds", "own", "postgres")
            )
            steps = runs * SMALL[0] * SMALL[1]
            print(
                f"| {count} | {name} | {seconds:.1f} | {steps / seconds:.0f} | {own / steps * 1000:.1f} "
                f"| {postgres / steps * 1000:.1f} |",
                flush=True,
            )
    keys = await on.receipts()
    async with on.database.reading() as session:
        steps_sent = (await session.execute(select(StepRun.run_id, StepRun.id, StepRun.state))).all()
    assert {row.state for row in steps_sent} == {"DONE"}
    sent = {f"{row.run_id}:{row.id}" for row in steps_sent}
    assert sent <= set(keys), "every step was sent"


async def many_of_ours(on: Ground, count: int, runs: int) -> Measured:
    """From the moment at which the workers are ready, cards included."""
    run_ids = await begin(on, *[layered(*SMALL)] * runs)
    async with on.workers(count) as workers:
        return await until_over([worker.process.pid for worker in workers], on, ended(on, run_ids))


async def many_of_dbos(on: Ground, count: int, runs: int) -> Measured:
    """The same, by workflows in a queue."""
    async with another(on, "dbos") as (_, url):
        await posted(f"{url}/enqueue?width={SMALL[0]}&layers={SMALL[1]}&runs={runs}")
    connection = await asyncpg.connect(on.database.url.replace("/postgres?", "/dbos?"))
    query = "SELECT count(*) FROM dbos.workflow_status WHERE queue_name = $1 AND status <> 'SUCCESS'"

    async def all_done() -> bool:
        return int(await connection.fetchval(query, QUEUE)) == 0

    assert int(await connection.fetchval(query, QUEUE)) == runs
    async with AsyncExitStack() as stack:
        listening = [another(on, "dbos", "--listen") for _ in range(count)]
        started_ones = await asyncio.gather(*(stack.enter_async_context(each) for each in listening))
        pids = [process.process.pid for process, _ in started_ones]
        result = await until_over(pids, on, until(all_done, 900))
    await connection.close()
    return result


async def until_over(pids: Sequence[int], on: Ground, over: Awaitable[None]) -> Measured:
    """Wait until it is over: what these processes and PostgreSQL took for it."""
    started, postgres, own = time.perf_counter(), on.postgres(), sum(map(cpu, pids))
    await over
    seconds = time.perf_counter() - started
    return Measured(seconds, sum(map(cpu, pids)) - own, on.postgres() - postgres)


async def statements(on: Ground, rounds: int, _: int) -> None:
    """(c): what a worker asks PostgreSQL, by PostgreSQL's own log (see `tests.support.statements`)."""
    print(f"\n(c) Statements a step, with BEGIN and COMMIT, of one worker; medians of {rounds}\n")
    print(f"| width | layers | all | {' | '.join(Kind)} |")
    print(f"|---|---|---|{'---|' * len(Kind)}")
    async with on.workers(are_logged=True):
        await ours(on, 10, 2)
        for width, layers in GRAPHS:
            counts = []
            for _round in range(rounds):
                await asyncio.sleep(CARD_SECONDS)
                log = await StatementLog.of(on.database.url)
                await ours(on, width, layers)
                counts.append(tally(await log.take()))
                await log.close()
            a_step = {kind: statistics.median(count[kind] for count in counts) / width / layers for kind in Kind}
            columns = [f"{number:.2f}" for number in (sum(a_step.values()), *a_step.values())]
            print(f"| {width} | {layers} | {' | '.join(columns)} |", flush=True)


async def waiting(on: Ground, *_: int) -> None:
    """(d): ten thousand runs at a gate."""
    print(f"\n(d) {WAITING} runs at a gate\n")
    print("| | runs | jobs due | jobs for later | worker MiB | worker CPU % | PostgreSQL CPU % |")
    print("|---|---|---|---|---|---|---|")
    async with on.workers() as [worker]:
        await asyncio.sleep(3)
        await look(on, "before", worker)
        await begin(on, [step("act", "do", gate=True)])
        await asyncio.sleep(5)
        for name, tables in (("waiting", COPIES), ("with a reminder each", REMINDERS)):
            await multiply(on, tables)
            await asyncio.sleep(3)
            await look(on, name, worker)
    async with on.workers() as [worker]:
        await asyncio.sleep(3)
        await look(on, "a new worker", worker)


async def look(on: Ground, name: str, worker: BotProcess) -> None:
    """One row: what there is, and what is used over ten seconds."""
    connection = await asyncpg.connect(on.database.url)
    runs = await connection.fetchval("SELECT count(*) FROM workflow_executions WHERE state = 'WAITING'")
    due = await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE execute_after <= now()")
    later = await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE execute_after > now()")
    await connection.close()
    ours, theirs = cpu(worker.process.pid), on.postgres()
    await asyncio.sleep(LOOKED_AT_SECONDS)
    ours, theirs = cpu(worker.process.pid) - ours, on.postgres() - theirs
    memory = psutil.Process(worker.process.pid).memory_info().rss / 2**20
    share = 100 / LOOKED_AT_SECONDS
    print(
        f"| {name} | {runs} | {due} | {later} | {memory:.0f} | {ours * share:.1f} | {theirs * share:.1f} |",
        flush=True,
    )
    assert due == 0, "nothing is queued for runs that wait"


COPIES = {
    "workflow_plans": {"id": "plan", "number": "1000 + n", "inbox_key": "n::text"},
    "plan_versions": {"id": "version", "plan_id": "plan"},
    "cards": {"id": "card", "plan_id": "plan"},
    "workflow_executions": {"id": "run", "plan_id": "plan"},
    "step_runs": {"id": "step", "run_id": "run"},
    "step_gates": {"id": "gate", "step_run_id": "step"},
}
REMINDERS = {"pgqueuer": {"id": "nextval('pgqueuer_id_seq')", "dedupe_key": "n::text"}}


async def multiply(on: Ground, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Copy the one row of each table so often that there are WAITING; a word stands for an id made of it."""
    connection = await asyncpg.connect(on.database.url)
    for table, changes in tables.items():
        values = {
            name: f"md5('{value}' || n)::uuid" if value.isalpha() else value for name, value in changes.items()
        }
        pairs = [f"'{name}', {value}" for name, value in values.items()]
        # PostgreSQL works out some columns itself.
        columns = await connection.fetchval(
            "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns"
            " WHERE table_name = $1 AND is_generated = 'NEVER'",
            table,
        )
        await connection.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM (SELECT (copy).* FROM (SELECT "
            f"jsonb_populate_record(t, jsonb_build_object({', '.join(pairs)})) AS copy "
            f"FROM {table} t, generate_series(1, {WAITING - 1}) n) copies) rows"
        )
    await connection.execute("ANALYZE")
    await connection.close()


async def pickup(on: Ground, *_: int) -> None:
    """(e): from a decision to the component's request."""
    print(f"\n(e) From a decision to the request, {PICKUPS} times, one at a time\n")
    print("| | p50 ms | p90 ms | most ms |\n|---|---|---|---|")
    async with on.workers():
        for name in ("the decision is committed", "the press is acked"):
            taken = []
            for _number in range(PICKUPS):
                [run_id] = await begin(on, [step("act", "do", gate=True)])
                await asyncio.sleep(0.3)
                step_id = await decide(on, run_id, acked=name.endswith("acked"))
                at = time.monotonic()
                await ended(on, [run_id])
                taken.append(((await on.receipts())[f"{run_id}:{step_id}"] - at) * 1000)
            taken.sort()
            print(
                f"| {name} | {statistics.median(taken):.1f} | {taken[PICKUPS * 9 // 10]:.1f} | {taken[-1]:.1f} |",
                flush=True,
            )


async def decide(on: Ground, run_id: UUID, *, acked: bool) -> UUID:
    """Approve the step of a run, or only commit that somebody has pressed the button."""
    async with on.database.reading() as session:
        row = (await session.scalars(select(StepRun).where(StepRun.run_id == run_id))).one()
    if acked:
        job = DecideRun(
            workspace=on.workspace_id,
            target=row.id,
            revision=row.revision,
            decision="approve",
            user=APPROVER.user,
            channel=CHANNEL,
        )
        async with on.database.transaction() as session:
            await enqueue(session, job)
    else:
        await decided(on.database, on.workspace_id, run_id, "act", "approve")
    return row.id


PARTS: Mapping[str, Callable[[Ground, int, int], Awaitable[None]]] = {
    "makespan": makespan,
    "many": many,
    "statements": statements,
    "waiting": waiting,
    "pickup": pickup,
}


async def main(parts: Sequence[str], rounds: int, runs: int) -> None:
    """Print the tables."""
    for name in parts or PARTS:
        async with ground() as on:
            await PARTS[name](on, rounds, runs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=1_000)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.parts, arguments.rounds, arguments.runs))
