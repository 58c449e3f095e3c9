"""Show card, in `/workflows #12`: where the card is; and a card that somebody deleted comes back."""

from __future__ import annotations

from bot.deps import Deps
from bot.jobs.messages.posting import link
from bot.jobs.registry import Handler, Lane
from bot.slack.messages import Message
from bot.views.private.notes import Note, card_is_at, note_text
from db.queue import enqueue
from services.errors import NotFound
from services.jobs import ShowCard, Tell


async def show_card(job: ShowCard, deps: Deps) -> None:
    """Have the card drawn, by which it is noticed if it is gone, and say where it is."""
    try:
        async with deps.database.transaction() as session:
            plan = await deps.queries.get(session, job.workspace, job.plan)
            await deps.cards.request_redraw(session, job.workspace, job.plan)
            channel, ts = await deps.cards.message(session, job.workspace, job.plan)
    except NotFound:
        await _tell(job, note_text(Note.NOT_FOUND), deps)
        return
    await _tell(job, card_is_at(plan.number, channel, await link(channel, ts, deps)), deps)


async def give_up_card(job: ShowCard, deps: Deps) -> None:
    """Nothing was shown, for a reason of ours."""
    words = Tell(
        workspace=job.workspace, channel=job.channel, user=job.user, note=Note.BUSY, response_url=job.response_url
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words)


async def _tell(job: ShowCard, text: str, deps: Deps) -> None:
    await deps.slack.tell(job.channel, job.user, Message(text, []), response_url=job.response_url)


HANDLERS = (Handler(ShowCard, Lane.QUICK, show_card, give_up_card),)
