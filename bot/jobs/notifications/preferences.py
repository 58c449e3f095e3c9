"""A person sets how they are told, and who decides for them; the deputy hears of it."""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_for
from bot.views.messages.digest import deputy_message
from bot.views.private.notes import Note
from db.queue import enqueue
from services.jobs import SetNotifications, Tell, TellDeputy
from services.notifications.preferences import NotificationMode, Preferences

LOOK_BACK = timedelta(hours=1)
"""A worker that takes over looks back so far for the message to a deputy."""

logger = logging.getLogger("mudda.notifications")


async def set_notifications(job: SetNotifications, deps: Deps) -> None:
    """Keep it, tell the deputy if there is a new one, and say that it is kept."""
    wanted = Preferences(NotificationMode(job.mode), job.deputy, job.first, job.last)
    parts, now = deps.notifications, deps.now()
    async with deps.database.transaction() as session:
        is_new = await parts.preferences.save(session, job.workspace, job.user, wanted, job.actor)
        if is_new:
            words = TellDeputy(workspace=job.workspace, user=job.user)
            key = f"deputy:{job.user}:{job.deputy}:{job.first}:{job.last}"
            await enqueue(session, words, key=key)
        if wanted.mode is NotificationMode.DIGEST:
            await parts.ringing.schedule_digest(session, job.workspace, job.user, now, daily=True)
        await enqueue(session, _tell(job, Note.NOTIFICATIONS_SET))


async def give_up_notifications(job: SetNotifications, deps: Deps) -> None:
    """All is as it was, for a reason of ours."""
    async with deps.database.transaction() as session:
        await enqueue(session, _tell(job, Note.BUSY))


async def tell_deputy(job: TellDeputy, deps: Deps) -> None:
    """Tell the deputy that there is now, once for each time that they are named with other days."""
    async with deps.database.reading() as session:
        found = await deps.notifications.preferences.get(session, job.workspace, job.user)
    if found.deputy is None or found.first is None or found.last is None:
        return
    with speaking(await language_for(found.deputy, deps)):
        message = deputy_message(job.user, found.first, found.last)
    try:
        channel = await deps.slack.open_dm(found.deputy)
        if not await find_earlier(channel, message, None, deps.now() - LOOK_BACK, deps):
            await deps.slack.post(channel, message)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.warning("A deputy could not be told: %s", error)


def _tell(job: SetNotifications, note: Note) -> Tell:
    return Tell(
        workspace=job.workspace, channel=job.channel, user=job.user, note=note, response_url=job.response_url
    )


HANDLERS = (
    Handler(SetNotifications, Lane.QUICK, set_notifications, give_up_notifications),
    Handler(TellDeputy, Lane.QUICK, tell_deputy, attempts=PATIENT_ATTEMPTS),
)
