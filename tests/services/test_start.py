"""What a database that can't be used says at the start: one true line, whatever is wrong with it."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import text

from bot.errors import SettingsError
from bot.serve import migrated
from db.session import Database
from tests.postgres import database_url as url_of


async def test_parameters_of_the_url_hold_for_sessions(database_url: str) -> None:
    more = database_url + "&application_name=town-hall&sslmode=prefer&options=-c%20statement_timeout%3D4321"
    database = Database(more)
    async with database.reading() as session:
        assert await session.scalar(text("SHOW application_name")) == "town-hall"
        assert await session.scalar(text("SHOW statement_timeout")) == "4321ms"
    await database.close()


async def test_an_unusable_database_is_named_in_one_line(database_url: str) -> None:
    admin = await asyncpg.connect(database_url)
    await admin.execute("CREATE ROLE guest LOGIN")
    await admin.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        name = database_url.split("?")[0].rsplit("/", 1)[1]
        server = database_url.replace(f"/{name}?", "/postgres?")
        cases = {
            url_of(server, "nowhere"): "no database of this name",
            url_of(server, "latin"): "LATIN1",
            database_url.replace("//postgres:", "//nobody:"): "user or password",
            server.replace("//postgres:", "//guest:"): "may not make tables",
        }
        for url, words in cases.items():
            with pytest.raises(SettingsError) as caught:
                await migrated(url)
            [line] = caught.value.lines
            assert line.startswith("DATABASE_URL: ")
            assert words in line
    finally:
        await admin.execute("DROP DATABASE latin")
        await admin.execute("DROP ROLE guest")
        await admin.close()


async def test_what_people_wrote_is_in_no_error(database: Database) -> None:
    with pytest.raises(Exception, match="division by zero") as caught:
        async with database.transaction() as session:
            await session.execute(text("SELECT 1 / 0, CAST(:words AS text)"), {"words": "Mrs Smith's address"})
    assert "Smith" not in str(caught.value)
