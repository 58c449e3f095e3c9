"""Hosts that fail or hang, and components with limits: no step is lost, and nobody else waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, update

from bot.sandbox.town import Hang, Town
from bot.views.card import card as drawn
from db.models import HostFault, StepRun
from services.health.door import HOST_CALLS
from services.health.hosts import FAILURES
from services.states import RunState
from tests.support.run_starts import begun, hurried, now, registered, run_state, until
from tests.support.town_hall import TownHall, town_hall
from tests.support.town_runs import step

ROUTE = "open311.find_requests"


def reading(key: str, town: Town, **members: Any) -> Mapping[str, Any]:
    return {"key": key, "endpoint_url": f"{town.url}/open311/v2/requests.json", **members}


async def started(hall: TownHall, *steps: dict[str, Any]) -> UUID:
    async with hall.deps.database.transaction() as session:
        return await begun(session, hall.deps.workspace.id, steps)


async def count(hall: TownHall, state: str) -> int:
    async with hall.database.reading() as session:
        return await session.scalar(select(func.count()).where(StepRun.state == state)) or 0


async def test_a_host_that_hangs_does_not_delay_another_component_s_steps(database_url: str) -> None:
    steps = 140
    async with Town() as slow, town_hall(database_url, component_allowed_hosts="127.0.0.1") as hall:
        slow.script(ROUTE, *[Hang()] * 2 * steps)
        await registered(hall.database, hall.deps.workspace.id, reading("slow.read", slow, timeout_seconds=120))
        await started(hall, *(step(f"s{number}", "slow.read") for number in range(steps)))
        await slow.wait_for(ROUTE, HOST_CALLS)
        quick = await started(hall, step("look", ROUTE))

        async def is_done() -> bool:
            return await run_state(hall.database, quick) == RunState.COMPLETED

        # Far sooner than the other host's calls time out.
        await until(is_done, 30)
        assert len(slow.received(ROUTE)) == HOST_CALLS
        assert await count(hall, "DONE") == 1


async def test_steps_wait_for_a_host_that_is_down_and_none_is_lost(database_url: str) -> None:
    down = Town()
    async with town_hall(database_url, component_allowed_hosts="127.0.0.1") as hall:
        await down.start()
        await down.stop()
        await registered(hall.database, hall.deps.workspace.id, reading("far.read", down, attempts=10))
        run_id = await started(hall, *(step(f"s{number}", "far.read") for number in range(FAILURES + 4)))

        async def all_wait() -> bool:
            async with hall.database.reading() as session:
                # Whatever it does now: hurried, it comes back at once, and all of them hardly ever wait together.
                held = StepRun.wait["held"]["by"].astext == "host"
                return await session.scalar(select(func.count()).where(held)) == FAILURES + 4

        await hurried(hall.database, all_wait)
        snapshot = await card(hall, run_id)
        assert "does not answer; tried again at" in snapshot
        await down.start()

        async def is_done() -> bool:
            async with hall.database.transaction() as session:
                await session.execute(update(HostFault).values(closed_until=now()))
            return await run_state(hall.database, run_id) == RunState.COMPLETED

        await hurried(hall.database, is_done)
        assert len(down.received(ROUTE)) == FAILURES + 4
        async with hall.database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(HostFault)) == 0
    await down.stop()


async def card(hall: TownHall, run_id: UUID) -> str:
    """The text of the card of a run, as it is drawn now."""

    async with hall.database.reading() as session:
        snapshot = await hall.deps.queries.get_by_run(session, hall.deps.workspace.id, run_id)
    return str(drawn(snapshot, card_id=uuid4()))


async def test_where_few_calls_may_be_made_at_once_each_step_has_its_turn(database_url: str) -> None:
    async with Town() as slow, town_hall(database_url, component_allowed_hosts="127.0.0.1") as hall:
        limited = reading("slow.read", slow, max_concurrent=2)
        await registered(hall.database, hall.deps.workspace.id, limited)
        run_id = await started(hall, *(step(f"s{number}", "slow.read") for number in range(8)))

        async def is_done() -> bool:
            return await run_state(hall.database, run_id) == RunState.COMPLETED

        await hurried(hall.database, is_done)
        assert len(slow.received(ROUTE)) == 8
