"""Digests: all that waits for a person, in one message."""

from __future__ import annotations

import logging

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.notifications.links import message_link
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.views.messages.digest import digest_message
from services.jobs import SendDigest

logger = logging.getLogger("mudda.notifications")


async def send_digest(job: SendDigest, deps: Deps) -> None:
    """Post it, once, if anything waits; and see to the next one."""
    async with deps.database.transaction() as session:
        digest = await deps.notifications.digests.begin(session, job)
    if digest is not None:
        places = {line.card for line in digest.lines if line.card}
        links = {place: link for place in places if (link := await message_link(*place, deps))}
        message = digest_message(digest, links)
        try:
            channel = await deps.slack.open_dm(job.user)
            # Looked for first each time: nothing says whether an earlier try was killed after Slack took it.
            if not await find_earlier(channel, message, None, job.at, deps):
                await deps.slack.post(channel, message)
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError as error:
            logger.warning("Somebody could not be told what waits for them: %s", error)
    async with deps.database.transaction() as session:
        await deps.notifications.digests.sent(session, job, deps.now())


HANDLERS = (Handler(SendDigest, Lane.QUICK, send_digest, attempts=PATIENT_ATTEMPTS),)
