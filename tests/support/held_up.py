"""For how long the event loop is held up: by the clock, and by what this process did, whatever others do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

EVERY = 0.005
"""Seconds between two looks."""


@dataclass(slots=True)
class HeldUp:
    """The most between two turns of the loop, in seconds: by the clock, and of the processor's time."""

    clock: float = 0.0
    work: float = 0.0


@asynccontextmanager
async def held_up() -> AsyncIterator[HeldUp]:
    """Measures while it is entered, and is to be read afterwards."""
    most = HeldUp()

    async def watch() -> None:
        while True:
            clock, work = time.perf_counter(), time.process_time()
            await asyncio.sleep(EVERY)
            most.clock = max(most.clock, time.perf_counter() - clock - EVERY)
            most.work = max(most.work, time.process_time() - work)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(EVERY)
    try:
        yield most
        # What held it up to the very end shows at the next look.
        await asyncio.sleep(2 * EVERY)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
