"""The versions of a plan, as people are shown them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import PlanVersion
from db.session import ReadSession
from services.errors import NotFound
from services.queries.snapshots import VersionSnapshot
from services.queries.workflows import version_snapshot
from services.workflows.versions import VersionKind

MAX_LISTED = 40
"""A modal holds no more of them."""


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version as one line of a list."""

    version: int
    kind: VersionKind
    made_by: str | None
    wish: str | None
    based_on: int | None
    made_at: datetime
    steps: int


async def lines(session: AsyncSession | ReadSession, workspace_id: UUID, plan_id: UUID) -> tuple[VersionLine, ...]:
    """The latest versions of a plan, the newest first."""
    row = PlanVersion
    rows = await session.execute(
        select(
            row.version,
            row.kind,
            row.made_by,
            row.wish,
            row.based_on,
            row.created_at,
            func.jsonb_array_length(row.document["steps"]).label("steps"),
        )
        .where(row.workspace_id == workspace_id, row.plan_id == plan_id)
        .order_by(row.version.desc())
        .limit(MAX_LISTED)
    )
    return tuple(
        VersionLine(
            each.version,
            VersionKind(each.kind),
            each.made_by,
            each.wish,
            each.based_on,
            each.created_at,
            each.steps,
        )
        for each in rows
    )


async def get(
    session: AsyncSession | ReadSession, workspace_id: UUID, plan_id: UUID, version: int
) -> VersionSnapshot:
    """One version. Raises NotFound."""
    row = await session.scalar(
        select(PlanVersion).where(
            PlanVersion.workspace_id == workspace_id,
            PlanVersion.plan_id == plan_id,
            PlanVersion.version == version,
        )
    )
    if row is None:
        raise NotFound("version", version)
    return version_snapshot(row)
