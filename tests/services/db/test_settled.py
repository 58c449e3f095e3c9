"""A start that finds the database as the last one left it changes nothing; one that does not, mends it."""

from __future__ import annotations

import asyncpg
import pytest

from db.migrate import migrate
from db.settled import is_settled

# When each row of the catalog that a migration may change was last written.
WRITTEN = "SELECT array_agg(xmin::text ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"

CHANGES = {
    "DROP TRIGGER mudda_keep_no_log ON pgqueuer_log": (
        "SELECT count(*) FROM pg_trigger WHERE tgname = 'mudda_keep_no_log'"
    ),
    "ALTER TABLE pgqueuer RESET (fillfactor)": "SELECT reloptions FROM pg_class WHERE relname = 'pgqueuer'",
    "REVOKE DELETE ON workspaces FROM mudda_tenant": (
        "SELECT has_table_privilege('mudda_tenant', 'workspaces', 'DELETE')"
    ),
    "ALTER TABLE pgqueuer DROP COLUMN heartbeat": (
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'pgqueuer'::regclass AND attname = 'heartbeat'"
    ),
    "CREATE OR REPLACE FUNCTION mudda_keep_no_log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": (
        "SELECT prosrc FROM pg_proc WHERE proname = 'mudda_keep_no_log'"
    ),
}


async def asked(database_url: str, query: str) -> object:
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_a_start_that_finds_all_as_it_was_writes_nothing(database_url: str) -> None:
    before = await asked(database_url, WRITTEN)
    await migrate(database_url)
    assert await asked(database_url, WRITTEN) == before


@pytest.mark.parametrize("change", CHANGES)
async def test_what_was_changed_since_is_mended(database_url: str, change: str) -> None:
    before = await asked(database_url, CHANGES[change])
    await asked(database_url, change)
    assert await asked(database_url, CHANGES[change]) != before
    await migrate(database_url)
    assert str(await asked(database_url, CHANGES[change])) == str(before)


async def test_another_version_looks_at_all_of_it_again(database_url: str) -> None:
    assert not await is_settled(database_url, ("another", "version"))
