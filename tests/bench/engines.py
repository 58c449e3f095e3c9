"""The layered graphs of `bench_runs` by others: asyncio and aiohttp, which keep nothing, and DBOS.

python -m tests.bench.engines bare --component URL
python -m tests.bench.engines dbos --component URL --database URL [--listen]

`POST /carry-out?width=…&layers=…` carries out one graph and answers with the seconds that it took. DBOS also has
`POST /enqueue?width=…&layers=…&runs=…`, which puts runs into its queue; a process that is told to `--listen`
takes them from there. Calls go out on at most CALLS connections at once, as many as a worker of ours makes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import aiohttp
import uvloop
from aiohttp import web

CALLS = 128

QUEUE = "runs"

POLLING_SECONDS = 0.05
"""How often DBOS looks into its queue; by default it does once a second, and would wait most of the time."""

Call = Callable[[str], Awaitable[None]]
CarryOut = Callable[[int, int], Awaitable[None]]


async def bare(call: Call, width: int, layers: int) -> None:
    """Each step is a task, which waits for those before it."""

    async def one(key: str, needs: Sequence[asyncio.Task[None]]) -> None:
        if needs:
            await asyncio.wait(needs)
        await call(key)

    run = uuid4()
    before: list[asyncio.Task[None]] = []
    for layer in range(layers):
        needs = [{before[place - n] for n in range(min(4, width))} if before else () for place in range(width)]
        before = [
            asyncio.create_task(one(f"{run}:{layer}-{place}", tuple(needs[place]))) for place in range(width)
        ]
    await asyncio.gather(*before)


async def serve(arguments: argparse.Namespace) -> None:
    """Answer until killed."""
    connector = aiohttp.TCPConnector(limit=CALLS)
    async with aiohttp.ClientSession(connector=connector) as http:

        async def call(key: str) -> None:
            headers = {"Idempotency-Key": key}
            async with http.post(f"{arguments.component}/do", json={}, headers=headers) as response:
                await response.json()

        app = web.Application()
        if arguments.engine == "bare":
            carry_out: CarryOut = lambda width, layers: bare(call, width, layers)  # noqa: E731
        else:
            carry_out = await with_dbos(app, call, arguments)
        app.router.add_post("/carry-out", timed(carry_out))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(f"Ready on port {runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()


async def with_dbos(app: web.Application, call: Call, arguments: argparse.Namespace) -> CarryOut:
    """A workflow for each graph, a step for each call, and a queue of workflows."""
    from dbos import DBOS

    # Not as decorators: to the type checker these are of no type, for DBOS need not be installed.
    send: Call = DBOS.step()(call)

    async def layer_by_layer(width: int, layers: int) -> None:
        # Layer by layer: steps of a workflow must be started in the same order whenever it is carried out.
        for layer in range(layers):
            keys = [f"{DBOS.workflow_id}:{layer}-{place}" for place in range(width)]
            await asyncio.gather(*(send(key) for key in keys))

    carry_out: CarryOut = DBOS.workflow()(layer_by_layer)
    DBOS(
        config={
            "name": "bench",
            "system_database_url": arguments.database,
            "executor_id": str(os.getpid()),
            "log_level": "WARNING",
        }
    )
    DBOS.listen_queues([QUEUE] if arguments.listen else [])
    DBOS.launch()
    queue = await DBOS.register_queue_async(QUEUE, worker_concurrency=CALLS, polling_interval_sec=POLLING_SECONDS)

    async def enqueue(request: web.Request) -> web.Response:
        width, layers, runs = (int(request.query[name]) for name in ("width", "layers", "runs"))
        for _ in range(runs):
            await queue.enqueue_async(carry_out, width, layers)
        return web.Response()

    app.router.add_post("/enqueue", enqueue)
    return carry_out


def timed(carry_out: CarryOut) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that carries out a graph, and says how long that took."""

    async def handle(request: web.Request) -> web.Response:
        started = time.perf_counter()
        await carry_out(int(request.query["width"]), int(request.query["layers"]))
        return web.json_response({"seconds": time.perf_counter() - started})

    return handle


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=["bare", "dbos"])
    parser.add_argument("--component", required=True)
    parser.add_argument("--database")
    parser.add_argument("--listen", action="store_true")
    uvloop.run(serve(parser.parse_args()))
