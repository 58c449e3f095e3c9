"""The start: what can't be used is named in one true line; what is only away is waited for."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.config import Settings
from bot.errors import SettingsError
from bot.sandbox.gemini.server import GeminiStandIn
from bot.sandbox.slack import ErrorWord, RateLimited, ServerError, SlackStandIn
from bot.serve import running_bot
from bot.startup.database import database_for, migrated
from db.migrate import MIGRATION_LOCK
from db.session import Database
from tests.support.postgres import database_url as url_of
from tests.support.run_starts import until
from tests.support.town_hall import bot_settings


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


async def test_an_outage_of_slack_at_the_start_is_waited_out(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        slack.faults.script("auth.test", [ServerError(503), RateLimited(1)])
        async with running_bot(bot_settings(slack, gemini, database_url)) as bot:
            assert await bot.tenants.of_team(slack.workspace.team.id) is not None
    said = [record.getMessage() for record in caplog.records if "does not answer" in record.getMessage()]
    assert said == [
        "Slack does not answer (auth.test: 503); asking again in 1 s",
        "Slack does not answer (auth.test: ratelimited); asking again in 2 s",
    ]


async def test_a_bot_token_that_slack_does_not_take_is_named(database_url: str) -> None:
    async with SlackStandIn() as slack, GeminiStandIn() as gemini:
        slack.faults.script("auth.test", [ErrorWord("account_inactive")])
        with pytest.raises(SettingsError) as refused:
            async with running_bot(bot_settings(slack, gemini, database_url)):
                pass
    assert refused.value.lines == ("SLACK_BOT_TOKEN: Slack does not take it (account_inactive).",)


async def test_a_home_that_can_not_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(_env_file=None, database_url=None, mudda_home=tmp_path / "file" / "home")
    with pytest.raises(SettingsError, match="MUDDA_HOME: can't write to"):
        async with database_for(settings):
            pass


async def test_a_server_that_has_become_read_only_is_left_at_once(database_url: str) -> None:
    database = Database(database_url, pool_size=1, max_overflow=0)
    async with database.reading() as session:
        before = await session.scalar(text("SELECT pg_backend_pid()"))
    async with database.transaction() as session:
        await session.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
    with pytest.raises(DBAPIError, match="read-only"):
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO inbox (key, kind) VALUES ('a', 'b')"))
    # A new connection, to what is the primary by now.
    async with database.transaction() as session:
        assert await session.scalar(text("SELECT pg_backend_pid()")) != before
        await session.execute(text("INSERT INTO inbox (key, kind) VALUES ('a', 'b')"))
    await database.close()


async def test_only_one_process_migrates_at_a_time_and_the_others_say_that_they_wait(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    holder = await asyncpg.connect(database_url)
    await holder.execute("COMMENT ON TABLE pgqueuer IS 'as an earlier version left it'")
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
    waiting = asyncio.create_task(migrated(database_url))
    await until(lambda: _is_said(caplog, "waiting for it"), 10)
    assert not waiting.done()
    await transaction.rollback()
    await asyncio.wait_for(waiting, 20)
    await holder.close()


async def _is_said(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in record.getMessage() for record in caplog.records)
