"""Whoever reported an issue is told how it ended, once, in the thread of the card."""

from __future__ import annotations

from bot.deps import Deps
from bot.errors import ChannelUnreachable
from bot.jobs.posting import find_earlier
from bot.jobs.registry import Handler, Lane
from bot.views.outcome import outcome
from services.jobs import ReplyToReporter


async def reply_to_reporter(job: ReplyToReporter, deps: Deps) -> None:
    """Post the outcome, unless it is there already."""
    async with deps.database.transaction() as session:
        reply = await deps.runs.begin_reply(session, job.workspace, job.run, deps.now())
        snapshot = await deps.workflows.get_by_run(session, job.workspace, job.run)
        channel, thread_ts = await deps.cards.place(session, job.workspace, job.plan)
    if reply is None:
        return
    message = outcome(snapshot)
    ts = None
    try:
        if reply.begun_at is not None:
            ts = await find_earlier(channel, message, thread_ts, reply.begun_at, deps)
        ts = ts or await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable:
        return
    async with deps.database.transaction() as session:
        await deps.runs.replied(session, job.workspace, job.run, ts)


HANDLERS = (Handler(ReplyToReporter, Lane.QUICK, reply_to_reporter),)
