"""An issue is written down as a plan."""

from __future__ import annotations

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.jobs.workflows.naming import named_parts
from bot.views.private.notes import Note
from db.queue import enqueue
from services.jobs import OpenPlan, Tell


async def open_plan(job: OpenPlan, deps: Deps) -> None:
    """Write the issue down; its card and its draft are jobs of the same transaction."""
    parts = await named_parts(job.markup, deps) if job.markup else ()
    async with deps.database.transaction() as session:
        await deps.workflows.open_plan(session, job, parts)


async def give_up_issue(job: OpenPlan, deps: Deps) -> None:
    """It could not be written down, in a way that nobody foresaw: whoever said it has to say it again."""
    thread_ts = job.thread_ts if job.thread_ts != job.message_ts else None
    words = Tell(
        workspace=job.workspace,
        channel=job.channel,
        user=job.requester or job.reporter,
        note=Note.NOT_WRITTEN_DOWN,
        thread_ts=thread_ts,
        response_url=job.response_url,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:given_up")


HANDLERS = (Handler(OpenPlan, Lane.QUICK, open_plan, give_up_issue),)
