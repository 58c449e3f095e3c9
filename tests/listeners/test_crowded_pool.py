"""Jobs that wait for a row take every connection that jobs have; Slack's commands are kept all the same."""

from __future__ import annotations

import asyncio

from sqlalchemy import select, text

from db.models import Run, StepRun
from db.queue import enqueue
from db.session import MAX_OVERFLOW, POOL_SIZE, Database
from services.jobs import DecideRun
from tests.support.run_starts import CHANNEL, begun, step, until
from tests.support.town_hall import TownHall


async def test_a_command_is_acked_while_all_other_connections_wait(hall: TownHall, database: Database) -> None:
    async with database.transaction() as session:
        order = step("order", "workorders.create", gate=True, path__area="downtown", body__title="Mend it")
        run_id = await begun(session, hall.deps.workspace.id, [order])
    async with database.transaction() as session:
        found = (await session.scalars(select(StepRun).where(StepRun.run_id == run_id))).one()
    async with database.transaction() as holder:
        await holder.execute(select(Run.id).where(Run.id == run_id).with_for_update())
        async with database.transaction() as session:
            for number in range(POOL_SIZE + MAX_OVERFLOW + 5):
                job = DecideRun(
                    workspace=hall.deps.workspace.id,
                    target=found.id,
                    revision=found.revision,
                    decision="approve",
                    user=f"U0PERSON{number:02}",
                    channel=CHANNEL,
                )
                await enqueue(session, job)
        await until(lambda: waiting_for_a_lock(database, POOL_SIZE), 10)
        command = await asyncio.wait_for(
            hall.slack.send_command("priya", "works", "/mudda", "a leak at 5th and Main"), 10
        )
        assert [attempt.status for attempt in command.attempts] == [200]


async def waiting_for_a_lock(database: Database, least: int) -> bool:
    # As the server's owner: to others it does not tell what somebody waits for.
    async with database.engine.connect() as session:
        query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return int(await session.scalar(query) or 0) >= least
