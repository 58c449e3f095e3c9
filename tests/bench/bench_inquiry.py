"""How long each look-up of a question takes with 10,000 plans on record, and how soon whoever asks sees something.

python -m tests.bench.bench_inquiry

What a look-up takes of the processors, in this process and in PostgreSQL, hardly depends on what else runs.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from uuid import UUID

import psutil

from db.embedded import embedded_postgres
from db.migrate import migrate
from db.session import Database
from services import workspaces
from services.queries.inquiries.places import channels_of
from services.queries.lookups import look_up
from services.queries.lookups.rows import Scope, Wanted
from tests.support.inquiries import answers as answers_in
from tests.support.inquiries import ask
from tests.support.look_ups import LOOK_UPS, NOW, plant
from tests.support.postgres import TestServer, analyze, fresh_database
from tests.support.town_hall import TownHall, plan_card, town_hall

PLANS, OPEN, READS, ASKED = 10_000, 300, 60, 30


async def measured(database: Database, directory: str, scope: Scope, wanted: Wanted) -> tuple[float, ...]:
    """The median, the 95th of a hundred, and what one takes of the processors: ours, and PostgreSQL's; in ms."""
    took = []
    theirs, ours = postgres_seconds(directory), time.process_time()
    for _ in range(READS):
        started = time.perf_counter()
        async with database.searching() as session:
            await look_up(session, scope, wanted)
        took.append((time.perf_counter() - started) * 1_000)
    spent = (time.process_time() - ours, postgres_seconds(directory) - theirs)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1], *(s * 1_000 / READS for s in spent)


def postgres_seconds(directory: str) -> float:
    """Seconds of processors that the server in a directory has had."""
    seconds = 0.0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd().startswith(directory):
                seconds += sum(process.cpu_times()[:2])
    return seconds


async def table(database: Database, directory: str, workspace_id: UUID) -> None:
    """Print a row for each look-up, told privately and where others read along."""
    figures = "p50 ms | p95 ms | CPU ours | CPU PostgreSQL"
    print(f"| look-up | private: {figures} | in a channel: {figures} |\n|---|" + "---:|" * 8)
    private = Scope(workspace_id, "U1", NOW, "UTC")
    async with database.searching() as session:
        public = Scope(workspace_id, "U1", NOW, "UTC", places=frozenset(await channels_of(session, workspace_id)))
    for name, arguments in LOOK_UPS:
        wanted = Wanted(name, arguments)
        rows = [await measured(database, directory, scope, wanted) for scope in (private, public)]
        given = " ".join(f"{key}={value}" for key, value in arguments.items())
        print(f"| {name} {given} | " + " | ".join(f"{ms:.1f}" for row in rows for ms in row) + " |", flush=True)


async def first_signs(server_url: str) -> None:
    """Print how soon "Looking…" stands in the thread, and how soon the answer does, with an idle worker."""
    signs, answers = [], []
    async with fresh_database(server_url) as url, town_hall(url) as hall:
        card = await plan_card(hall)
        for number in range(1, ASKED + 1):
            started = time.perf_counter()
            await ask(hall, "what is #1 waiting for?", thread_ts=card.ts)
            await hall.slack.wait_for_calls("chat.postMessage", number + 1)
            signs.append((time.perf_counter() - started) * 1_000)
            await hall.slack.wait_for(partial(has_answers, hall, number))
            answers.append((time.perf_counter() - started) * 1_000)
    print("\n| from the job | p50 ms | p95 ms |\n|---|---:|---:|")
    for name, took in (("“Looking…”", signs), ("the answer, by the stand-in", answers)):
        print(f"| {name} | {statistics.median(took):.0f} | {statistics.quantiles(took, n=20)[-1]:.0f} |")


def has_answers(hall: TownHall, number: int) -> bool:
    """Whether so many answers are there."""
    return sum("Looking…" not in each.text for each in answers_in(hall)) == number


async def look_ups() -> None:
    """Print the table of look-ups."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mudda-bench-") as directory:
        async with embedded_postgres(Path(directory) / "postgres") as url:
            await migrate(url)
            everywhere = Database(url).everywhere()
            async with everywhere.transaction() as session:
                workspace_id = await workspaces.ensure(session, "T0001", "Springfield")
                await plant(session, workspace_id, plans=PLANS, still_open=OPEN)
            await analyze(everywhere)
            await table(everywhere.of(workspace_id), directory, workspace_id)
            await everywhere.close()


def main() -> None:
    """Print the tables."""
    asyncio.run(look_ups())
    server = TestServer()
    try:
        asyncio.run(first_signs(server.url))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
