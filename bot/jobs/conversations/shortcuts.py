"""A message becomes an issue because somebody chose it: by its menu, or by an emoji.

It is read anew when that is done: what was edited since counts as it is now, and what is gone is not planned.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bot.deps import Deps
from bot.errors import ChannelUnreachable, RateLimited, SlackError, SlackUnavailable
from bot.jobs.conversations.reading import MAX_PAGES, author_names
from bot.jobs.messages.posting import link
from bot.jobs.registry import Handler, Lane
from bot.jobs.workflows.issues import written_down
from bot.jobs.workflows.naming import named_parts
from bot.slack.messages import Message
from bot.slack.payloads import talk_of
from bot.slack.payloads.hearing import OF_PEOPLE
from bot.views.messages.threads import phrases
from bot.views.private.notes import Note, may_not_plan, planned_before
from db.queue import enqueue
from services.conversations.talk import issue_markup
from services.jobs import OpenPlan, PlanMessage, Tell
from services.mentions import parts_of, readable
from services.planners import MayNotPlan
from services.workflows.origins import PlanOfMessage, plan_of_message

logger = logging.getLogger("mudda.hearing")

_CLOSED = ("missing_scope", "method_not_supported_for_channel_type")
"""What Slack says of conversations that no bot of this app can read, besides those that it is not in."""


class _NotPlanned(Exception):
    """There is nothing to plan in the message; `note` says why."""

    def __init__(self, note: Note) -> None:
        super().__init__(note)
        self.note = note


async def plan_message(job: PlanMessage, deps: Deps) -> None:
    """Write the message down as an issue, once; whoever is too late is told where its plan is."""
    try:
        messages, more = await _read(job, deps)
        message = _chosen(job, messages, deps)
        issue = await _issue(job, message, messages, deps, more=more)
        parts = await named_parts(issue.markup or "", deps)
        thread_ts = issue.thread_ts or job.message_ts
        async with deps.database.transaction() as session:
            known = await plan_of_message(session, job.workspace, job.channel, job.message_ts, thread_ts)
            if known is None or known.is_discarded:
                key = issue.key if known is None else f"{issue.key}:after:{known.number}"
                await written_down(session, issue.model_copy(update={"key": key}), parts, deps)
    except _NotPlanned as error:
        await _tell(job, error.note, deps)
    except MayNotPlan as error:
        await _tell(job, may_not_plan(error.people), deps)
    else:
        if known is None or known.is_discarded:
            deps.threads.note((job.workspace, job.channel, thread_ts))
        elif known.press != job.key:  # else this is a second run, after the worker of the first has died
            await _lead(job, known, deps)


async def give_up_message(job: PlanMessage, deps: Deps) -> None:
    """It could not be planned, for a reason of ours."""
    await _tell(job, Note.BUSY, deps)


async def _read(job: PlanMessage, deps: Deps) -> tuple[list[Mapping[str, Any]], bool]:
    """The message with the thread that it is in, and whether there is more of that."""
    try:
        return await deps.slack.thread(job.channel, job.message_ts, pages=MAX_PAGES)
    except (RateLimited, SlackUnavailable):
        raise
    except ChannelUnreachable as error:
        raise _NotPlanned(Note.NOT_IN_CONVERSATION) from error
    except SlackError as error:
        if error.code in _CLOSED:
            raise _NotPlanned(Note.NOT_IN_CONVERSATION) from error
        if error.code in ("thread_not_found", "message_not_found"):
            raise _NotPlanned(Note.MESSAGE_GONE) from error
        raise


def _chosen(job: PlanMessage, messages: list[Mapping[str, Any]], deps: Deps) -> Mapping[str, Any]:
    """The message itself, if a person wrote it. Raises _NotPlanned."""
    message = next((each for each in messages if each.get("ts") == job.message_ts), None)
    if message is None or message.get("subtype") == "tombstone":
        raise _NotPlanned(Note.MESSAGE_GONE)
    if deps.workspace.bot_user_id == message.get("user"):
        raise _NotPlanned(Note.OWN_MESSAGE)
    by_app = any(message.get(name) for name in ("bot_id", "app_id", "bot_profile"))
    if by_app or message.get("subtype") not in OF_PEOPLE or not message.get("user"):
        raise _NotPlanned(Note.APP_MESSAGE)
    return message


async def _issue(
    job: PlanMessage,
    message: Mapping[str, Any],
    messages: list[Mapping[str, Any]],
    deps: Deps,
    *,
    more: bool,
) -> OpenPlan:
    """The message as an issue, with the replies below it where it begins a thread. Raises _NotPlanned."""
    thread_ts = str(message.get("thread_ts") or job.message_ts)
    begins = thread_ts == job.message_ts
    # One that stands in a thread is chosen for what it says, and not for what others said before it.
    talk = talk_of(
        messages if begins else [{**message, "thread_ts": None}],
        bot=deps.workspace.bot_user_id,
        more=more and begins,
    )
    root = talk.root
    if root is None or root.says_nothing:
        raise _NotPlanned(Note.EMPTY_MESSAGE)
    markup = issue_markup(talk, await author_names(talk, deps), phrases())
    return OpenPlan(
        key=f"message:{deps.workspace.team_id}:{job.channel}:{job.message_ts}",
        workspace=job.workspace,
        source=job.source,
        channel=job.channel,
        reporter=root.user,
        requester=job.user if job.user != root.user else None,
        text=readable(parts_of(markup)),
        markup=markup,
        message_ts=job.message_ts,
        thread_ts=thread_ts,
        permalink=await _permalink(job, deps),
        files=talk.attached,
        press=job.key,
        response_url=job.response_url,
    )


async def _permalink(job: PlanMessage, deps: Deps) -> str | None:
    """The address of the message. Without it the plan lacks a link, and nothing else."""
    try:
        return await deps.slack.permalink(job.channel, job.message_ts)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("The address of a message is not known: %s", error)
        return None


async def _lead(job: PlanMessage, plan: PlanOfMessage, deps: Deps) -> None:
    """Say where the card is to whoever came too late. Below an emoji it is plain to see."""
    if job.source == "emoji":
        return
    try:
        address = await link(plan.channel, plan.ts, deps)
    except ChannelUnreachable:
        address = None
    words = Message(planned_before(plan.number, plan.channel, address), [])
    try:
        await deps.slack.tell(job.channel, job.user, words, response_url=job.response_url)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not tell somebody privately: %s", error)


async def _tell(job: PlanMessage, note: str, deps: Deps) -> None:
    words = Tell(
        workspace=job.workspace, channel=job.channel, user=job.user, note=note, response_url=job.response_url
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:{note}")


HANDLERS = (Handler(PlanMessage, Lane.QUICK, plan_message, give_up_message),)
