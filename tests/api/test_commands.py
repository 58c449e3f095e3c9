"""The commands of tokens: what they refuse, and what they show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bot.cli import tokens
from bot.cli.command import CommandFailed
from db.session import Database

NOW = datetime(2026, 11, 29, 7, 0, tzinfo=UTC)
TEAM = "T0001"


async def made(database: Database, **options: Any) -> str:
    given = {"name": "crews", "rights": "read", "person": None, "days": 90, "sees_private": False, "now": NOW}
    return await tokens.create(database, TEAM, **{**given, **options})


async def test_a_token_is_made_listed_and_revoked_and_never_shown_again(
    database: Database, workspace_id: UUID
) -> None:
    token = await made(database, rights="read, draft", person="U0PRIYA001")
    listed = await tokens.list_(database, TEAM)
    assert all(word in listed for word in ("crews", "draft,read", "U0PRIYA001", "public", "2027-02-27", "never"))
    assert token.removeprefix("mudda_") not in listed
    with pytest.raises(CommandFailed, match="already"):
        await made(database)
    await tokens.revoke(database, TEAM, "crews", NOW)
    assert "no tokens" in await tokens.list_(database, TEAM)
    with pytest.raises(CommandFailed, match="no token"):
        await tokens.revoke(database, TEAM, "crews", NOW)
    assert await made(database) != token


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"name": "two words"}, "NAME"),
        ({"rights": "approve"}, "rights"),
        ({"rights": ""}, "rights"),
        ({"rights": "draft"}, "somebody's name"),
        ({"person": "priya"}, "person"),
        ({"days": -1}, "days"),
    ],
)
async def test_what_can_t_be_a_token_is_refused(
    database: Database, workspace_id: UUID, options: dict[str, Any], word: str
) -> None:
    with pytest.raises(CommandFailed, match=word):
        await made(database, **options)


async def test_a_workspace_that_there_is_not_is_named(database: Database) -> None:
    with pytest.raises(CommandFailed, match="T0001"):
        await made(database)
