"""An answer in a direct message is streamed: what is looked at is seen line by line, and then the answer.

It ends as a message like others, redrawn with what any answer says: so whatever becomes of the stream (Slack seals
it after five minutes, refuses a piece of it, or somebody presses Stop), there is one complete message.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable, StoppedByPerson, SurfaceRefused
from bot.jobs.agents.sessions import show_session
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import Handler, Lane
from bot.languages import _
from bot.slack.messages import Message
from bot.slack.surfaces import Surface
from bot.views.messages import answer as views
from bot.views.messages.looking import begun, line_of, part, task, task_id
from services import streams
from services.jobs import AnswerInquiry, FindAnswer, StopAnswer
from services.queries.inquiries import record
from services.queries.inquiries.asking import NotWanted
from services.queries.lookups.rows import Wanted

logger = logging.getLogger("mudda.streaming")


async def begin_stream(job: AnswerInquiry, before: datetime | None, deps: Deps) -> str | None:
    """The ts of the message that will grow into the answer; None: the plain way is to be taken.

    `before` is when an earlier try of the job came this far, if one did.
    """
    thread, inquiry = job.thread_ts, record.id_of(job)
    if thread is None or not deps.surfaces.is_open(Surface.STREAM, deps.now()):
        return None
    try:
        if before and (found := await _found(job, thread, inquiry, before, deps)):
            return found
        if before and await find_earlier(job.channel, views.looking(inquiry), thread, before, deps):
            # An earlier try took the plain way: so does this one, in the same message.
            return None
        return await deps.slack.start_stream(
            job.channel, thread, [begun(inquiry)], user=job.user, team=deps.workspace.team_id
        )
    except SurfaceRefused as error:
        logger.info("Answers are not streamed here: %s", error)
        deps.surfaces.refused(Surface.STREAM, deps.now())
    except SlackUnavailable:
        raise
    except SlackError as error:
        logger.info("Could not begin to stream an answer: %s", error)
    return None


class LiveAnswer:
    """An answer while it is found. Where it is not streamed, all of this does nothing."""

    def __init__(self, job: FindAnswer, deps: Deps) -> None:
        self._job, self._deps = job, deps
        self._inquiry = record.id_of(job)
        self._number, self._line = 0, _(views.LOOKING)
        self._takes_more = job.is_streamed

    async def look(self, wanted: Wanted) -> None:
        """Say what is being looked at. Raises NotWanted once whoever asked has pressed Stop."""
        if not self._job.is_streamed:
            return
        if await self.is_stopped():
            raise NotWanted
        line = line_of(wanted.name)
        if line == self._line:
            return
        done = task(self._inquiry, self._number, self._line, is_done=True)
        self._number, self._line = self._number + 1, line
        if not await self._append([done, task(self._inquiry, self._number, line, is_done=False)]):
            raise NotWanted

    async def is_stopped(self) -> bool:
        """Whether whoever asked has pressed Stop."""
        if not self._job.is_streamed:
            return False
        async with self._deps.database.reading() as session:
            return await streams.is_stopped(session, self._job.workspace, self._inquiry)

    async def end(self, message: Message) -> Message:
        """Stream the message to its end; what the message is to show at last, which is redrawn in any case."""
        if not self._job.is_streamed:
            return message
        async with self._deps.database.transaction() as session:
            is_wanted = await streams.end(session, self._job.workspace, self._inquiry, self._deps.now())
        if not is_wanted:
            return views.words(views.STOPPED, self._inquiry)
        await self._append([task(self._inquiry, self._number, self._line, is_done=True)])
        for block in message.blocks:
            await self._append([part(block)])
        await _stop(self._job.channel, str(self._job.thread_ts), str(self._job.answer_ts), message, self._deps)
        return message

    async def forget(self) -> None:
        """The message shows what is to be seen."""
        if self._job.is_streamed:
            async with self._deps.database.transaction() as session:
                await streams.forget(session, self._job.workspace, self._inquiry)

    async def _append(self, chunks: list[dict[str, object]]) -> bool:
        """Show more; False if somebody has pressed Stop. What can't be shown now is seen at the end."""
        if not self._takes_more:
            return True
        try:
            await self._deps.slack.append_stream(self._job.channel, str(self._job.answer_ts), chunks)
        except StoppedByPerson:
            self._takes_more = False
            return False
        except SlackError as error:
            self._takes_more = False
            logger.info("An answer is not streamed any further: %s", error)
        return True


async def stop_answer(job: StopAnswer, deps: Deps) -> None:
    """Stop what is being answered to whoever pressed, and say so. Others' Stop is not theirs to press."""
    async with deps.database.transaction() as session:
        stopped = await streams.stop(session, job.workspace, job.channel, job.thread_ts, job.user, deps.now())
    for each in stopped:
        message = views.words(views.STOPPED, each.inquiry)
        await _stop(job.channel, job.thread_ts, each.ts, message, deps)
        try:
            await deps.slack.update(job.channel, each.ts, message)
        except (RateLimited, SlackUnavailable):
            raise
        except SlackError as error:
            logger.info("Could not say that an answer was stopped: %s", error)


async def _stop(channel: str, thread_ts: str, ts: str, message: Message, deps: Deps) -> None:
    """Make what was streamed a message like others; one that is one already is left as it is."""
    try:
        await deps.slack.stop_stream(channel, ts, message.metadata)
    except StoppedByPerson:
        # Slack leaves the session as it was: it would show for an hour that something is being done.
        await show_session(channel, thread_ts, "active", deps)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("A stream had ended before: %s", error)


async def _found(job: AnswerInquiry, thread: str, inquiry: UUID, since: datetime, deps: Deps) -> str | None:
    return await deps.slack.find_stream(job.channel, task_id(inquiry), thread_ts=thread, since=since)


HANDLERS = (Handler(StopAnswer, Lane.QUICK, stop_answer),)
