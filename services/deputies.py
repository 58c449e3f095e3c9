"""Deputies: who may decide in the place of somebody who is away. Chains are not followed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import NotificationPreference


async def stands_in_for(session: AsyncSession, workspace_id: UUID, user: str, now: datetime) -> tuple[str, ...]:
    """Those who are away now and have named `user` as their deputy."""
    people = await session.scalars(
        select(NotificationPreference.user_id)
        .where(NotificationPreference.workspace_id == workspace_id, NotificationPreference.deputy == user)
        .where(*_away(now))
        .order_by(NotificationPreference.user_id)
    )
    return tuple(people)


def absent(workspace_id: UUID, user: str, now: datetime) -> ColumnElement[list[str]]:
    """The same as a value in a query."""
    people = (
        select(NotificationPreference.user_id)
        .where(NotificationPreference.workspace_id == workspace_id, NotificationPreference.deputy == user)
        .where(*_away(now))
        .order_by(NotificationPreference.user_id)
    )
    return func.array(people.scalar_subquery(), type_=ARRAY(Text))


async def deputies_of(
    session: AsyncSession, workspace_id: UUID, people: Iterable[str], now: datetime
) -> Mapping[str, str]:
    """The deputies of those of `people` who are away now, by whom they stand in for."""
    rows = await session.execute(
        select(NotificationPreference.user_id, NotificationPreference.deputy)
        .where(NotificationPreference.workspace_id == workspace_id)
        .where(NotificationPreference.user_id.in_(tuple(people)), *_away(now))
    )
    return {row.user_id: row.deputy for row in rows if row.deputy}


def _away(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return NotificationPreference.deputy_from <= now, NotificationPreference.deputy_until > now
