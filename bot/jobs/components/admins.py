"""Who may change which components there are: approvers, and admins of the workspace."""

from __future__ import annotations

from uuid import UUID

from bot.admins import is_admin
from bot.deps import Deps


async def may_change_components(user: str, workspace_id: UUID, deps: Deps) -> bool:
    """Whether somebody may: by the rule of the settings on the Home, asked anew."""
    async with deps.database.reading() as session:
        approvers = (await deps.approvals.settings(session, workspace_id)).approvers
    return user in approvers or await is_admin(user, deps)
