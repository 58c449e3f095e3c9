"""How long reads over HTTP take with 50 clients beside a worker that drafts plans: paced, and all they can.

python -m tests.bench.bench_api
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvloop

from bot.startup.garbage import settle_garbage
from db.embedded import embedded_postgres
from db.migrate import migrate
from db.models import Card
from tests.support import runs_on_record
from tests.support.api import token
from tests.support.town_hall import LEAK, TownHall, town_hall

CLIENTS, SECONDS, PAUSE = 50, 20, 1.0
PLANS = 300
COMMANDS_EVERY = 2.0
"""Seconds between two commands that the worker is kept at work with."""


async def main() -> None:
    """Print the table; the loop, and the collector of garbage, are as the bot has them."""
    settle_garbage()
    with tempfile.TemporaryDirectory() as folder:
        async with embedded_postgres(Path(folder) / "postgres") as url:
            await migrate(url)
            async with town_hall(url) as hall:
                paths = await planted(hall)
                bearers = [await token(hall, f"c{number}", "read") for number in range(CLIENTS)]
                working = asyncio.create_task(work(hall))
                await asyncio.sleep(2)
                # In a process of its own: who measures must not wait for what is measured.
                given = json.dumps({"port": hall.bot.port, "paths": paths, "bearers": bearers})
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.bench.bench_api", "clients", stdin=asyncio.subprocess.PIPE
                )
                await process.communicate(given.encode())
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working


async def planted(hall: TownHall) -> list[str]:
    """Plans with a run each; what is to be read."""
    paths = []
    async with hall.database.transaction() as session:
        workspace_id = hall.deps.workspace.id
        for number in range(1000, 1000 + PLANS):
            plan = await runs_on_record.plan(session, workspace_id, number)
            session.add(Card(workspace_id=workspace_id, plan_id=plan, channel_id="C1", is_private=False))
            run = await runs_on_record.run(session, workspace_id, plan, output={"id": "WO-1"})
            paths += [f"/workflows/{number}", f"/executions/{run}", "/workflows?limit=10", "/components?limit=10"]
    return paths


async def work(hall: TownHall) -> None:
    """Keep the worker drafting."""
    while True:
        await hall.slack.send_command("priya", "works", "/mudda", LEAK)
        await asyncio.sleep(COMMANDS_EVERY)


async def clients() -> None:
    """Ask, paced and then not."""
    given = json.loads(sys.stdin.read())
    port, paths, bearers = given["port"], given["paths"], given["bearers"]
    paced = await load(port, paths, bearers, PAUSE)
    print(f"{CLIENTS} clients, a read a second each: {told(paced)}")
    flat_out = await load(port, paths, bearers, 0.0, seconds=5)
    print(f"{CLIENTS} clients, as fast as they can:  {told(flat_out)}, {len(flat_out) / 5:,.0f} a second")


def told(latencies: Sequence[float]) -> str:
    found = sorted(latencies)
    at = {share: found[min(len(found) - 1, int(len(found) * share))] * 1000 for share in (0.5, 0.95, 0.99)}
    return f"p50 {at[0.5]:.1f} ms, p95 {at[0.95]:.1f} ms, p99 {at[0.99]:.1f} ms ({len(found):,} reads)"


async def load(
    port: int, paths: Sequence[str], bearers: Sequence[str], pause: float, seconds: float = SECONDS
) -> list[float]:
    """The seconds that each answer of 200 took; one that was refused for its number does not count."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def one(number: int, bearer: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(pause * number / CLIENTS)
        turn = number
        while time.perf_counter() < end:
            turn += 7
            head = f"GET {paths[turn % len(paths)]} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\n\r\n"
            began = time.perf_counter()
            writer.write(head.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(int(length.split(b":")[1]))
            if answer.startswith(b"HTTP/1.1 200"):
                latencies.append(time.perf_counter() - began)
            else:
                await asyncio.sleep(0.1)
            await asyncio.sleep(max(0.0, pause - (time.perf_counter() - began)))
        writer.close()

    await asyncio.gather(*(one(number, bearer) for number, bearer in enumerate(bearers)))
    return latencies


if __name__ == "__main__":
    asyncio.run(clients()) if sys.argv[1:] == ["clients"] else uvloop.run(main())
