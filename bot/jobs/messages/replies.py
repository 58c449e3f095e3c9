"""What is said in the thread of a card, once: how a run ended, that it failed, that a step waits for people."""

from __future__ import annotations

from dataclasses import replace

from bot.deps import Deps
from bot.errors import ChannelUnreachable
from bot.jobs.messages.posting import find_earlier, thread_of
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.views.messages.failure import run_failed_message, step_waits_message
from bot.views.messages.outcome import outcome_message
from services.jobs import ReplyToReporter, TellOfFailure, TellOfSame, TellOfWait
from services.states import RunState


async def reply_to_reporter(job: ReplyToReporter, deps: Deps) -> None:
    """Post the outcome, unless it is there already."""
    outcome = await deps.replies.begin(job, deps.now())
    if outcome is None:
        return
    reply, snapshot = outcome.reply, outcome.plan
    channel, thread_ts = await thread_of(snapshot, deps)
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = outcome_message(snapshot)
    ts = None
    try:
        if reply.begun_at is not None:
            ts = await find_earlier(channel, message, thread_ts, reply.begun_at, deps)
        ts = ts or await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable:
        return
    await deps.replies.replied(job, ts)


async def tell_of_same(job: TellOfSame, deps: Deps) -> None:
    """Post the outcome where somebody else had reported the same, for them; unless it is there already."""
    async with deps.database.transaction() as session:
        mine = await deps.queries.get(session, job.workspace, job.plan)
        snapshot = await deps.queries.get_by_run(session, job.workspace, job.run)
    other = mine.look_alike
    if not mine.is_put_away or other is None or other.id != snapshot.id or not other.title:
        return
    channel, thread_ts = await thread_of(mine, deps)
    if thread_ts is None:
        return
    theirs = replace(snapshot, issue=replace(snapshot.issue, reporter=mine.issue.reporter))
    with speaking(language_of_card(mine, deps.workspace)):
        message = outcome_message(theirs)
    try:
        if not await find_earlier(channel, message, thread_ts, mine.created_at, deps):
            await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable:
        return


async def tell_of_failure(job: TellOfFailure, deps: Deps) -> None:
    """Say that a run has failed, once for each time, unless somebody has let it go on since."""
    async with deps.database.transaction() as session:
        snapshot = await deps.queries.get_by_run(session, job.workspace, job.run)
    run = snapshot.run
    if run is None or run.state is not RunState.FAILED or run.ended_at != job.failed_at:
        return
    # In a transaction of its own: who holds the card's row must not wait for that of a run.
    async with deps.database.transaction() as session:
        await deps.notifications.ringing.ring_failure(session, job.workspace, snapshot, deps.now())
    channel, thread_ts = await thread_of(snapshot, deps)
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = run_failed_message(snapshot, job.failed_at)
    try:
        # Looked for first each time: nothing says whether an earlier try was killed after Slack took it.
        if not await find_earlier(channel, message, thread_ts, job.failed_at, deps):
            await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable:
        return


async def tell_of_wait(job: TellOfWait, deps: Deps) -> None:
    """Say that a step waits for people, once; nothing if it does not any more."""
    async with deps.database.transaction() as session:
        snapshot = await deps.queries.get_by_run(session, job.workspace, job.run)
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = step_waits_message(snapshot, job.step, job.revision)
    if message is None:
        return
    async with deps.database.transaction() as session:
        await deps.notifications.ringing.ring_step(session, job.workspace, snapshot, job.step, deps.now())
    channel, thread_ts = await thread_of(snapshot, deps)
    try:
        if not await find_earlier(channel, message, thread_ts, snapshot.created_at, deps):
            await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable:
        return


HANDLERS = (
    Handler(ReplyToReporter, Lane.QUICK, reply_to_reporter, attempts=PATIENT_ATTEMPTS),
    Handler(TellOfSame, Lane.QUICK, tell_of_same, attempts=PATIENT_ATTEMPTS),
    Handler(TellOfWait, Lane.QUICK, tell_of_wait, attempts=PATIENT_ATTEMPTS),
    Handler(TellOfFailure, Lane.QUICK, tell_of_failure, attempts=PATIENT_ATTEMPTS),
)
