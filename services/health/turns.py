"""Whose turn it is to call a component that limits how often, or how many at once; all workers share it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ComponentTurns
from services.components.definitions import ComponentDefinition

MARGIN = timedelta(seconds=30)
"""Beyond a call's own limit: then whoever made it is gone, and its place is free."""


async def take_slot(
    session: AsyncSession, workspace_id: UUID, definition: ComponentDefinition, now: datetime
) -> datetime:
    """When the next call may begin, by `per_minute`; that moment is the caller's then, and nobody else's.

    The generic cell rate algorithm without a burst: calls follow one another evenly, as many as there are waiting.
    """
    row = await _held(session, workspace_id, definition.key)
    at = max(now, row.next_at or now)
    row.next_at = at + timedelta(minutes=1) / (definition.per_minute or 1)
    return at


async def take_place(
    session: AsyncSession, workspace_id: UUID, definition: ComponentDefinition, claim: UUID, now: datetime
) -> bool:
    """Whether there is a place for another call, by `max_concurrent`; if so it is taken until `leave_place`."""
    row = await _held(session, workspace_id, definition.key)
    calls = {each: until for each, until in row.calls.items() if datetime.fromisoformat(until) > now}
    is_free = len(calls) < (definition.max_concurrent or 1)
    if is_free:
        until = now + timedelta(seconds=definition.timeout_seconds) + MARGIN
        calls[str(claim)] = until.isoformat()
    row.calls = calls
    return is_free


async def leave_place(session: AsyncSession, workspace_id: UUID, component: str, claim: UUID) -> None:
    """A call is over."""
    row = await _held(session, workspace_id, component)
    row.calls = {each: until for each, until in row.calls.items() if each != str(claim)}


async def _held(session: AsyncSession, workspace_id: UUID, component: str) -> ComponentTurns:
    await session.execute(
        insert(ComponentTurns)
        .values(workspace_id=workspace_id, component_key=component, calls={})
        .on_conflict_do_nothing(index_elements=["workspace_id", "component_key"])
    )
    return (
        await session.scalars(
            select(ComponentTurns)
            .where(ComponentTurns.workspace_id == workspace_id, ComponentTurns.component_key == component)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
