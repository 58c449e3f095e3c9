from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select

from db.models import Workspace
from db.session import Database
from services import workspaces
from services.errors import NotFound


async def test_a_workspace_is_made_once_and_keeps_its_name(database: Database) -> None:
    async with database.transaction() as session:
        first = await workspaces.ensure(session, "T7", "Springfield")
    async with database.transaction() as session:
        assert await workspaces.ensure(session, "T7", "Another name") == first
        assert await workspaces.by_team(session, "T7") == first
        assert await session.scalar(select(Workspace.name)) == "Springfield"


async def test_an_unknown_team_is_not_found(database: Database) -> None:
    async with database.reading() as session:
        with pytest.raises(NotFound):
            await workspaces.by_team(session, "T7")


async def test_replicas_may_make_the_same_workspace_together(database: Database) -> None:
    async def ensure() -> UUID:
        async with database.transaction() as session:
            return await workspaces.ensure(session, "T7")

    ids = await asyncio.gather(*(ensure() for _ in range(8)))
    assert len(set(ids)) == 1
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Workspace)) == 1
