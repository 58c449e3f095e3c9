"""What could be meant in several ways: whoever wrote it has pressed what it was."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.conversations.doing import begin
from bot.jobs.conversations.reading import read_words
from bot.jobs.registry import Handler, Lane
from bot.views.messages.conversation import settled
from bot.views.private.notes import Note
from db.queue import enqueue
from services.ai.intents import Intent
from services.conversations.errors import AlreadySettled, NotTheWriter
from services.errors import NotFound
from services.jobs import Settle, Settlement, Tell

logger = logging.getLogger("mudda.hearing")

_INTENTS: Mapping[Settlement, Intent] = {
    "issue": Intent.ISSUE,
    "change": Intent.CHANGE,
    "question": Intent.QUESTION,
}


async def settle(job: Settle, deps: Deps) -> None:
    """Do what was meant, once, and take the buttons away."""
    try:
        await _settle(job, deps)
    except NotTheWriter:
        await _tell(job, Note.NOT_THE_WRITER, deps)
    except AlreadySettled:
        await _tell(job, Note.SETTLED_BEFORE, deps)
    except NotFound:
        await _tell(job, Note.NOT_FOUND, deps)
    else:
        await _take_away(job, deps)


async def give_up_settling(job: Settle, deps: Deps) -> None:
    """Nothing came of the press, for a reason of ours."""
    await _tell(job, Note.BUSY, deps)


async def _settle(job: Settle, deps: Deps) -> None:
    intent = _INTENTS[job.choice]
    async with deps.database.reading() as session:
        said, plan = await deps.conversations.unsettled(session, job.workspace, job.heard, job.user)
        rules = await deps.approvals.settings(session, job.workspace)
    is_stranger = said.is_stranger and said.user not in rules.approvers
    words = await read_words(said, deps, with_thread=plan is None)
    async with deps.database.transaction() as session:
        await deps.conversations.settle(session, job.workspace, job.heard, job.user, intent)
        await begin(session, said, intent, plan, words, deps, is_stranger=is_stranger)


async def _take_away(job: Settle, deps: Deps) -> None:
    """The message with the buttons says what was chosen; that it does is no part of the work."""
    if job.response_url is None:
        return
    try:
        await deps.slack.respond(job.response_url, settled(job.choice), replace=True)
    except (RateLimited, SlackUnavailable) as error:
        logger.warning("Could not take buttons away: %s", error)
    except SlackError as error:
        logger.info("Could not take buttons away: %s", error)


async def _tell(job: Settle, note: Note, deps: Deps) -> None:
    words = Tell(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        note=note,
        thread_ts=job.thread_ts,
        response_url=job.response_url,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:{note}")


HANDLERS = (Handler(Settle, Lane.QUICK, settle, give_up_settling),)
