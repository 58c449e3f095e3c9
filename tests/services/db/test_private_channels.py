"""Whether a channel is private is asked for each card that is posted, in channels with any number of cards."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from db.session import Database
from services.card_turns import NotedPost, PostedCard, Turn
from services.cards import CardService
from tests.support.runs_on_record import NOW, plan

cards = CardService()

USED = text("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'cards_private_idx'")


async def test_it_is_found_by_an_index(database: Database, workspace_id: UUID) -> None:
    query = "INSERT INTO cards (id, workspace_id, plan_id, channel_id, is_private, generation, drawn_generation)"
    async with database.transaction() as session:
        for number, is_private in enumerate(("true", "false", "NULL"), start=1):
            plan_id = await plan(session, workspace_id, number)
            values = f"VALUES (gen_random_uuid(), '{workspace_id}', '{plan_id}', 'C1', {is_private}, 0, 0)"
            await session.execute(text(f"{query} {values}"))
        turn = await cards.begin_post(session, workspace_id, plan_id, NOW)
        assert isinstance(turn, Turn)
    async with database.transaction() as session:
        before = await session.scalar(USED)
        # Tables of two rows are scanned whole, whatever there is.
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_sort = off"))
        [noted] = await cards.all_posted(session, workspace_id, [PostedCard(plan_id, turn, "1.1")])
        assert isinstance(noted, NotedPost)
        assert noted.is_private is not None
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.transaction() as session:
        assert await session.scalar(USED) == (before or 0) + 1
