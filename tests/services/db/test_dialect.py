"""What SQLAlchemy has made of a statement serves every engine of the process that speaks to such a server."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, select

from db.dialect import SharedDialect
from db.models import Workspace
from db.session import Database

STATEMENT = select(Workspace.name).where(Workspace.name == "nobody else asks this").distinct()


async def run(database: Database) -> str:
    """Run it; where SQLAlchemy had it from, by its own word."""
    words: list[str] = []

    def note(*given: Any) -> None:
        words.append(given[4].cache_hit.name)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.reading() as session:
        await session.execute(STATEMENT)
    return words[-1]


async def test_what_one_engine_has_compiled_all_have(database: Database, database_url: str) -> None:
    another = Database(database_url).everywhere()
    await run(database)
    assert await run(another) == "CACHE_HIT"
    await another.close()


def of(version: tuple[int, int]) -> SharedDialect:
    made = SharedDialect()  # type: ignore[no-untyped-call]
    made.server_version_info = version
    return made


def test_another_server_s_statements_are_compiled_for_it() -> None:
    assert of((18, 1)) == of((18, 1))
    assert hash(of((18, 1))) == hash(of((15, 0)))
    assert of((18, 1)) != of((15, 0))
    assert of((18, 1)) != "postgresql"
