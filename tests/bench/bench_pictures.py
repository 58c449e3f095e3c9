"""How long a graph takes as PNG and a report as PDF, in a process of its own; how long the loop stands still.

python -m tests.bench.bench_pictures

The whole way of each is measured: the process that draws is begun, draws and ends. Goals: the graph of 30 steps
under 300 ms, its report under 500 ms. Its CPU time says what a busy machine would take if it were idle.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from services.pictures.model import TooLarge
from services.pictures.service import PictureService
from tests.support.graphs import graph, report

TIMES = 7
STEPS = (5, 30, 100, 200)
TEXT = "Water is coming up through the road at 5th and Main. It has been running since six this morning."


async def measured(make: Callable[[], Awaitable[bytes]]) -> tuple[str, ...]:
    """Median time and CPU time in ms, the size in kB, and the longest that the loop stood still in ms."""
    took, used, size, longest = [], [], "too large", 0.0
    for _ in range(TIMES):
        began, before_cpu = time.perf_counter(), cpu()
        making = asyncio.ensure_future(make())
        while not making.done():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before - 0.001)
        took.append((time.perf_counter() - began) * 1_000)
        used.append((cpu() - before_cpu) * 1_000)
        with suppress(TooLarge):
            size = f"{len(await making) / 1_000:.0f}"
    return f"{statistics.median(took):.0f}", f"{statistics.median(used):.0f}", size, f"{longest * 1_000:.0f}"


def cpu() -> float:
    """The CPU time in s of all processes that were begun here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def main() -> None:
    pictures = PictureService()
    print("| steps | | ms | CPU, ms | kB | loop stood still, ms |\n|---|---|---|---|---|---|")
    for steps in STEPS:
        drawn, document = graph(steps), report(graph(steps), TEXT)
        for name, make in (
            ("graph, PNG", lambda drawn=drawn: pictures.picture(drawn)),
            ("report, PDF", lambda document=document: pictures.report(document)),
        ):
            print(" | ".join([f"| {steps}", name, *await measured(make)]), "|")


if __name__ == "__main__":
    asyncio.run(main())
