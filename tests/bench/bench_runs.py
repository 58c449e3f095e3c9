"""How fast runs are: makespans against the critical path, runs by the thousand, runs that wait, and pick-up.

python -m tests.bench.bench_runs [makespan] [many] [waiting] [pickup]

The component answers after 50 ms and runs in a process of its own, as do the workers. Slack runs in this one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import psutil
from sqlalchemy import select

from bot.sandbox.slack import SlackStandIn
from db.embedded import embedded_postgres
from db.migrate import migrate
from db.models import Run, StepRun
from db.queue import enqueue
from db.session import Database
from services import workspaces
from services.jobs import DecideRun
from tests.support.bot_process import BotProcess, bot_process, serve_env
from tests.support.run_starts import APPROVER, CHANNEL, begun, decided, registered, step, until

CALL_SECONDS = 0.05
ROUNDS = 3
GRAPHS = ((1, 20), (10, 10), (100, 3), (100, 10))
"""Width and number of layers."""

MANY = 1_000
WAITING = 10_000
PICKUPS = 100
LOOKED_AT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What the runs run on."""

    database: Database
    workspace_id: UUID
    env: Mapping[str, str]
    component_url: str
    directory: str

    @asynccontextmanager
    async def workers(self, count: int = 1) -> AsyncIterator[list[BotProcess]]:
        """So many worker processes, ready."""
        started = [await BotProcess.start("serve", "--only", "worker", env=self.env) for _ in range(count)]
        try:
            for bot in started:
                await bot.port()
            yield started
        finally:
            for bot in started:
                await bot.kill()

    def postgres(self) -> float:
        """The CPU seconds that PostgreSQL has used, those of its ended processes too."""
        found = [
            process
            for process in psutil.process_iter(["name", "cmdline", "create_time"])
            if process.info["name"] == "postgres"
            and any(self.directory in part for part in process.info["cmdline"] or ())
        ]
        # For a moment after its start a connection's process still has the name of the server that forked it.
        server = min(found, key=lambda process: process.info["create_time"])
        times = server.cpu_times()
        living = sum(cpu(child.pid) for child in server.children())
        return times.user + times.system + times.children_user + times.children_system + living

    async def receipts(self) -> dict[str, float]:
        """When the component received what, by idempotency key."""
        async with aiohttp.ClientSession() as http, http.get(f"{self.component_url}/receipts") as response:
            return {key: at for key, at in json.loads(await response.text()) if key}


def cpu(pid: int) -> float:
    """The CPU seconds that a process has used."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


@asynccontextmanager
async def ground() -> AsyncIterator[Ground]:
    """A database, a Slack and a component."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-") as directory:
        async with (
            embedded_postgres(Path(directory) / "postgres") as url,
            SlackStandIn(transcript_size=100) as slack,
            bot_process(env={}, module="tests.bench.component") as component,
        ):
            component_url = f"http://127.0.0.1:{await component.port()}"
            await migrate(url)
            database = Database(url).everywhere()
            async with database.transaction() as session:
                team = slack.workspace.team
                workspace_id = await workspaces.ensure(session, team.id, team.name)
            post = {"http_method": "POST", "approval": "none", "endpoint_url": f"{component_url}/do"}
            await registered(database, workspace_id, {"key": "do", **post})
            env = serve_env(slack, "http://127.0.0.1:1", url) | {
                "COMPONENT_ALLOWED_HOSTS": component_url.removeprefix("http://")
            }
            yield Ground(database, workspace_id, env, component_url, directory)
            await database.close()


async def begin(on: Ground, *graphs: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Begin a run of each graph, fifty to a transaction."""
    found = []
    for start in range(0, len(graphs), 50):
        async with on.database.transaction() as session:
            found += [await begun(session, on.workspace_id, graph) for graph in graphs[start : start + 50]]
    return found


def layered(width: int, layers: int) -> list[Mapping[str, Any]]:
    """Each step but those of the last layer comes before four of the next, or before all that there are."""
    return [
        step(
            f"s{layer}-{place}",
            "do",
            then=[f"s{layer + 1}-{(place + n) % width}" for n in range(min(4, width)) if layer + 1 < layers],
        )
        for layer in range(layers)
        for place in range(width)
    ]


async def ended(on: Ground, count: int, state: str = "COMPLETED", seconds: float = 900) -> None:
    """Wait until so many runs are in that state."""
    connection = await asyncpg.connect(on.database.url)
    query = "SELECT count(*) FROM workflow_executions WHERE state = $1"

    async def enough() -> bool:
        return int(await connection.fetchval(query, state)) >= count

    try:
        await until(enough, seconds)
    finally:
        await connection.close()


async def makespan(on: Ground) -> None:
    """(a): layered graphs, one at a time."""
    print("\n(a) One worker, 50 ms a call\n")
    print("| width | layers | steps | critical path s | makespan s | ratio | over it, ms a step | CPU ms a step |")
    print("|---|---|---|---|---|---|---|---|")
    over = 0
    async with on.workers() as [worker]:
        for width, layers in ((10, 2), *GRAPHS):
            took, used = [], []
            for _ in range(ROUNDS):
                before = cpu(worker.process.pid) + on.postgres()
                [run_id] = await begin(on, layered(width, layers))
                started = time.time()
                over += 1
                await ended(on, over)
                async with on.database.reading() as session:
                    run = (await session.scalars(select(Run).where(Run.id == run_id))).one()
                    states = set(await session.scalars(select(StepRun.state).where(StepRun.run_id == run_id)))
                assert states == {"DONE"}
                assert run.ended_at is not None
                took.append(run.ended_at.timestamp() - started)
                used.append(cpu(worker.process.pid) + on.postgres() - before)
            if (width, layers) not in GRAPHS:
                continue  # the first warms up
            critical, steps, seconds = layers * CALL_SECONDS, width * layers, statistics.median(took)
            print(
                f"| {width} | {layers} | {steps} | {critical:.2f} | {seconds:.2f} | {seconds / critical:.2f} "
                f"| {(seconds - critical) / steps * 1000:.1f} | {statistics.median(used) / steps * 1000:.1f} |",
                flush=True,
            )


async def many(on: Ground) -> None:
    """(b): a thousand runs of six steps, begun before the workers are."""
    print(f"\n(b) {MANY} runs of 6 steps at once\n")
    print("| workers | seconds | steps/s | CPU s workers | CPU s PostgreSQL | share of PostgreSQL |")
    print("|---|---|---|---|---|---|")
    graph = layered(2, 3)
    for count in (1, 2):
        before = await finished(on)
        await begin(on, *[graph] * MANY)
        async with on.workers(count) as workers:
            started, used = time.perf_counter(), on.postgres()
            await ended(on, before + MANY)
            seconds, used = time.perf_counter() - started, on.postgres() - used
            ours = sum(cpu(worker.process.pid) for worker in workers)
            print(
                f"| {count} | {seconds:.1f} | {MANY * len(graph) / seconds:.0f} | {ours:.1f} | {used:.1f} "
                f"| {used / (used + ours):.2f} |",
                flush=True,
            )
    keys = await on.receipts()
    async with on.database.reading() as session:
        steps = (await session.execute(select(StepRun.run_id, StepRun.id, StepRun.state))).all()
    assert {row.state for row in steps} == {"DONE"}
    assert {f"{row.run_id}:{row.id}" for row in steps} == set(keys), "every step was sent once, and nothing else"


async def finished(on: Ground) -> int:
    """How many runs are completed."""
    async with on.database.reading() as session:
        found = await session.scalars(select(Run.id).where(Run.state == "COMPLETED"))
        return len(found.all())


async def waiting(on: Ground) -> None:
    """(c): ten thousand runs at a gate."""
    print(f"\n(c) {WAITING} runs at a gate\n")
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


async def pickup(on: Ground) -> None:
    """(d): from a decision to the component's request."""
    print(f"\n(d) From a decision to the request, {PICKUPS} times, one at a time\n")
    print("| | p50 ms | p90 ms | most ms |\n|---|---|---|---|")
    async with on.workers():
        for name in ("the decision is committed", "the press is acked"):
            taken = []
            before = await finished(on)
            for number in range(PICKUPS):
                [run_id] = await begin(on, [step("act", "do", gate=True)])
                await asyncio.sleep(0.3)
                step_id = await decide(on, run_id, acked=name.endswith("acked"))
                at = time.monotonic()
                await ended(on, before + number + 1)
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


PARTS = {"makespan": makespan, "many": many, "waiting": waiting, "pickup": pickup}


async def main(parts: Sequence[str]) -> None:
    """Print the tables."""
    for name in parts or PARTS:
        async with ground() as on:
            await PARTS[name](on)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    asyncio.run(main(parser.parse_args().parts))
