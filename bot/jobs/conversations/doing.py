"""What was meant becomes the job that does it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.jobs.conversations.reading import Words
from bot.views.messages.threads import attached
from db.queue import enqueue
from services.ai.intents import Intent
from services.jobs import AnswerInquiry, Hear, OpenPlan, RefinePlan
from services.mentions import parts_of, readable
from services.plans.attached import pictures_among


async def begin(
    session: AsyncSession,
    job: Hear,
    intent: Intent,
    plan: UUID | None,
    words: Words,
    deps: Deps,
    *,
    is_stranger: bool,
) -> None:
    """Put in what an issue, a change or a question makes necessary; `plan` is what it is about."""
    if intent in (Intent.ISSUE, Intent.CHANGE):
        before = await deps.conversations.take_pictures(session, job, deps.now())
        job = job.model_copy(update={"files": (*before, *job.files)})
    match intent:
        case Intent.ISSUE:
            await enqueue(session, _issue(job, words))
        case Intent.QUESTION:
            await enqueue(session, _inquiry(job, plan, words, is_stranger=is_stranger))
        case Intent.CHANGE if plan is not None:
            await enqueue(session, _wish(job, plan, words))
        case _:
            raise AssertionError(f"nothing is begun by {intent}")


def _issue(job: Hear, words: Words) -> OpenPlan:
    markup = words.issue(job)
    reporter = words.reporter(job)
    return OpenPlan(
        key=job.key,
        workspace=job.workspace,
        source=job.where,
        channel=job.channel,
        reporter=reporter,
        requester=job.user if job.user != reporter else None,
        text=readable(parts_of(markup)),
        markup=markup,
        message_ts=job.message_ts,
        thread_ts=job.reply_thread,
        files=words.files(job),
        response_url=job.response_url,
    )


def _inquiry(job: Hear, plan: UUID | None, words: Words, *, is_stranger: bool) -> AnswerInquiry:
    return AnswerInquiry(
        key=job.key,
        workspace=job.workspace,
        user=job.user,
        channel=job.channel,
        message_ts=job.message_ts,
        inquiry=words.text,
        markup=job.markup,
        plan=plan,
        thread_ts=job.reply_thread,
        response_url=job.response_url,
        is_stranger=is_stranger,
    )


def _wish(job: Hear, plan: UUID, words: Words) -> RefinePlan:
    files = words.files(job)
    pictures = {picture.id for picture in pictures_among(files)}
    # The agents are shown the pictures; of other files they hear, as they do where an issue has some.
    others = ", ".join(file.name for file in files if file.id not in pictures)
    return RefinePlan(
        key=job.key,
        workspace=job.workspace,
        user=job.user,
        channel=job.channel,
        message_ts=job.message_ts,
        plan=plan,
        wish=f"{words.text}\n{attached(others)}" if others else words.text,
        thread_ts=job.reply_thread,
        files=files,
    )
