"""Types are asked about once, and what may change is asked about again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from db.known_types import KnowingConnection, Types

COLOURS = "SELECT ARRAY['red', 'green']::colour[] AS found"


@pytest.fixture
async def url(database_url: str) -> AsyncIterator[str]:
    """A database without the type that a test makes: what a test leaves beside tables would stay."""
    yield database_url
    async with connected(database_url, {}) as connection:
        await connection.execute("DROP TYPE IF EXISTS colour")


@asynccontextmanager
async def connected(url: str, types: Types) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url, connection_class=KnowingConnection)
    connection.types = types
    try:
        yield connection
    finally:
        await connection.close()


async def asked(url: str, types: Types, query: str) -> tuple[Any, int]:
    """What a new connection finds, and how often it asks about types for it."""
    queries: list[str] = []
    async with connected(url, types) as connection:
        with connection.query_logger(lambda record: queries.append(record.query)):
            found = await connection.fetchval(query)
    return found, sum("typeinfo_tree" in each for each in queries)


async def test_what_one_connection_has_asked_is_known_to_the_next(url: str) -> None:
    types: Types = {}
    async with connected(url, types) as connection:
        await connection.execute("CREATE TYPE colour AS ENUM ('red', 'green')")
    assert await asked(url, types, COLOURS) == (["red", "green"], 1)
    assert await asked(url, types, COLOURS) == (["red", "green"], 0)
    async with connected(url, types) as connection:
        await connection.execute("ALTER TYPE colour ADD VALUE 'blue'")
    assert await asked(url, types, "SELECT ARRAY['blue']::colour[]") == (["blue"], 0)


async def test_types_of_postgresql_itself_are_known_in_other_databases(url: str) -> None:
    query = "SELECT ARRAY['{}']::jsonb[]"
    found, _ = await asked(url, {}, query)
    assert await asked(url, {}, query) == (found, 0)


async def test_a_type_that_is_made_anew_is_asked_about_anew(url: str) -> None:
    types: Types = {}
    for kind, found in (
        ("AS ENUM ('red', 'green')", ["red", "green"]),
        ("AS (name text)", [("red",), ("green",)]),
    ):
        async with connected(url, types) as connection:
            await connection.execute(f"DROP TYPE IF EXISTS colour; CREATE TYPE colour {kind}")
        query = COLOURS if found == ["red", "green"] else "SELECT ARRAY[ROW('red'), ROW('green')]::colour[]"
        assert await asked(url, types, query) == (found, 1)


async def test_what_a_row_is_like_is_asked_about_in_each_connection(url: str) -> None:
    types: Types = {}
    async with connected(url, types) as connection:
        await connection.execute("CREATE TYPE colour AS (name text)")
    assert await asked(url, types, "SELECT ROW('red')::colour") == (("red",), 1)
    async with connected(url, types) as connection:
        await connection.execute("ALTER TYPE colour ADD ATTRIBUTE shade int")
    assert await asked(url, types, "SELECT ROW('red', 7)::colour") == (("red", 7), 1)
