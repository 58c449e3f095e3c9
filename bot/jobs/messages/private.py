"""What is said to one person only."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.slack.messages import Message
from bot.views.private.lists import workflows_list
from bot.views.private.notes import Note, note_text, with_people
from bot.views.private.planning_notes import planning_notes_list
from bot.views.registry.listing import registry_list
from db.queue import enqueue
from services import homes
from services.approvals import NotAnApprover
from services.jobs import Listing, Tell, TurnPage
from services.queries import filters

logger = logging.getLogger("mudda.private")


async def tell(job: Tell, deps: Deps) -> None:
    """Say it; a person who has left the channel since can't be told, and that is no failure of ours.

    What is in no channel was done on the person's Home, and so that is where they are told.
    """
    if not job.channel and job.response_url is None:
        async with deps.database.transaction() as session:
            await homes.tell(session, job.workspace, job.user, job.note)
        return
    message = Message(note_text(job.note), [])
    try:
        await deps.slack.tell(
            job.channel, job.user, message, thread_ts=job.thread_ts, response_url=job.response_url
        )
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not tell somebody privately: %s", error)


async def turn_page(job: TurnPage, deps: Deps) -> None:
    """Replace the list; a response URL that has expired needs no answer."""
    message = await _PAGES[job.listing](job, deps)
    try:
        await deps.slack.respond(job.response_url, message, replace=True)
    except SlackUnavailable:
        raise
    except SlackError as error:
        logger.info("Could not turn a page: %s", error)


async def give_up_page(job: TurnPage, deps: Deps) -> None:
    """The list stays as it was, for a reason of ours."""
    words = Tell(workspace=job.workspace, channel="", user=job.user, note=Note.BUSY, response_url=job.response_url)
    async with deps.database.transaction() as session:
        await enqueue(session, words)


async def _components(job: TurnPage, deps: Deps) -> Message:
    async with deps.database.searching() as session:
        found = await deps.search.find(session, job.workspace, job.search, page=job.page)
        ids = await deps.registry.ids_of(session, job.workspace, found.page)
    return registry_list(found, ids, job.search)


async def _workflows(job: TurnPage, deps: Deps) -> Message:
    async with deps.database.searching() as session:
        viewer = await deps.queries.viewer(session, job.workspace, job.user, job.channel, now=deps.now())
        wanted = filters.read(job.search)
        page = await deps.queries.list(session, job.workspace, wanted=wanted, viewer=viewer, page=job.page)
    return workflows_list(page, wanted)


async def _notes(job: TurnPage, deps: Deps) -> Message:
    try:
        async with deps.database.reading() as session:
            page = await deps.learning.notes.page(session, job.workspace, job.user, job.page)
    except NotAnApprover as error:
        return Message(note_text(with_people(Note.NOTES_CLOSED, error.approvers)), [])
    return planning_notes_list(page, is_on=deps.learning.is_on)


_PAGES: Mapping[Listing, Callable[[TurnPage, Deps], Awaitable[Message]]] = {
    "components": _components,
    "workflows": _workflows,
    "notes": _notes,
}

HANDLERS = (
    Handler(Tell, Lane.QUICK, tell, attempts=PATIENT_ATTEMPTS),
    Handler(TurnPage, Lane.QUICK, turn_page, give_up_page),
)
