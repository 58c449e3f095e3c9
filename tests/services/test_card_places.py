"""Where a card is, for what belongs in its thread."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.models import WorkflowPlan
from db.session import Database
from services.cards import CardService
from services.jobs import JobDeferral
from tests.support.run_graphs import DO
from tests.support.run_starts import CHANNEL, begun, registered, step

cards = CardService()


@pytest.fixture
async def plan(database: Database, workspace_id: UUID) -> UUID:
    """A plan whose card is to be posted."""
    await registered(database, workspace_id, DO)
    async with database.transaction() as session:
        await begun(session, workspace_id, [step("act", "do")])
        return (await session.scalars(select(WorkflowPlan.id))).one()


async def changed(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(statement))


@pytest.mark.parametrize("status", ["queued", "picked", "failed"])
async def test_a_card_is_waited_for_as_long_as_a_job_is_to_post_it(
    database: Database, workspace_id: UUID, plan: UUID, status: str
) -> None:
    """One that could not be put back while the database was away is held, as "failed", and is taken up later."""
    await changed(database, f"UPDATE pgqueuer SET status = '{status}' WHERE dedupe_key LIKE 'post:%'")
    async with database.transaction() as session:
        with pytest.raises(JobDeferral):
            await cards.place(session, workspace_id, plan)


async def test_a_card_that_nobody_posts_is_not_waited_for(
    database: Database, workspace_id: UUID, plan: UUID
) -> None:
    await changed(database, "DELETE FROM pgqueuer")
    async with database.transaction() as session:
        assert await cards.place(session, workspace_id, plan) == (CHANNEL, None)


async def test_a_card_that_has_arrived_is_where_it_is(database: Database, workspace_id: UUID, plan: UUID) -> None:
    await changed(database, "UPDATE cards SET ts = '1.1'")
    async with database.transaction() as session:
        assert await cards.place(session, workspace_id, plan) == (CHANNEL, "1.1")
