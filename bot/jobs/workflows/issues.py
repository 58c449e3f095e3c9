"""An issue is written down as a plan."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.jobs.registry import Handler, Lane
from bot.jobs.workflows.naming import named_parts
from bot.languages import spoken
from bot.views.private.notes import Note, may_not_plan
from db.queue import enqueue
from services.audit import Actor
from services.jobs import OpenPlan, Tell
from services.mentions import Part
from services.planners import MayNotPlan, check_may_plan


async def open_plan(job: OpenPlan, deps: Deps) -> None:
    """Write the issue down; its card and its draft are jobs of the same transaction.

    What was stated in no channel belongs to a direct message, and is shown in the workspace's usual channel, if it
    has one: should that take no card, it is shown in the direct message after all.
    """
    parts = await named_parts(job.markup, deps) if job.markup else ()
    usual = None if job.channel else deps.workspace.settings.get("default_channel")
    if not job.channel:
        job = job.model_copy(update={"channel": await deps.slack.open_dm(job.reporter)})
    try:
        async with deps.database.transaction() as session:
            plan_id = await written_down(session, job, parts, deps)
            if usual is not None:
                await deps.cards.move(session, job.workspace, plan_id, usual, Actor(job.reporter))
    except MayNotPlan as error:
        await _tell(job, may_not_plan(error.people), deps)


async def written_down(session: AsyncSession, job: OpenPlan, parts: Sequence[Part], deps: Deps) -> UUID:
    """The plan that an issue becomes, its parts by the names that people see. Raises MayNotPlan."""
    await check_may_plan(session, job.workspace, job.requester or job.reporter, deps.approvals)
    return await deps.workflows.open_plan(session, job, parts, spoken().tag)


async def give_up_issue(job: OpenPlan, deps: Deps) -> None:
    """It could not be written down, in a way that nobody foresaw: whoever said it has to say it again."""
    await _tell(job, Note.NOT_WRITTEN_DOWN, deps)


async def _tell(job: OpenPlan, note: str, deps: Deps) -> None:
    thread_ts = job.thread_ts if job.thread_ts != job.message_ts else None
    words = Tell(
        workspace=job.workspace,
        channel=job.channel,
        user=job.requester or job.reporter,
        note=note,
        thread_ts=thread_ts,
        response_url=job.response_url,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:given_up")


HANDLERS = (Handler(OpenPlan, Lane.QUICK, open_plan, give_up_issue),)
