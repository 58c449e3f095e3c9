"""PreferenceService: how each person wants to be told, and who decides for them while they are away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import NotificationPreference
from services import audit
from services.audit import Actor

DIGEST_TIME = time(9)
"""When those who want a digest get it, by the clock of the workspace."""

MAX_ABSENCE = timedelta(days=366)


class NotificationMode(StrEnum):
    """How a person is told of what waits for them: each at once, one digest a day, or only what is theirs."""

    EACH = "each"
    DIGEST = "digest"
    MINE = "mine"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person has set. The `deputy` decides in their place on the days `first` to `last`, both included.

    Raises ValueError on a deputy without days, or days that end before they begin.
    """

    mode: NotificationMode = NotificationMode.EACH
    deputy: str | None = None
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if self.deputy is None:
            return
        if self.first is None or self.last is None or not timedelta(0) <= self.last - self.first <= MAX_ABSENCE:
            raise ValueError("days")


class PreferenceService:
    """Every method takes a session and leaves the commit to its caller. Days are those of `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def today(self, now: datetime) -> date:
        """Which day it is in the workspace."""
        return now.astimezone(self._zone).date()

    def next_digest(self, now: datetime) -> datetime:
        """When the next digest of a day is due."""
        local = now.astimezone(self._zone)
        due = datetime.combine(local.date(), DIGEST_TIME, self._zone)
        return due if due > local else datetime.combine(local.date() + timedelta(days=1), DIGEST_TIME, self._zone)

    async def get(self, session: AsyncSession, workspace_id: UUID, user: str) -> Preferences:
        """What a person has set; what applies to all others, if nothing."""
        row = await session.scalar(select(NotificationPreference).where(*_of(workspace_id, user)))
        if row is None:
            return Preferences()
        mode = NotificationMode(row.mode)
        if row.deputy is None or row.deputy_from is None or row.deputy_until is None:
            return Preferences(mode)
        last = row.deputy_until.astimezone(self._zone).date() - timedelta(days=1)
        return Preferences(mode, row.deputy, row.deputy_from.astimezone(self._zone).date(), last)

    async def save(
        self, session: AsyncSession, workspace_id: UUID, user: str, wanted: Preferences, actor: Actor
    ) -> bool:
        """Keep what a person has set; whether their deputy is another than before, or on other days."""
        before = await self.get(session, workspace_id, user)
        row = await self.locked(session, workspace_id, user)
        row.mode, row.deputy = wanted.mode, wanted.deputy
        row.deputy_from = row.deputy_until = None
        if wanted.deputy is not None and wanted.first is not None and wanted.last is not None:
            row.deputy_from = self._midnight(wanted.first)
            row.deputy_until = self._midnight(wanted.last + timedelta(days=1))
        if before != wanted:
            days = {"first": wanted.first, "last": wanted.last} if wanted.deputy else {}
            await audit.record(
                session,
                workspace_id,
                subject=workspace_id,
                actor=actor,
                action="notifications.set",
                mode=wanted.mode,
                deputy=wanted.deputy,
                **{name: str(day) for name, day in days.items()},
            )
        as_deputy = (wanted.deputy, wanted.first, wanted.last)
        return wanted.deputy is not None and as_deputy != (before.deputy, before.first, before.last)

    async def locked(self, session: AsyncSession, workspace_id: UUID, user: str) -> NotificationPreference:
        """A person's row, held until the transaction ends: what they are told of is counted one after another."""
        values = {"workspace_id": workspace_id, "user_id": user, "mode": NotificationMode.EACH}
        await session.execute(insert(NotificationPreference).values(values).on_conflict_do_nothing())
        row = select(NotificationPreference).where(*_of(workspace_id, user)).with_for_update()
        return (await session.scalars(row.execution_options(populate_existing=True))).one()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def _of(workspace_id: UUID, user: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return NotificationPreference.workspace_id == workspace_id, NotificationPreference.user_id == user
