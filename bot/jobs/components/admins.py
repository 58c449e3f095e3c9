"""Who may change which components there are: approvers, and admins of the workspace."""

from __future__ import annotations

from uuid import UUID

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable


async def may_change_components(user: str, workspace_id: UUID, deps: Deps) -> bool:
    """Whether somebody may: by the rule of the settings on the Home, asked anew."""
    async with deps.database.reading() as session:
        approvers = (await deps.approvals.settings(session, workspace_id)).approvers
    if user in approvers:
        return True
    try:
        return (await deps.slack.person(user)).is_admin
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError:
        # Whoever Slack does not show to the bot is no admin of this workspace.
        return False
