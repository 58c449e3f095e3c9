"""Tables that many rows pass through stay small."""

from __future__ import annotations

from sqlalchemy import text

from db.queue import enqueue
from db.session import Database
from tests.support.jobs import Knock

OPTIONS = text("SELECT relname, reloptions FROM pg_class WHERE relname = ANY(:tables)")


async def test_the_queue_keeps_no_log_of_what_went_through_it(database: Database) -> None:
    async with database.transaction() as session:
        await enqueue(session, Knock(door=1))
        counts = await session.execute(
            text("SELECT (SELECT count(*) FROM pgqueuer), (SELECT count(*) FROM pgqueuer_log)")
        )
    assert tuple(counts.one()) == (1, 0)


async def test_rows_that_change_often_have_room_and_are_cleaned_up_after_soon(database: Database) -> None:
    tables = ["cards", "step_runs", "workflow_executions", "pgqueuer"]
    async with database.reading() as session:
        found = (await session.execute(OPTIONS, {"tables": tables})).all()
    assert len(found) == len(tables)
    for row in found:
        names = {option.partition("=")[0] for option in row.reloptions or ()}
        assert {"fillfactor", "autovacuum_vacuum_scale_factor"} <= names, row.relname
