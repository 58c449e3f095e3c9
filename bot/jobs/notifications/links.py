"""Where the cards are that messages to people lead to."""

from __future__ import annotations

from uuid import UUID

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from services.errors import NotFound


async def card_link(plan: UUID, deps: Deps) -> str | None:
    """The address of a plan's card; None where there is none that others could open."""
    try:
        async with deps.database.transaction() as session:
            channel, ts = await deps.cards.message(session, deps.workspace.id, plan)
    except NotFound:
        return None
    return await message_link(channel, ts, deps) if ts else None


async def message_link(channel: str, ts: str, deps: Deps) -> str | None:
    """The address of a message; None for one that is gone, or stands in somebody's own messages with the bot."""
    if channel.startswith("D"):
        return None
    try:
        return await deps.slack.permalink(channel, ts)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError:
        return None
