"""NotificationService: its parts, and what all of them do when a card is drawn."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.copies import CopyService
from services.notifications.digests import DigestService
from services.notifications.preferences import PreferenceService
from services.notifications.ringing import RingService
from services.queries.snapshots import PlanSnapshot


class NotificationService:
    """Preferences, who is told, the messages, and digests; days and hours are those of `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.preferences = PreferenceService(zone)
        self.ringing = RingService(self.preferences)
        self.copies = CopyService(self.preferences, self.ringing)
        self.digests = DigestService(self.preferences, self.ringing)

    async def follow(
        self, session: AsyncSession, workspace_id: UUID, snapshot: PlanSnapshot, now: datetime
    ) -> None:
        """A plan's card is drawn: its messages follow, and the approvers of a draft that waits are told."""
        await self.copies.follow(session, snapshot.id)
        await self.ringing.ring_draft(session, workspace_id, snapshot, now)
