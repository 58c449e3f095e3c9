"""What somebody said is judged, and what they meant is put in as a job, in one transaction.

Slash commands go by plain rules where these are sure (`services/conversations/rules.py`), so that their card comes
as fast as ever. All else is judged by the model, and whoever called the bot sees meanwhile that they were heard.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import SlackError
from bot.jobs.components.sending import reading_of, sent_documents
from bot.jobs.conversations.doing import begin
from bot.jobs.conversations.meaning import meaning
from bot.jobs.conversations.reading import Words, read_words
from bot.jobs.model_calls import count_calls
from bot.jobs.registry import Handler, Lane
from bot.languages import N_, _
from bot.views.private.notes import Note
from db.queue import enqueue
from services.ai.intents import Intent, Line, PlanInThread, Saying, Where
from services.ai.usage import Usage
from services.conversations.rules import is_call_for_help, is_question, plainly
from services.conversations.service import (
    ANSWER,
    BY_RULES,
    DOCUMENT,
    PICTURE,
    POLICY,
    TOO_MUCH,
    Meant,
    PlanOfThread,
)
from services.conversations.talk import lines_above
from services.jobs import AnswerClarification, AnswerFile, Hear, LoadPolicyFile, ReplyKind, Say, Tell
from services.plans.attached import pictures_among
from services.states import PlanState
from services.workflows.clarifications import Clarification, reply_in_words

logger = logging.getLogger("mudda.hearing")

MAX_A_MINUTE = 30
"""So much of what one person says is listened to: an app that speaks in a person's name could go on for ever.

What is being judged does not count yet: a worker may listen to as much more as it judges at once.
"""

LATELY = timedelta(minutes=1)

TELL_AGAIN = timedelta(hours=1)
"""Who talks in a thread is told once in this time that the model can't be asked."""

STATUS = N_("is reading…")
POLICY_ENDINGS = (".md", ".markdown", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class _Place:
    """What there is to know of where it was said, and of who said it; `lately` is how much they have.

    `asked` is what they have been asked about their issue there, and not answered yet.
    """

    plan: PlanOfThread | None
    is_stranger: bool
    lately: int
    has_budget: bool
    asked: Clarification | None


async def hear(job: Hear, deps: Deps) -> None:
    """Find out what is meant and have it done; nothing if an earlier try has."""
    async with deps.database.reading() as session:
        if await deps.conversations.is_heard(session, job.workspace, job.key):
            return
        place = await _place(session, job, deps)
    if place.lately >= MAX_A_MINUTE and job.where != Where.COMMAND:
        await _too_much(job, place, deps)
    elif documents := sent_documents(job):
        await _offer(job, place, documents, deps)
    elif policies := _policy_files(job):
        await _load(job, place, policies, deps)
    elif place.asked is not None and (_is_answer(job, place.asked) or _is_picture(job)):
        await _answers(job, place, deps)
    elif is_call_for_help(job.text):
        await _answered_only(job, place, "help", deps)
    elif not job.text and (job.thread_ts is None or job.where == Where.DM or place.plan is not None):
        kind: ReplyKind = "picture" if _is_picture(job) else "empty"
        await _answered_only(job, place, kind if job.where != Where.THREAD else None, deps)
    else:
        await _judged(job, place, deps)


async def give_up_hearing(job: Hear, deps: Deps) -> None:
    """What was said could not be dealt with, for a reason of ours; whoever called the bot has to say it again."""
    if job.where == Where.THREAD:
        return
    words = Tell(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        note=Note.NOT_HEARD,
        thread_ts=job.thread_ts,
        response_url=job.response_url,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:given_up")


async def _place(session: AsyncSession, job: Hear, deps: Deps) -> _Place:
    plan = asked = None
    if job.thread_ts is not None:
        plan = await deps.conversations.plan_of(session, job.workspace, job.channel, job.thread_ts)
    if plan is not None and plan.state == PlanState.DRAFTING:
        asked = await deps.clarifying.open_for(session, job.workspace, plan.id, job.user)
    is_stranger = job.is_stranger
    if is_stranger:
        is_stranger = job.user not in (await deps.approvals.settings(session, job.workspace)).approvers
    lately = await deps.conversations.heard_since(session, job.workspace, job.user, deps.now() - LATELY)
    is_used_up = await deps.budget.is_used_up(session, job.workspace, deps.now())
    return _Place(plan, is_stranger, lately, not is_used_up, asked)


async def _judged(job: Hear, place: _Place, deps: Deps) -> None:
    """Let it be judged while whoever called sees that they were heard, and have done what was meant."""
    sign = asyncio.create_task(_show(job, _(STATUS), deps))
    try:
        words, meant, usages = await _judge(job, place, deps)
    finally:
        # Whatever comes next must not be overtaken by it.
        await sign
    async with deps.database.transaction() as session:
        await deps.workflows.record_calls(session, job.workspace, None, usages)
        says_something = await _do(session, job, place, words, meant, deps)
    count_calls(usages, deps)
    deps.metrics.heard.labels(meant.intent, meant.judged_by).inc()
    if not says_something:
        await _show(job, "", deps)


async def _judge(job: Hear, place: _Place, deps: Deps) -> tuple[Words, Meant, Sequence[Usage]]:
    # In the thread of a plan it is about the plan; in any other, about what stands above.
    words = await read_words(job, deps, with_thread=place.plan is None)
    plan = place.plan
    said = Saying(
        text=words.text,
        where=Where(job.where),
        by=words.names.get(job.user, ""),
        plan=None if plan is None else PlanInThread(plan.number, plan.title, plan.state),
        above=lines_above(words.talk, words.names) if words.talk else (),
    )
    return words, *await meaning(said, deps, has_budget=place.has_budget)


async def _show(job: Hear, status: str, deps: Deps) -> None:
    """What the bot is about, for whoever called it. A sign that can't be given is no lost work."""
    if job.where not in (Where.MENTION, Where.DM) or job.reply_thread is None:
        return
    try:
        await deps.slack.show_status(job.channel, job.reply_thread, status)
    except SlackError as error:
        logger.info("Could not show a status: %s", error)


async def _do(session: AsyncSession, job: Hear, place: _Place, words: Words, meant: Meant, deps: Deps) -> bool:
    """Put in what was meant; False: nothing is said to it."""
    plan = place.plan
    if meant.about_plan:
        # A number that nobody has is no reason to take another plan.
        plan = await deps.conversations.plan_by_number(session, job.workspace, meant.about_plan)
    kind = await _answer(session, job, place, meant, plan, deps)
    keeps_words = meant.intent == Intent.UNCLEAR
    about = None if plan is None else plan.id
    heard = await deps.conversations.keep(session, job, meant, about, keep_words=keeps_words)
    if heard is None:
        return True
    if kind is not None:
        say = Say(
            workspace=job.workspace,
            heard=heard,
            kind=kind,
            in_private=job.where == Where.COMMAND or (job.where == Where.THREAD and kind != "decision"),
            about=about,
            lacking=meant.lacking,
            response_url=job.response_url,
            reply_thread=job.reply_thread,
        )
        await enqueue(session, say)
        return True
    if meant.intent in (Intent.NOT_FOR_ME, Intent.SMALLTALK):
        return False
    await begin(session, job, Intent(meant.intent), about, words, deps, is_stranger=place.is_stranger)
    return True


async def _answer(
    session: AsyncSession, job: Hear, place: _Place, meant: Meant, plan: PlanOfThread | None, deps: Deps
) -> ReplyKind | None:
    """What is to be said to it, where nothing is to be done."""
    match meant.intent:
        case Intent.CHANGE | Intent.DECISION if place.is_stranger:
            return "stranger"
        case Intent.CHANGE:
            return "which_plan" if plan is None else None
        case Intent.DECISION:
            return "which_plan" if plan is None else "decision"
        case Intent.UNCLEAR:
            return "unclear"
        case Intent.SMALLTALK:
            return "smalltalk"
        case Intent.NOT_FOR_ME if meant.lacking is not None:
            was_told = await deps.conversations.was_told_of_lack(session, job, deps.now() - TELL_AGAIN)
            return None if was_told else "lacking"
    return None


async def _answered_only(job: Hear, place: _Place, kind: ReplyKind | None, deps: Deps) -> None:
    """Answer what takes no judging; without a `kind`, it is only put on record."""
    waits = _is_picture(job)
    intent = PICTURE if waits else Intent.SMALLTALK if kind in ("help", "empty") else Intent.NOT_FOR_ME
    meant = Meant(intent, BY_RULES)
    about = None if place.plan is None else place.plan.id
    async with deps.database.transaction() as session:
        heard = await deps.conversations.keep(session, job, meant, about, keep_words=waits)
        if heard is not None and kind is not None:
            await enqueue(session, _say(job, heard, kind, about))
    deps.metrics.heard.labels(meant.intent, BY_RULES).inc()


async def _too_much(job: Hear, place: _Place, deps: Deps) -> None:
    """Put on record that they said more than is listened to; they are told once, until they have paused."""
    about = None if place.plan is None else place.plan.id
    async with deps.database.transaction() as session:
        since = deps.now() - LATELY
        is_first = await deps.conversations.is_first_too_much(session, job.workspace, job.user, since)
        meant = Meant(TOO_MUCH, BY_RULES)
        heard = await deps.conversations.keep(session, job, meant, about, keep_words=False)
        if heard is not None and is_first:
            await enqueue(session, _say(job, heard, "enough", about))
    deps.metrics.heard.labels(TOO_MUCH, BY_RULES).inc()


def _say(job: Hear, heard: UUID, kind: ReplyKind, about: UUID | None) -> Say:
    """What is said to what took no judging."""
    return Say(
        workspace=job.workspace,
        heard=heard,
        kind=kind,
        in_private=job.where != Where.DM,
        about=about,
        response_url=job.response_url,
        reply_thread=job.reply_thread if job.where == Where.DM else job.thread_ts,
    )


def _is_answer(job: Hear, asked: Clarification) -> bool:
    """Whether it is the answer to what they were asked; a question of their own, or thanks, is none."""
    if not job.text.strip():
        return False
    if reply_in_words(asked, job.text).is_plain:
        return True
    plain = plainly(Saying(job.text, Where(job.where), above=(Line("", ""),)))
    return plain in (None, Intent.ISSUE) and not is_question(job.text) and not is_call_for_help(job.text)


def _is_picture(job: Hear) -> bool:
    """Whether it is a picture without a word, or several."""
    return not job.text.strip() and bool(pictures_among(job.files))


async def _answers(job: Hear, place: _Place, deps: Deps) -> None:
    """It is what they have been asked about their issue: no model has to say so."""
    assert place.plan is not None  # noqa: S101 - it is asked in the thread of a plan
    answer = AnswerClarification(
        key=job.key,
        workspace=job.workspace,
        plan=place.plan.id,
        user=job.user,
        channel=job.channel,
        message_ts=job.message_ts,
        thread_ts=job.thread_ts,
        words=job.text,
        files=job.files,
    )
    async with deps.database.transaction() as session:
        meant = Meant(ANSWER, BY_RULES)
        if await deps.conversations.keep(session, job, meant, place.plan.id, keep_words=False) is not None:
            await enqueue(session, answer)
    deps.metrics.heard.labels(ANSWER, BY_RULES).inc()


async def _load(job: Hear, place: _Place, files: tuple[AnswerFile, ...], deps: Deps) -> None:
    """A policy is read by another job: it takes a while, and whoever sent it sees that it has come."""
    await _show(job, _(STATUS), deps)
    async with deps.database.transaction() as session:
        heard = await deps.conversations.keep(session, job, Meant(POLICY, BY_RULES), None, keep_words=False)
        if heard is None or job.reply_thread is None:
            return
        loading = LoadPolicyFile(
            workspace=job.workspace,
            heard=heard,
            user=job.user,
            channel=job.channel,
            message_ts=job.message_ts,
            files=files,
            thread_ts=job.reply_thread,
            is_stranger=place.is_stranger,
        )
        await enqueue(session, loading)
    deps.metrics.heard.labels(POLICY, BY_RULES).inc()


async def _offer(job: Hear, place: _Place, files: tuple[AnswerFile, ...], deps: Deps) -> None:
    """Documents of components are read by jobs of their own, which answer in the thread."""
    await _show(job, _(STATUS), deps)
    async with deps.database.transaction() as session:
        heard = await deps.conversations.keep(session, job, Meant(DOCUMENT, BY_RULES), None, keep_words=False)
        if heard is None or job.reply_thread is None:
            return
        for reading in reading_of(job, files, heard, is_stranger=place.is_stranger):
            await enqueue(session, reading)
    deps.metrics.heard.labels(DOCUMENT, BY_RULES).inc()


def _policy_files(job: Hear) -> tuple[AnswerFile, ...]:
    """What looks like a policy among the files of a direct message; any other file is let alone."""
    if job.where != Where.DM:
        return ()
    return tuple(file for file in job.files if file.name.lower().endswith(POLICY_ENDINGS))


HANDLERS = (Handler(Hear, Lane.TALK, hear, give_up_hearing),)
