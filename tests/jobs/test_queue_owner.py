"""A worker that slept while another took its job over leaves that job alone when it wakes up."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from bot.sandbox.town import Hold
from tests.support.run_starts import begun, step, until
from tests.support.town_hall import TownHall
from tests.support.waiting import happened


async def with_another(hall: TownHall, held: Hold) -> UUID:
    """Begin a run, and once its step is being called let another have taken its job over."""
    hall.town.script("open311.find_requests", held)
    async with hall.database.transaction() as session:
        await begun(session, hall.deps.workspace.id, [step("look", "open311.find_requests")])
    await happened(held.reached)
    other = uuid4()
    async with hall.database.transaction() as session:
        query = text("UPDATE pgqueuer SET queue_manager_id = :other WHERE entrypoint = 'run_step'")
        await session.execute(query, {"other": other})
    return other


async def owners(hall: TownHall) -> list[UUID | None]:
    async with hall.database.reading() as session:
        query = text("SELECT queue_manager_id FROM pgqueuer WHERE entrypoint = 'run_step'")
        return list(await session.scalars(query))


async def all_else_is_done(hall: TownHall) -> None:
    """Wait until nothing but that job is left: what was done before it has been written down by then."""

    async def nothing_else() -> bool:
        async with hall.database.reading() as session:
            query = text("SELECT count(*) FROM pgqueuer WHERE entrypoint <> 'run_step'")
            return bool(await session.scalar(query) == 0)

    assert hall.bot.worker is not None
    await hall.bot.worker.idle()
    await until(nothing_else, 10)


@pytest.mark.parametrize("how", ["ended", "failed"])
async def test_a_job_that_another_has_is_neither_ended_nor_put_back(hall: TownHall, how: str) -> None:
    held = Hold()
    other = await with_another(hall, held)
    if how == "failed":
        async with hall.database.engine.begin() as session:
            await session.execute(text("ALTER TABLE step_attempts RENAME TO lost"))
    held.released.set()
    await all_else_is_done(hall)
    assert await owners(hall) == [other]
