"""PostgreSQL is begun again, and failed over, in the midst of runs: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.e2e.kill_storm import Storm, storm
from tests.support.cluster import one_server, two_servers

SECONDS = 12.0


@pytest.mark.soak
async def test_a_server_that_is_begun_again_and_again() -> None:
    restarts = 0

    async with one_server() as server:

        async def restart(raging: Storm, over: asyncio.Event) -> None:
            nonlocal restarts
            while not over.is_set():
                await raging.pause(over, raging.chance.uniform(1, 3))
                async with raging.calm:
                    await server.restart(raging.chance.choice(("fast", "immediate")))
                    await raging.database.engine.dispose()
                restarts += 1

        seed = str(random.random())
        over = await storm(server.url, seconds=SECONDS, runs_per_second=4, seed=seed, disturb=restart)
    assert restarts >= 2
    assert len(over.begun) >= SECONDS / 2


@pytest.mark.soak
async def test_a_standby_that_takes_over() -> None:
    async with two_servers() as cluster:

        async def fail_over(raging: Storm, over: asyncio.Event) -> None:
            await raging.pause(over, SECONDS / 2)
            async with raging.calm:
                await cluster.fail_over()
                await raging.database.engine.dispose()

        seed = str(random.random())
        over = await storm(cluster.url, seconds=SECONDS, runs_per_second=4, seed=seed, disturb=fail_over)
    assert len(over.begun) >= SECONDS / 2
