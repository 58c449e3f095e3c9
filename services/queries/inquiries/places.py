"""Where the plans of a workspace are shown: what lies in a private place is not told in a public one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Card, WorkflowPlan

MAX_CHANNELS = 30
"""So many are looked at, those with the newest plans: whether one is private is asked of Slack."""


async def channels_of(session: AsyncSession, workspace_id: UUID) -> Sequence[str]:
    """The channels in which plans are shown that may be public ones, those with the newest plans first."""
    place = func.coalesce(Card.channel_id, WorkflowPlan.channel_id)
    query = (
        select(place)
        .select_from(WorkflowPlan)
        .outerjoin(Card, Card.plan_id == WorkflowPlan.id)
        .where(WorkflowPlan.workspace_id == workspace_id, place.startswith("C"))
        .group_by(place)
        .order_by(func.max(WorkflowPlan.number).desc())
        .limit(MAX_CHANNELS)
    )
    return (await session.scalars(query)).all()
