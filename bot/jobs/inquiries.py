"""What people ask is answered: in the thread or the direct message where they asked, or privately.

Two jobs: the first lets something be seen at once, whatever the model is busy with; the second finds the answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from bot.deps import Deps
from bot.errors import ChannelUnreachable, ContentRefused, MessageGone, RateLimited, SlackError, SlackUnavailable
from bot.jobs.agents.streaming import LiveAnswer, begin_stream
from bot.jobs.messages.posting import find_earlier
from bot.jobs.model_calls import count_calls
from bot.jobs.registry import Handler, Lane
from bot.jobs.workflows.naming import named_parts
from bot.slack.messages import Message
from bot.views.kit.blocks import plainer
from bot.views.messages import answer as views
from bot.views.messages.answer import Known, answer_message, looking, people_in, plans_in
from db.queue import enqueue
from services import streams
from services.jobs import AnswerInquiry, FindAnswer
from services.queries.inquiries import record
from services.queries.inquiries.asking import Answered, Inquiry, Trouble
from services.queries.inquiries.places import channels_of
from services.queries.inquiries.plain import plain_answer
from services.queries.lookups import look_up
from services.queries.lookups.plan import number_of
from services.queries.lookups.rows import Facts, PlanRef, Scope, Wanted

logger = logging.getLogger("mudda.inquiries")

MAX_NAMES = 15
"""So many people are looked up for one answer; the others are "someone"."""


async def answer_inquiry(job: AnswerInquiry, deps: Deps) -> None:
    """Put the question on record, let "Looking…" be seen where it was asked, and have the answer found.

    Whoever asks by a command has seen it already: as the answer to that.
    """
    async with deps.database.transaction() as session:
        before = await record.note_asked(session, job)
    try:
        streamed = await begin_stream(job, before, deps) if _is_dm(job) and _is_open(job) else None
        ts = streamed or (await _looking(job, before, deps) if _is_open(job) else None)
    except ChannelUnreachable as error:
        logger.info("Nothing can be answered there: %s", error)
        return
    # No job to find the answer was left behind by an earlier try: it would be under the same key.
    finding = FindAnswer(**job.model_dump(), answer_ts=ts, is_streamed=streamed is not None)
    async with deps.database.transaction() as session:
        if streamed is not None:
            await streams.begin(
                session,
                job.workspace,
                record.id_of(job),
                channel=job.channel,
                thread_ts=str(job.thread_ts),
                ts=streamed,
                user=job.user,
            )
        await enqueue(session, finding, key=f"answer:{record.id_of(job)}")


async def find_answer(job: FindAnswer, deps: Deps) -> None:
    """Find it, put on record what that took, and show it in place of "Looking…"."""
    live = LiveAnswer(job, deps)
    if await live.is_stopped():
        await _ended(job, views.words(views.STOPPED, record.id_of(job)), live, deps)
        return
    scope = await _scope(job, deps)
    if scope.is_stranger and scope.only is None:
        await _ended(job, views.words(views.STRANGER, record.id_of(job)), live, deps)
        return
    answered = await _answered(job, scope, live, deps)
    async with deps.database.transaction() as session:
        await record.note_answered(session, job, answered)
    count_calls(answered.usages, deps)
    names, links = await asyncio.gather(_names(people_in(answered), deps), _links(plans_in(answered), deps))
    known = Known(dict(names), dict(links), is_narrowed=scope.places is not None)
    if answered.trouble == Trouble.STOPPED:
        message = views.words(views.STOPPED, record.id_of(job))
    else:
        message = answer_message(answered, known, record.id_of(job))
    await _ended(job, message, live, deps)


async def give_up_inquiry(job: AnswerInquiry, deps: Deps) -> None:
    """Nothing was answered, for a reason of ours."""
    finding = job if isinstance(job, FindAnswer) else FindAnswer(**job.model_dump())
    await _ended(finding, views.words(views.NOT_ANSWERED, record.id_of(job)), LiveAnswer(finding, deps), deps)


def _is_open(job: AnswerInquiry) -> bool:
    """Whether the answer is a message like others, in a thread or a direct message: it can be redrawn there."""
    return job.response_url is None and (job.thread_ts is not None or _is_dm(job))


def _is_dm(job: AnswerInquiry) -> bool:
    return job.channel.startswith("D")


async def _looking(job: AnswerInquiry, before: datetime | None, deps: Deps) -> str:
    """The ts of the message that will be the answer: posted, unless an earlier try has."""
    message = looking(record.id_of(job))
    ts = await find_earlier(job.channel, message, job.thread_ts, before, deps) if before else None
    return ts or await deps.slack.post(job.channel, message, thread_ts=job.thread_ts)


async def _ended(job: FindAnswer, message: Message, live: LiveAnswer, deps: Deps) -> None:
    """Show it, where it was streamed or not: the same message in the end."""
    await _show(job, await live.end(message), deps)
    await live.forget()


async def _show(job: FindAnswer, message: Message, deps: Deps) -> None:
    try:
        await _shown(job, message, deps)
    except ContentRefused as error:
        logger.error("Slack refused an answer as it is: %s", error)
        await _shown(job, plainer(message), deps)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not show an answer: %s", error)


async def _shown(job: FindAnswer, message: Message, deps: Deps) -> None:
    if not _is_open(job):
        await deps.slack.tell(
            job.channel, job.user, message, thread_ts=job.thread_ts, response_url=job.response_url
        )
        return
    if job.answer_ts is not None:
        try:
            await deps.slack.update(job.channel, job.answer_ts, message)
        except MessageGone:
            logger.info("Somebody took “Looking…” away, and with it the wish for an answer")
        return
    await deps.slack.post(job.channel, message, thread_ts=job.thread_ts)


async def _answered(job: FindAnswer, scope: Scope, live: LiveAnswer, deps: Deps) -> Answered:
    async def door(of: Scope, wanted: Wanted) -> Facts:
        await live.look(wanted)
        async with deps.database.searching() as session:
            return await look_up(session, of, wanted)

    parts = await named_parts(job.markup, deps) if job.markup else ()
    async with deps.database.reading() as session:
        is_used_up = await deps.budget.is_used_up(session, job.workspace, deps.now())
        number = None if job.plan is None else await number_of(session, scope, job.plan)
    inquiry = Inquiry(job.inquiry, parts, number)
    if is_used_up:
        return await plain_answer(inquiry, scope, door, Trouble.BUDGET)
    answered = await deps.inquiries.answer(inquiry, scope, door)
    if answered.trouble in (None, Trouble.STOPPED):
        return answered
    logger.warning("A question was not answered by the model: %s", answered.trouble)
    return await plain_answer(inquiry, scope, door, answered.trouble, answered)


async def _scope(job: FindAnswer, deps: Deps) -> Scope:
    """What may be told to whoever asks, where they ask."""
    is_stranger = await _is_stranger(job, deps)
    places = None if not _is_open(job) or _is_dm(job) else await _places(job, deps)
    kind = await deps.slack.channel_kind(job.channel) if places is not None else None
    is_shared = kind is not None and kind.is_shared
    return Scope(
        workspace_id=job.workspace,
        asker=job.user,
        now=deps.now(),
        time_zone=deps.budget.zone.key,
        places=frozenset({job.channel}) if is_shared else places,
        is_stranger=is_stranger,
        is_shared=is_shared,
        only=job.plan if is_stranger else None,
    )


async def _places(job: FindAnswer, deps: Deps) -> frozenset[str]:
    """The channels whose plans may be told of where others read along: this one, and those open to all."""
    async with deps.database.reading() as session:
        channels = [each for each in await channels_of(session, job.workspace) if each != job.channel]
    kinds = await asyncio.gather(*(deps.slack.channel_kind(each) for each in channels))
    public = [each for each, kind in zip(channels, kinds, strict=True) if not kind.is_private]
    return frozenset({job.channel, *public})


async def _is_stranger(job: FindAnswer, deps: Deps) -> bool:
    if job.is_stranger is not None:
        return job.is_stranger
    return not await deps.slack.is_member(job.user, deps.workspace.team_id, deps.workspace.enterprise_id)


async def _names(people: Sequence[str], deps: Deps) -> Iterable[tuple[str, str]]:
    names = await asyncio.gather(*(_name(each, deps) for each in people[:MAX_NAMES]))
    return [(each, name) for each, name in zip(people, names, strict=False) if name]


async def _name(user: str, deps: Deps) -> str | None:
    try:
        return await deps.slack.person_name(user)
    except SlackError as error:
        logger.info("A name is not known: %s", error)
        return None


async def _links(plans: Sequence[PlanRef], deps: Deps) -> Iterable[tuple[UUID, str]]:
    links = await asyncio.gather(*(_link(each, deps) for each in plans))
    return [(each.id, link) for each, link in zip(plans, links, strict=True) if link]


async def _link(plan: PlanRef, deps: Deps) -> str | None:
    if plan.ts is None:
        return None
    try:
        return await deps.slack.permalink(plan.channel_id, plan.ts)
    except SlackError as error:
        logger.info("A card has no link: %s", error)
        return None


HANDLERS = (
    Handler(AnswerInquiry, Lane.QUICK, answer_inquiry, give_up_inquiry),
    Handler(FindAnswer, Lane.SLOW, find_answer, give_up_inquiry),
)
