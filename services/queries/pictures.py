"""Pictures on record: which file was made for which press of a button."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent

ACTIONS = {"graph": "plan.graph", "report": "run.report"}
"""What a picture of each kind is called in the audit trail: who has a report made is on record."""


async def is_made(session: AsyncSession, workspace_id: UUID, plan_id: UUID, key: str) -> bool:
    """Whether a picture has been made for this press."""
    event = await session.scalar(
        select(AuditEvent.id).where(
            AuditEvent.workspace_id == workspace_id,
            AuditEvent.subject_id == plan_id,
            AuditEvent.action.in_(ACTIONS.values()),
            AuditEvent.facts["key"].astext == key,
        )
    )
    return event is not None
