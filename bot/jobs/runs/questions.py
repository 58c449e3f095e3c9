"""Questions to people: the answer is kept, and the messages show what has become of it."""

from __future__ import annotations

import logging

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.views.messages.question import question_message, question_reminder
from bot.views.private.notes import Note, question_over
from db.queue import enqueue
from services.errors import MoveNotAllowed, NotFound
from services.jobs import AnswerStep, DrawQuestion, RemindQuestion, Tell
from services.runs.questions import REMINDER_INTERVAL, NotAsked

logger = logging.getLogger("mudda.questions")


async def answer_step(job: AnswerStep, deps: Deps) -> None:
    """Keep an answer, or tell whoever gave it, privately, why it was not kept."""
    try:
        async with deps.database.transaction() as session:
            await deps.questions.answer(session, job.workspace, job, deps.now())
    except NotFound:
        await _refuse(job, Note.NOT_FOUND, deps)
    except NotAsked:
        await _refuse(job, Note.NOT_ASKED, deps)
    except MoveNotAllowed:
        async with deps.database.reading() as session:
            question = await deps.questions.question(session, job.workspace, job.step)
        await _refuse(job, question_over(question.answered_by), deps)


async def give_up_answer(job: AnswerStep, deps: Deps) -> None:
    """The answer was not kept, for a reason of ours."""
    await _refuse(job, Note.BUSY, deps)


async def draw_question(job: DrawQuestion, deps: Deps) -> None:
    """Redraw the message that a person has; one that has been deleted needs no more drawing."""
    async with deps.database.reading() as session:
        question = await deps.questions.question(session, job.workspace, job.step)
    if job.user not in question.messages:
        return
    channel, ts = question.messages[job.user]
    try:
        await deps.slack.update(channel, ts, question_message(question))
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not redraw a question: %s", error)


async def remind_question(job: RemindQuestion, deps: Deps) -> None:
    """Remind somebody, once for each reminder, of a question that is still open; nothing if it is not."""
    async with deps.database.reading() as session:
        question = await deps.questions.question(session, job.workspace, job.step)
    if not question.is_open or question.attempt != job.attempt or job.user not in question.messages:
        return
    channel, _ = question.messages[job.user]
    message = question_reminder(question, job.reminder)
    try:
        if not await find_earlier(channel, message, None, deps.now() - REMINDER_INTERVAL, deps):
            await deps.slack.post(channel, message)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not remind somebody of a question: %s", error)
    following = job.model_copy(update={"reminder": job.reminder + 1})
    async with deps.database.transaction() as session:
        await deps.questions.remind_later(session, following)


async def _refuse(job: AnswerStep, note: str, deps: Deps) -> None:
    words = Tell(workspace=job.workspace, channel=job.channel, user=job.user, note=note)
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.step}:{job.user}:{job.attempt}:{note}")


HANDLERS = (
    Handler(AnswerStep, Lane.QUICK, answer_step, give_up_answer),
    Handler(DrawQuestion, Lane.QUICK, draw_question),
    Handler(RemindQuestion, Lane.QUICK, remind_question, attempts=PATIENT_ATTEMPTS),
)
