"""Questions to people: the answer is kept, and the message shows what has become of it."""

from __future__ import annotations

import logging

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.registry import Handler, Lane
from bot.views.notes import Note
from bot.views.questions import question_message
from db.queue import enqueue
from services import workspaces
from services.errors import MoveNotAllowed, NotAsked, NotFound
from services.jobs import AnswerStep, DrawQuestion, Tell

logger = logging.getLogger("mudda.questions")


async def answer_step(job: AnswerStep, deps: Deps) -> None:
    """Keep an answer, or tell whoever gave it, privately, why it was not kept."""
    try:
        async with deps.database.transaction() as session:
            workspace_id = await workspaces.by_team(session, job.team)
            place = (job.channel, job.ts)
            await deps.builtins.answer(
                session, workspace_id, job.step, job.attempt, job.user, job.answer, place, deps.now()
            )
    except NotFound:
        await _refuse(job, Note.NOT_FOUND, deps)
    except NotAsked:
        await _refuse(job, Note.NOT_ASKED, deps)
    except MoveNotAllowed:
        await _refuse(job, Note.QUESTION_OVER, deps)


async def draw_question(job: DrawQuestion, deps: Deps) -> None:
    """Redraw the question; one that has been deleted needs no more drawing."""
    async with deps.database.reading() as session:
        question = await deps.builtins.question(session, job.workspace, job.step)
    if question.channel is None or question.ts is None:
        return
    try:
        await deps.slack.update(question.channel, question.ts, question_message(question))
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not redraw a question: %s", error)


async def _refuse(job: AnswerStep, note: str, deps: Deps) -> None:
    words = Tell(channel=job.channel, user=job.user, note=note)
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.step}:{job.user}:{job.attempt}:{note}")


HANDLERS = (
    Handler(AnswerStep, Lane.QUICK, answer_step),
    Handler(DrawQuestion, Lane.QUICK, draw_question),
)
