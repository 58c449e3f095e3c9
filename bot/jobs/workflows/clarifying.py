"""What an issue does not say is asked for before it is planned: once, on its card and in the thread of that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.deps import Deps
from bot.errors import ChannelUnreachable, SlackError
from bot.jobs.messages.posting import find_earlier
from bot.jobs.model_calls import count_calls
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.views.messages.clarification import clarification_message
from bot.views.messages.place import is_direct
from bot.views.private.notes import Note, clarified_by, stale, with_people
from db.queue import enqueue
from services.ai.errors import GeminiError
from services.ai.intents import Saying, Where
from services.ai.usage import Usage
from services.components.definitions import ComponentDefinition
from services.components.specs import ComponentSpec
from services.errors import NotFound
from services.jobs import AnswerClarification, DraftPlan, EndClarification, JobDeferral, PostClarification, Tell
from services.places import place_in, says_where
from services.plans.model import Issue
from services.workflows import look_alikes
from services.workflows.clarifications import (
    MAX_CHOICES,
    AnsweredBefore,
    Found,
    Lack,
    NotAsked,
    Reply,
    reply_in_words,
)
from services.workflows.geocoding import geocoder_of, look_up

logger = logging.getLogger("mudda.clarifying")

JUDGE_SECONDS = 8.0
"""The model is asked for so long what is missing; after that nothing is."""

POST_POLL = timedelta(seconds=1)
"""When to look again whether the card is there, in whose thread it is asked."""


async def made_clear(
    job: DraftPlan, claim: UUID, issue: Issue, specs: Mapping[str, ComponentSpec], deps: Deps
) -> Issue | None:
    """The issue, its place looked up; None if people are asked first, and it is drafted once they answer."""
    if deps.clarify_after <= timedelta(0):
        return issue
    async with deps.database.reading() as session:
        if not await deps.clarifying.wants_asking(session, job):
            return issue
        judged = await deps.clarifying.judged_missing(session, job)
        geocoder = await _geocoder(session, job, specs, deps)
    usages: tuple[Usage, ...] = ()
    if judged is None:
        judged, usages = await _judge(issue, deps)
    lacks = lacking(issue, judged)
    look_alike, wide = await _look_alike(job, deps)
    hits = await _hits(issue, geocoder, deps)
    found = Found(
        lacks=lacks,
        choices=hits if 1 < len(hits) <= MAX_CHOICES else (),
        look_alike=look_alike,
        is_wide=wide,
        place_found=hits[0] if len(hits) == 1 else None,
    )
    async with deps.database.transaction() as session:
        await deps.workflows.record_calls(session, job.workspace, job.plan, usages)
        asked = await deps.clarifying.ask(session, job, claim, found, wait=deps.clarify_after, now=deps.now())
    count_calls(usages, deps)
    return None if asked else replace(issue, place_found=found.place_found)


def lacking(issue: Issue, judged: tuple[str, ...]) -> tuple[Lack, ...]:
    """What has to be asked for: what the model misses, but for a place that is plainly said."""
    has_place = bool(issue.place) or says_where(issue.text)
    names = {each.strip().casefold() for each in judged}
    return tuple(each for each in Lack if each.value in names and not (each is Lack.PLACE and has_place))


async def _judge(issue: Issue, deps: Deps) -> tuple[tuple[str, ...], tuple[Usage, ...]]:
    """What an issue lacks that has not been judged; where it is plainly said, the model is not asked."""
    if issue.place or says_where(issue.text):
        return (), ()
    deadline = asyncio.get_running_loop().time() + JUDGE_SECONDS
    try:
        judged, usages = await deps.intents.judge(Saying(issue.text, Where.COMMAND), deadline=deadline)
    except GeminiError as error:
        logger.info("Nobody is asked what is missing: %s", error)
        return (), error.usages
    return judged.missing, usages


async def _look_alike(job: DraftPlan, deps: Deps) -> tuple[UUID | None, bool]:
    """The open plan that it may be the same as, and whether that is to be looked for in public channels."""
    async with deps.database.reading() as session:
        found = await look_alikes.likeliest(session, job.workspace, job.plan, wide=True, now=deps.now())
    if found is None or await _is_wide(job, deps):
        return found, True
    async with deps.database.reading() as session:
        return await look_alikes.likeliest(session, job.workspace, job.plan, wide=False, now=deps.now()), False


async def _is_wide(job: DraftPlan, deps: Deps) -> bool:
    """Whether whoever sees the card may see what is in public channels: not people of other organisations."""
    async with deps.database.reading() as session:
        plan = await deps.queries.get(session, job.workspace, job.plan)
    if is_direct(plan.shown_in):
        return True
    try:
        return not (await deps.slack.channel_kind(plan.shown_in)).is_shared
    except SlackError as error:
        logger.info("Slack does not say who reads along: %s", error)
        return False


@dataclass(frozen=True, slots=True)
class _Geocoder:
    definition: ComponentDefinition
    name: str


async def _geocoder(
    session: AsyncSession, job: DraftPlan, specs: Mapping[str, ComponentSpec], deps: Deps
) -> _Geocoder | None:
    """The component that looks up places, if it is among those that the plan may use."""
    found = geocoder_of(specs.values())
    if found is None:
        return None
    spec, name = found
    documents = await deps.components.definitions(session, job.workspace, {spec.key})
    document = documents.get(spec.key)
    return None if document is None else _Geocoder(ComponentDefinition.model_validate(document), name)


async def _hits(issue: Issue, geocoder: _Geocoder | None, deps: Deps) -> tuple[str, ...]:
    place = issue.place or place_in(issue.text)
    if geocoder is None or not place:
        return ()
    metrics, key = deps.metrics, geocoder.definition.key
    with metrics.timed(metrics.component_calls, metrics.component_seconds, key) as outcomes:
        found = await look_up(
            geocoder.definition,
            geocoder.name,
            place,
            deps.workspace.id,
            door=deps.door,
            connector=deps.connector,
            contexts=deps.contexts,
        )
        outcomes.append("ok" if found else "empty")
    return found


async def post_clarification(job: PostClarification, deps: Deps) -> None:
    """Post it, unless it is answered, or there already: an earlier try may have been killed."""
    async with deps.database.transaction() as session:
        snapshot = await deps.queries.get(session, job.workspace, job.plan)
        _, ts = await deps.cards.message(session, job.workspace, job.plan)
        channel, thread_ts = await deps.cards.place(session, job.workspace, job.plan)
    asked = snapshot.clarification
    if asked is None or not asked.is_open or not snapshot.is_asking:
        return
    if ts is None:
        raise JobDeferral(POST_POLL, "the card has not arrived yet")
    with speaking(language_of_card(snapshot, deps.workspace)):
        message = clarification_message(snapshot, asked)
    try:
        if not await find_earlier(channel, message, thread_ts, asked.at, deps):
            await deps.slack.post(channel, message, thread_ts=thread_ts)
    except ChannelUnreachable as error:
        logger.info("Could not ask in a thread: %s", error)


async def answer(job: AnswerClarification, deps: Deps) -> None:
    """Take the answer; or tell whoever gave it, privately, why it came to nothing."""
    try:
        reply = await _reply(job, deps)
        async with deps.database.transaction() as session:
            if job.is_undone:
                await deps.clarifying.undo(session, job)
            else:
                await deps.clarifying.answer(session, job, reply, deps.now())
        if job.files and reply.is_nothing:
            await _tell(job, Note.PICTURE_KEPT, deps)
    except NotAsked as error:
        await _tell(job, with_people(Note.CLARIFY_NOT_ASKED, error.people), deps)
    except AnsweredBefore as error:
        await _tell(job, clarified_by(error.by) or stale(error.state), deps)
    except NotFound:
        await _tell(job, Note.NOT_FOUND, deps)


async def _reply(job: AnswerClarification, deps: Deps) -> Reply:
    if job.words:
        async with deps.database.reading() as session:
            snapshot = await deps.queries.get(session, job.workspace, job.plan)
        if snapshot.clarification is not None:
            return reply_in_words(snapshot.clarification, job.words)
    known = {each.value: each for each in Lack}
    given = {known[name]: text for name, text in job.given.items() if name in known}
    return Reply(is_anyway=job.is_anyway, is_same=job.is_same, choice=job.choice, given=given)


async def give_up_answer(job: AnswerClarification, deps: Deps) -> None:
    """Nothing came of it, for a reason of ours."""
    await _tell(job, Note.BUSY, deps)


async def end(job: EndClarification, deps: Deps) -> None:
    """Plan without an answer."""
    async with deps.database.transaction() as session:
        await deps.clarifying.end(session, job.workspace, job.plan)


async def _tell(job: AnswerClarification, note: str, deps: Deps) -> None:
    words = Tell(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        note=note,
        thread_ts=job.thread_ts,
        response_url=job.response_url,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}")


HANDLERS = (
    Handler(AnswerClarification, Lane.QUICK, answer, give_up_answer),
    Handler(PostClarification, Lane.QUICK, post_clarification, attempts=PATIENT_ATTEMPTS),
    Handler(EndClarification, Lane.QUICK, end, attempts=PATIENT_ATTEMPTS),
)
