"""What people ask is answered: in the thread or the direct message where they asked, or privately."""

from __future__ import annotations

import re

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.slack.messages import Message
from bot.views.card import summary
from bot.views.kit.blocks import fallback
from bot.views.private.notes import Note
from db.queue import enqueue
from services.errors import NotFound
from services.jobs import AnswerInquiry, Tell


async def answer_inquiry(job: AnswerInquiry, deps: Deps) -> None:
    """Say how the plan stands that is meant; that is all that can be answered so far."""
    message = Message(fallback(await _standing(job, deps)), [])
    if job.response_url is None and (job.thread_ts or job.channel.startswith("D")):
        await deps.slack.post(job.channel, message, thread_ts=job.thread_ts)
    else:
        await deps.slack.tell(
            job.channel, job.user, message, thread_ts=job.thread_ts, response_url=job.response_url
        )


async def give_up_inquiry(job: AnswerInquiry, deps: Deps) -> None:
    """Nothing was answered, for a reason of ours."""
    words = Tell(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        note=Note.BUSY,
        thread_ts=job.thread_ts,
        response_url=job.response_url,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:given_up")


async def _standing(job: AnswerInquiry, deps: Deps) -> str:
    named = re.search(r"#(\d{1,9})\b", job.inquiry)
    try:
        async with deps.database.reading() as session:
            if named is not None:
                return summary(await deps.queries.get_by_number(session, job.workspace, int(named[1])))
            if job.plan is not None:
                return summary(await deps.queries.get(session, job.workspace, job.plan))
    except NotFound:
        return "There is no such plan. `/workflows` lists the plans there are."
    return "I can answer that about one plan only so far: name it by its number, such as #12."


HANDLERS = (Handler(AnswerInquiry, Lane.QUICK, answer_inquiry, give_up_inquiry),)
