"""How somebody is answered who did something with a component: where they did it, and to them alone."""

from __future__ import annotations

import logging

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.slack.messages import Message
from bot.views.private.notes import Note, note_text
from services.jobs import ComponentAct

logger = logging.getLogger("mudda.components")


async def tell(job: ComponentAct, message: Message, deps: Deps) -> None:
    """Say it at the response URL; once that has expired, in the channel where the component was opened."""
    ways = (job.response_url, None) if job.response_url else (None,)
    for response_url in ways:
        try:
            await deps.slack.tell(job.channel, job.user, message, response_url=response_url)
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError as error:
            logger.info("Could not tell somebody privately: %s", error)
        else:
            return


async def give_up(job: ComponentAct, deps: Deps) -> None:
    """Nothing was done, for a reason of ours."""
    await tell(job, Message(note_text(Note.BUSY), []), deps)
