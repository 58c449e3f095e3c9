"""The audit trail: who did what, when, and from which message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent

SYSTEM = "mudda"
"""The actor of what no person did."""


async def record(
    session: AsyncSession, workspace_id: UUID, *, subject: UUID, actor: str, action: str, **facts: Any
) -> None:
    """Write one event down, in the transaction of what it tells of. `actor` is a Slack user id or SYSTEM."""
    session.add(AuditEvent(workspace_id=workspace_id, subject_id=subject, actor=actor, action=action, facts=facts))
