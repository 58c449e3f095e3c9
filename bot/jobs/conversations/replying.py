"""What is answered to what somebody said, where nothing else is to be done: once, and in the thread of it."""

from __future__ import annotations

import logging

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import ChannelUnreachable, MessageGone, RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_for
from bot.slack.messages import Message
from bot.views.card import decisions
from bot.views.messages.conversation import answer, decide_there, picture_alone, unclear, which_was_meant
from bot.views.private.notes import Note, note_text
from services.conversations.service import PlanOfThread, Reply
from services.jobs import LockReply, Say
from services.queries.snapshots import PlanSnapshot
from services.states import PlanState

logger = logging.getLogger("mudda.hearing")


async def say(job: Say, deps: Deps) -> None:
    """Post it, or tell it to whoever wrote; an earlier try may have been killed after Slack took it."""
    async with deps.database.transaction() as session:
        reply = await deps.conversations.begin_reply(session, job.workspace, job.heard, deps.now())
        plan = None
        if job.about is not None:
            plan = await deps.conversations.plan(session, job.workspace, job.about)
        place = None if plan is None else await deps.cards.message(session, job.workspace, plan.id)
        draft = await _draft(session, job, plan, deps)
    if reply.ts is not None:
        return
    link = await _link(place, deps)
    with speaking(await language_for(reply.user, deps)):
        message = _message(job, plan, draft, link)
    try:
        if job.in_private:
            await _tell(job, reply, message, deps)
            return
        ts = None
        if reply.begun_at is not None:
            ts = await find_earlier(reply.channel, message, job.reply_thread, reply.begun_at, deps)
        ts = ts or await deps.slack.post(reply.channel, message, thread_ts=job.reply_thread)
    except ChannelUnreachable as error:
        logger.info("Could not answer: %s", error)
        return
    async with deps.database.transaction() as session:
        await deps.conversations.replied(session, job.workspace, job.heard, ts)


async def lock_reply(job: LockReply, deps: Deps) -> None:
    """Show under a decision in words that it was decided; a message that is gone needs no lock."""
    async with deps.database.reading() as session:
        reply = await deps.conversations.reply(session, job.workspace, job.heard)
        plan = await deps.conversations.plan(session, job.workspace, job.about)
    if reply.ts is None:
        return
    with speaking(await language_for(reply.user, deps)):
        message = decide_there(job.heard, plan.number, plan.state, None)
    try:
        await deps.slack.update(reply.channel, reply.ts, message)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not take buttons away: %s", error)


async def _draft(session: AsyncSession, job: Say, plan: PlanOfThread | None, deps: Deps) -> PlanSnapshot | None:
    """The plan that a decision in words is about, where buttons can decide about it."""
    if job.kind != "decision" or plan is None or plan.state != PlanState.DRAFT:
        return None
    return await deps.queries.get(session, job.workspace, plan.id)


def _message(job: Say, plan: PlanOfThread | None, draft: PlanSnapshot | None, link: str | None) -> Message:
    match job.kind:
        case "help":
            return which_was_meant(job.heard, note_text(Note.HELP))
        case "empty":
            return which_was_meant(job.heard, note_text(Note.EMPTY_MENTION))
        case "picture":
            return picture_alone(job.heard, has_plan=plan is not None)
        case "decision" if plan is not None:
            return decide_there(job.heard, plan.number, plan.state, link, decisions(draft) if draft else ())
        case "unclear":
            return unclear(job.heard, has_plan=plan is not None, lacking=job.lacking)
        case kind:
            return answer(job.heard, kind, job.lacking)


async def _link(place: tuple[str, str | None] | None, deps: Deps) -> str | None:
    if place is None or place[1] is None:
        return None
    try:
        return await deps.slack.permalink(place[0], place[1])
    except (MessageGone, ChannelUnreachable):
        return None


async def _tell(job: Say, reply: Reply, message: Message, deps: Deps) -> None:
    try:
        await deps.slack.tell(
            reply.channel, reply.user, message, thread_ts=job.reply_thread, response_url=job.response_url
        )
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        # They have left since, or their response URL is too old: no failure of ours.
        logger.info("Could not tell somebody privately: %s", error)


HANDLERS = (
    Handler(Say, Lane.QUICK, say, attempts=PATIENT_ATTEMPTS),
    Handler(LockReply, Lane.QUICK, lock_reply),
)
