"""Where a card is: it is moved to where people can act, leaves a line behind, and its address is remembered."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.showing import show_card
from bot.jobs.registry import Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.slack.messages import Message
from bot.views.messages.place import is_direct, moved
from bot.views.private.notes import Note, note_text
from db.queue import enqueue
from services.errors import NotFound
from services.jobs import FoldCard, JobDeferral, MoveCard, ShowCard, Tell

logger = logging.getLogger("mudda.placing")

FOLD_POLL = timedelta(seconds=1)
"""When to look again whether a card that was moved has arrived."""


async def move_card(job: MoveCard, deps: Deps) -> None:
    """Have the card shown in another channel, for whoever may see it; or say where it is, if it is there."""
    if is_direct(job.to):
        await _tell(job, Note.CARD_IN_DIRECT, deps)
        return
    try:
        async with deps.database.transaction() as session:
            plan = await deps.queries.get(session, job.workspace, job.plan)
            viewer = await deps.queries.viewer(session, job.workspace, job.user, job.channel, now=deps.now())
            await deps.queries.check_may_see(session, plan, viewer)
            is_moved = await deps.cards.move(session, job.workspace, job.plan, job.to, job.actor)
    except NotFound:
        await _tell(job, Note.NOT_FOUND, deps)
        return
    if not is_moved:
        await show_card(_show(job), deps)
    elif job.to == job.channel:
        await _tell(job, Note.CARD_COMES, deps)


async def give_up_move(job: MoveCard, deps: Deps) -> None:
    """The card is where it was, for a reason of ours."""
    words = Tell(
        workspace=job.workspace, channel=job.channel, user=job.user, note=Note.BUSY, response_url=job.response_url
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words)


async def fold_card(job: FoldCard, deps: Deps) -> None:
    """Say at the message at which a card was where it is; nothing if it is there again, or the message is gone."""
    async with deps.database.transaction() as session:
        plan = await deps.queries.get(session, job.workspace, job.plan)
        channel, ts = await deps.cards.message(session, job.workspace, job.plan)
    if (channel, ts) == (job.from_channel, job.from_ts):
        return
    if ts is None:
        raise JobDeferral(FOLD_POLL, "the card has not arrived yet")
    address = await _link(channel, ts, deps)
    with speaking(language_of_card(plan, deps.workspace)):
        message = moved(plan.number, channel, address)
    try:
        await deps.slack.update(job.from_channel, job.from_ts, message)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not fold a card that was moved: %s", error)


async def note_place(
    workspace_id: UUID, plan_id: UUID, channel: str, ts: str, known: bool | None, deps: Deps
) -> None:
    """Remember the address of a card, and whether only some people can see its channel: lists say so.

    What is `known` of the channel is not asked again.
    """
    try:
        is_private = known if known is not None else (await deps.slack.channel_kind(channel)).is_private
    except (RateLimited, SlackUnavailable):
        is_private = None
    link = await _link(channel, ts, deps)
    async with deps.database.transaction() as session:
        await deps.cards.note_place(session, workspace_id, plan_id, ts, link=link, is_private=is_private)


async def _link(channel: str, ts: str, deps: Deps) -> str | None:
    """The address of a card; None where Slack does not say it, since nothing depends on it."""
    try:
        return await deps.slack.permalink(channel, ts)
    except SlackError as error:
        logger.info("Slack does not say where a card is: %s", error)
        return None


def _show(job: MoveCard) -> ShowCard:
    return ShowCard(
        workspace=job.workspace, user=job.user, channel=job.channel, plan=job.plan, response_url=job.response_url
    )


async def _tell(job: MoveCard, note: Note, deps: Deps) -> None:
    await deps.slack.tell(job.channel, job.user, Message(note_text(note), []), response_url=job.response_url)


HANDLERS = (
    Handler(MoveCard, Lane.QUICK, move_card, give_up_move),
    Handler(FoldCard, Lane.QUICK, fold_card),
)
