"""One at a time adds components to a workspace: what is looked up of names is so until it is written."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


async def wait_for_turn(session: AsyncSession, workspace_id: UUID) -> None:
    """Wait until nobody else adds components, and let nobody else until the transaction ends.

    Rows that are not there yet can't be locked: two who add the same would each find the names free.
    """
    lock = func.hashtextextended(f"components of {workspace_id}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
