"""Workspaces: the row that every other row of a Slack team belongs to."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Workspace
from services.errors import NotFound


async def by_team(session: AsyncSession, team_id: str) -> UUID:
    """The id of a team's workspace. Raises NotFound while there is none."""
    workspace_id = await _find(session, team_id)
    if workspace_id is None:
        raise NotFound("workspace", team_id)
    return workspace_id


async def ensure(session: AsyncSession, team_id: str, name: str = "") -> UUID:
    """The id of a team's workspace, which is made if need be. `name` counts only then."""
    known = await _find(session, team_id)
    if known is not None:
        return known
    # Another replica may be about to do the same: whoever comes second waits here, and then finds it.
    await session.execute(
        insert(Workspace).values(team_id=team_id, name=name).on_conflict_do_nothing(index_elements=["team_id"])
    )
    return await by_team(session, team_id)


async def _find(session: AsyncSession, team_id: str) -> UUID | None:
    return await session.scalar(select(Workspace.id).where(Workspace.team_id == team_id))
