"""The messages that ask people to act: posted once each, and redrawn as the plan goes on."""

from __future__ import annotations

import logging
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import ChannelUnreachable, ContentRefused, MessageGone, RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.notifications.links import card_link
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_for, language_of_card
from bot.slack.messages import Message
from bot.views.kit.blocks import plainer
from bot.views.messages.gate_request import unreached_message
from bot.views.private.notification import notification_message, person_reminder
from services.jobs import DrawNotification, PostNotification, RemindPerson, TellUnreached
from services.notifications.copies import Copy
from services.queries.snapshots import PlanSnapshot

logger = logging.getLogger("mudda.notifications")


async def post_notification(job: PostNotification, deps: Deps) -> None:
    """Post it, unless it is there already: an earlier try may have been killed after Slack took it."""
    async with deps.database.transaction() as session:
        copy = await deps.notifications.copies.begin_post(session, job.workspace, job.notification, deps.now())
        if copy is None:
            return
        snapshot = await _snapshot(session, copy, deps)
    message = await _drawn(snapshot, copy, deps)
    try:
        channel, ts = await _delivered(copy, message, deps)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        await _unreachable(copy, error, deps)
        return
    async with deps.database.transaction() as session:
        is_the_one = await deps.notifications.copies.posted(session, job.workspace, copy, channel, ts)
    if not is_the_one:
        await deps.slack.delete(channel, ts)


async def draw_notification(job: DrawNotification, deps: Deps) -> None:
    """Show how things stand; once they are decided, who decided what, and no buttons."""
    async with deps.database.transaction() as session:
        copy = await deps.notifications.copies.begin_draw(session, job.workspace, job.notification)
        if copy is None or copy.channel is None or copy.ts is None:
            return
        snapshot = await _snapshot(session, copy, deps)
    message = await _drawn(snapshot, copy, deps)
    try:
        await _updated(copy.channel, copy.ts, message, deps)
    except (MessageGone, ChannelUnreachable) as error:
        logger.info("Could not redraw a notification: %s", error)
        async with deps.database.transaction() as session:
            await deps.notifications.copies.gone(session, job.workspace, copy)
    else:
        async with deps.database.transaction() as session:
            await deps.notifications.copies.drawn(session, job.workspace, copy)


async def remind_person(job: RemindPerson, deps: Deps) -> None:
    """Remind somebody, once for each reminder, of what still waits; nothing if it does not."""
    async with deps.database.transaction() as session:
        copy = await deps.notifications.copies.reminded(session, job.workspace, job.notification)
        if copy is None or copy.channel is None:
            return
        snapshot = await _snapshot(session, copy, deps)
    link = await card_link(snapshot.id, deps)
    with speaking(await language_for(copy.user, deps)):
        message = person_reminder(snapshot, copy, link, number=job.reminder, by=job.by)
    try:
        if not await find_earlier(copy.channel, message, None, snapshot.created_at, deps):
            await deps.slack.post(copy.channel, message)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not remind somebody: %s", error)


async def tell_unreached(job: TellUnreached, deps: Deps) -> None:
    """Say in the thread, once, that none of those who are asked could be written to."""
    async with deps.database.transaction() as session:
        snapshot = await deps.queries.get_by_run(session, job.workspace, job.run)
        reasons = await deps.notifications.copies.reasons(session, job.workspace, job.step, job.revision)
        channel, thread_ts = await deps.cards.place(session, job.workspace, job.plan)
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = unreached_message(snapshot, job.step, job.revision, reasons)
    if message is None:
        return
    try:
        if not await find_earlier(channel, message, thread_ts, snapshot.created_at, deps):
            await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable as error:
        logger.warning("Nobody could be told that nobody could be told: %s", error)


async def _drawn(snapshot: PlanSnapshot, copy: Copy, deps: Deps) -> Message:
    """The message in the language of whoever gets it."""
    link = await card_link(snapshot.id, deps)
    with speaking(await language_for(copy.user, deps)):
        return notification_message(snapshot, copy, link)


async def _snapshot(session: AsyncSession, copy: Copy, deps: Deps) -> PlanSnapshot:
    if copy.run is not None:
        return await deps.queries.get_by_run(session, deps.workspace.id, copy.run)
    return await deps.queries.get(session, deps.workspace.id, copy.plan)


async def _delivered(copy: Copy, message: Message, deps: Deps) -> tuple[str, str]:
    """Where the message is now. A channel that was opened long ago may be gone: then another is opened."""
    if copy.channel is not None:
        with suppress(ChannelUnreachable):
            return copy.channel, await _once(copy, copy.channel, message, deps)
    channel = await _opened(copy, deps)
    return channel, await _once(copy, channel, message, deps)


async def _once(copy: Copy, channel: str, message: Message, deps: Deps) -> str:
    ts = await find_earlier(channel, message, None, copy.begun_at, deps) if copy.begun_at else None
    return ts or await _posted(channel, message, deps)


async def _opened(copy: Copy, deps: Deps) -> str:
    channel = await deps.slack.open_dm(copy.user)
    async with deps.database.transaction() as session:
        await deps.notifications.copies.opened(session, deps.workspace.id, copy.user, channel)
    return channel


async def _posted(channel: str, message: Message, deps: Deps) -> str:
    try:
        return await deps.slack.post(channel, message)
    except ContentRefused as error:
        logger.error("Slack refused a notification as it is: %s", error)
        return await deps.slack.post(channel, plainer(message))


async def _updated(channel: str, ts: str, message: Message, deps: Deps) -> None:
    try:
        await deps.slack.update(channel, ts, message)
    except ContentRefused as error:
        logger.error("Slack refused a notification as it is: %s", error)
        await deps.slack.update(channel, ts, plainer(message))


async def _unreachable(copy: Copy, error: SlackError, deps: Deps) -> None:
    logger.warning("Somebody could not be told that they are asked: %s", error)
    async with deps.database.transaction() as session:
        await deps.notifications.copies.unreachable(session, deps.workspace.id, copy, error.code, deps.now())


HANDLERS = (
    Handler(PostNotification, Lane.QUICK, post_notification, attempts=PATIENT_ATTEMPTS),
    Handler(DrawNotification, Lane.QUICK, draw_notification, attempts=PATIENT_ATTEMPTS),
    Handler(RemindPerson, Lane.QUICK, remind_person, attempts=PATIENT_ATTEMPTS),
    Handler(TellUnreached, Lane.QUICK, tell_unreached, attempts=PATIENT_ATTEMPTS),
)
