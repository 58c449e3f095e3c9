"""Cards are posted once, and redrawn in place."""

from __future__ import annotations

import logging

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import ChannelUnreachable, ContentRefused, MessageGone, MetadataRefused, SlackError
from bot.jobs.agents.entities import with_entity, without_entity
from bot.jobs.agents.sessions import show_awaited
from bot.jobs.messages.placing import note_place
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.slack.messages import Message
from bot.views.card import card
from bot.views.kit.blocks import plainer
from bot.views.messages.place import asking_where
from bot.views.private.notes import Note
from db.models.documents import MovedFrom
from db.queue import enqueue
from services.card_turns import NoTurn, Turn
from services.jobs import DrawCard, JobDeferral, PostCard, Tell
from services.queries.snapshots import PlanSnapshot
from services.states import FailureCode, PlanState
from services.workflows.drafts import Failure

logger = logging.getLogger("mudda.cards")


async def post_card(job: PostCard, deps: Deps) -> None:
    """Post the card, unless it is there already: an earlier try may have been killed after Slack took it."""
    posting = await deps.posts.begin(job, deps.now())
    if posting is None:
        return
    turn, snapshot = posting.turn, posting.plan
    try:
        message = _drawn(snapshot, turn, deps)
        ts = await _found(turn, message, deps) or await _posted(turn, message, deps)
    except ChannelUnreachable as error:
        logger.info("Could not post a card: %s", error)
        await _unreachable(job, deps)
        return
    link = deps.slack.known_permalink(turn.channel_id, ts) if turn.thread_ts is None else None
    noted = await deps.posts.posted(job, posting, ts, link)
    if noted.is_the_card:
        if link is None or noted.is_private is None:
            await note_place(job.workspace, job.plan, turn.channel_id, ts, noted.is_private, deps)
        await show_awaited(turn.channel_id, turn.thread_ts, snapshot, deps)
    else:
        await deps.slack.delete(turn.channel_id, ts)
    if _is_followed(snapshot):
        await _have_followed(snapshot, deps)


async def draw_card(job: DrawCard, deps: Deps) -> None:
    """Redraw the card as the rows are now, if nobody has since, and not more often than Slack likes."""
    drawing = await deps.draws.begin(job, deps.now())
    turn, snapshot = drawing.turn, drawing.plan
    if snapshot is None:
        return
    # After the turn is taken, for a change from now on asks for another redraw; and before the card's own wait.
    if turn is not NoTurn.NOT_POSTED and _is_followed(snapshot):
        await _have_followed(snapshot, deps)
    if isinstance(turn, JobDeferral):
        raise turn
    if isinstance(turn, NoTurn) or turn.ts is None:
        return
    try:
        await _update(turn.channel_id, turn.ts, _drawn(snapshot, turn, deps), deps)
    except MessageGone:
        async with deps.database.transaction() as session:
            await deps.cards.lost(session, job.workspace, job.plan, turn)
    except ChannelUnreachable as error:
        # Nobody can redraw it, now or in a minute; the next change tries again.
        logger.info("Could not redraw a card: %s", error)
        await deps.draws.drawn(job, turn, deps.now())
    except SlackError:
        async with deps.database.transaction() as session:
            await deps.cards.give_back(session, job.workspace, job.plan, turn)
        raise
    else:
        await deps.draws.drawn(job, turn, deps.now())
        await show_awaited(turn.channel_id, turn.thread_ts, snapshot, deps)


def _drawn(snapshot: PlanSnapshot, turn: Turn, deps: Deps) -> Message:
    """The card; in a direct message it asks where else it should be shown."""
    usual = deps.workspace.settings.get("default_channel")
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = asking_where(card(snapshot, card_id=turn.card_id), snapshot, usual)
        return with_entity(message, snapshot, turn.channel_id, deps)


def _is_followed(snapshot: PlanSnapshot) -> bool:
    """Whether people have messages of their own about a plan, or are to be told of it now."""
    return snapshot.has_copies or snapshot.state is PlanState.DRAFT


async def _have_followed(snapshot: PlanSnapshot, deps: Deps) -> None:
    """Have people's own messages about a plan show what its card does, and those told who are asked now.

    In a transaction of its own: who holds the card's row must not wait for that of a plan, or of a run.
    """
    async with deps.database.transaction() as session:
        await deps.notifications.follow(session, deps.workspace.id, snapshot, deps.now())


async def _posted(turn: Turn, message: Message, deps: Deps) -> str:
    try:
        return await deps.slack.post(turn.channel_id, message, thread_ts=turn.thread_ts)
    except MetadataRefused as error:
        return await _posted(turn, without_entity(message, error, deps), deps)
    except ContentRefused as error:
        logger.error("Slack refused a card as it is: %s", error)
        return await deps.slack.post(turn.channel_id, plainer(message), thread_ts=turn.thread_ts)


async def _update(channel: str, ts: str, message: Message, deps: Deps) -> None:
    try:
        await deps.slack.update(channel, ts, message)
    except MetadataRefused as error:
        await _update(channel, ts, without_entity(message, error, deps), deps)
    except ContentRefused as error:
        logger.error("Slack refused a card as it is: %s", error)
        await deps.slack.update(channel, ts, plainer(message))


async def _found(turn: Turn, message: Message, deps: Deps) -> str | None:
    if turn.begun_at is None:
        return None
    return await find_earlier(turn.channel_id, message, turn.thread_ts, turn.begun_at, deps)


async def _unreachable(job: PostCard, deps: Deps) -> None:
    """A card that was moved stays where it was. Else the plan ends, and the reporter alone is told.

    In two transactions: a change of a plan locks its plan and then its card, so who holds the card must not ask
    for the plan.
    """
    async with deps.database.transaction() as session:
        if was := await deps.cards.bring_back(session, job.workspace, job.plan):
            await _tell_mover(session, job, was)
            return
    async with deps.database.transaction() as session:
        failure = Failure(FailureCode.CHANNEL_UNREACHABLE)
        if await deps.workflows.fail_unseen(session, job.workspace, job.plan, failure):
            await _tell_reporter(session, job, Note.CHANNEL_UNREACHABLE, deps)


async def give_up_card(job: PostCard, deps: Deps) -> None:
    """Slack takes the channel, but not the card: a plan that nobody can see must not wait for a decision."""
    async with deps.database.transaction() as session:
        failure = Failure(FailureCode.INTERNAL)
        is_ended = await deps.workflows.fail_unseen(session, job.workspace, job.plan, failure)
        await _tell_reporter(session, job, Note.CARD_REFUSED if is_ended else Note.CARD_GONE, deps)


async def _tell_mover(session: AsyncSession, job: PostCard, was: MovedFrom) -> None:
    words = Tell(
        workspace=job.workspace,
        channel=was["channel"],
        user=was["user"],
        note=Note.CARD_NOT_MOVED,
        thread_ts=was["thread"],
    )
    await enqueue(session, words)


async def _tell_reporter(session: AsyncSession, job: PostCard, note: Note, deps: Deps) -> None:
    origin = await deps.queries.origin(session, job.workspace, job.plan)
    words = Tell(
        workspace=job.workspace,
        channel=origin.channel_id,
        user=origin.asker_id,
        note=note,
        thread_ts=origin.thread_ts,
        response_url=origin.response_url,
    )
    await enqueue(session, words, key=f"tell:{job.plan}:card")


HANDLERS = (
    Handler(PostCard, Lane.QUICK, post_card, give_up_card, attempts=PATIENT_ATTEMPTS),
    Handler(DrawCard, Lane.QUICK, draw_card),
)
