"""Who may change what holds for a whole workspace: its admins, as Slack knows them."""

from __future__ import annotations

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from services import homes


async def is_admin(user: str, deps: Deps) -> bool:
    """Whether somebody is an admin of the workspace now. Raises what is a matter of time."""
    try:
        return (await deps.slack.person(user)).is_admin
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError:
        return False


async def seems_admin(user: str, deps: Deps) -> bool:
    """The same for what a person is shown: as Slack said within the hour, if it was asked."""
    async with deps.database.reading() as session:
        if await homes.is_known(session, deps.workspace.id, user, deps.now()):
            return await homes.is_admin(session, deps.workspace.id, user)
    return await is_admin(user, deps)
