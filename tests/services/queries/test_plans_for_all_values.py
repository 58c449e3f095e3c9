"""PostgreSQL may plan a statement for all values after its fifth use: what looks through much is not."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from db.session import Database
from services.queries.lookups import look_up
from services.queries.lookups.rows import Scope, Wanted
from tests.support.look_ups import NOW, plant
from tests.support.postgres import analyze

PLANS, USES, MOST = 2_000, 7, 1.05
CHANNELS = frozenset(f"C{n}" for n in range(6))

LOOKED_AT = text("SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables")


async def looked_at(database: Database, scope: Scope, wanted: Wanted) -> tuple[int, int]:
    """How many rows PostgreSQL looks at the first time, and once it may plan for all values, on one connection."""
    found = []
    for _ in range(USES):
        async with database.searching() as session:
            before = await session.scalar(LOOKED_AT)
            await look_up(session, scope, wanted)
            found.append(int(await session.scalar(LOOKED_AT) - before))
    return found[0], found[-1]


async def test_what_is_looked_up_again_and_again_looks_at_no_more(database: Database, workspace_id: UUID) -> None:
    async with database.everywhere().transaction() as session:
        await plant(session, workspace_id, plans=PLANS, still_open=100)
    await analyze(database)
    bound, worse = database.of(workspace_id), {}
    for wanted in (Wanted("plan", {"number": "900"}), Wanted("decisions", {"text": "reply to the reporter"})):
        for places in (None, CHANNELS):
            first, later = await looked_at(bound, Scope(workspace_id, "U1", NOW, "UTC", places=places), wanted)
            if later > MOST * first:
                worse[wanted.name, places is None] = (first, later)
    assert worse == {}
