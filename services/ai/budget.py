"""TokenBudget: what a workspace may spend on the model in a day, and whether it has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AICall


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """So many tokens from midnight to midnight in `zone`; 0 is no limit.

    It is looked at before a draft and not during one: what has begun may go beyond it.
    """

    tokens_per_day: int
    zone: ZoneInfo

    async def is_used_up(self, session: AsyncSession, workspace_id: UUID, now: datetime) -> bool:
        """Whether the workspace has used as many tokens today, or more."""
        if not self.tokens_per_day:
            return False
        midnight = now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        used = await session.scalar(
            select(func.coalesce(func.sum(AICall.total_tokens), 0)).where(
                AICall.workspace_id == workspace_id, AICall.created_at >= midnight
            )
        )
        return int(used or 0) >= self.tokens_per_day
