"""Posting once: what an earlier try may have posted before it was killed is looked for by its metadata."""

from __future__ import annotations

import logging
from datetime import datetime

from bot.deps import Deps
from bot.errors import MessageGone, RateLimited, SlackError, SlackUnavailable
from bot.slack.messages import Message
from services.queries.snapshots import PlanSnapshot
from services.runs.claims import Attempt
from services.steps.calls import BuiltinCall

logger = logging.getLogger("mudda.posting")


async def post_once(
    channel: str, message: Message, thread_ts: str | None, attempt: Attempt[BuiltinCall], deps: Deps
) -> str:
    """The ts of the message, which another worker may have posted in this attempt before it was killed."""
    ts = None
    if attempt.is_resumed:
        ts = await find_earlier(channel, message, thread_ts, attempt.started_at, deps)
    return ts or await deps.slack.post(channel, message, thread_ts=thread_ts)


async def thread_of(snapshot: PlanSnapshot, deps: Deps) -> tuple[str, str | None]:
    """The channel and the thread of a plan's card. Raises JobDeferral while the card is on its way."""
    if snapshot.thread is not None:
        return snapshot.shown_in, snapshot.thread
    async with deps.database.transaction() as session:
        return await deps.cards.place(session, deps.workspace.id, snapshot.id)


async def link(channel: str, ts: str | None, deps: Deps) -> str | None:
    """The address of a message in Slack; None if it is not posted, or gone."""
    try:
        return await deps.slack.permalink(channel, ts) if ts else None
    except MessageGone:
        return None


async def find_earlier(
    channel: str, message: Message, thread_ts: str | None, since: datetime, deps: Deps
) -> str | None:
    """The ts of the same message, if it has been posted since then."""
    try:
        return await deps.slack.find(channel, message.metadata or {}, thread_ts=thread_ts, since=since)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        # Where the bot may post but not read, a message that may come twice is better than none.
        logger.warning("Could not look for a message: %s", error)
        return None
