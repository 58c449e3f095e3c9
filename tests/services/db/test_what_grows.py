"""What is asked of tables that only grow is found by an index, however many rows there are."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from db.session import Database
from services.cards import CardService
from tests.support.runs_on_record import plan

# A workspace goes once, and so does an installation; plans go by the hundred, and with each its steps.
WITHOUT_INDEX = text("""
SELECT format('%s (%s)', conrelid::regclass, attname)
FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
WHERE contype = 'f' AND confrelid <> ALL (ARRAY['workspaces', 'installations']::regclass[])
AND NOT EXISTS (
    SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1]
    AND COALESCE(pg_get_expr(indpred, indrelid) = format('(%I IS NOT NULL)', attname), true)
)
""")
USED = text("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'cards_recent_idx'")


async def test_what_goes_with_a_row_is_found_by_an_index(database: Database) -> None:
    async with database.reading() as session:
        assert (await session.scalars(WITHOUT_INDEX)).all() == []


async def test_cards_that_lag_are_looked_for_among_the_latest(database: Database, workspace_id: UUID) -> None:
    columns = "(id, workspace_id, plan_id, channel_id, ts, generation, drawn_generation)"
    async with database.transaction() as session:
        plan_id = await plan(session, workspace_id)
        values = f"VALUES (gen_random_uuid(), '{workspace_id}', '{plan_id}', 'C1', '1.1', 1, 0)"
        await session.execute(text(f"INSERT INTO cards {columns} {values}"))
    async with database.transaction() as session:
        before = await session.scalar(USED)
        # A table of one row is scanned whole, whatever there is.
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_sort = off"))
        await CardService().request_lagging(session, datetime.now(UTC))
        assert await session.scalar(text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'draw_card'")) == 1
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    async with database.transaction() as session:
        assert await session.scalar(USED) == (before or 0) + 1
