"""The graph of a plan and the report of a run: drawn, brought to Slack, shown in the thread of the card.

Two jobs, so that a press gives one file. The first draws and brings the file to Slack, where nobody sees it; that
it did is on record in the transaction that asks for the second. A first job that is killed before has left a file
that Slack forgets, and brings another. The second job shows the file, and looks first whether it is there already:
by the file's id, which stands in the job.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.deps import Deps
from bot.errors import ChannelUnreachable, MessageGone, RateLimited, SlackError, SlackUnavailable, UploadRefused
from bot.jobs.registry import PATIENT_ATTEMPTS, Handler, Lane
from bot.languages import speaking
from bot.readers import language_of_card
from bot.slack.messages import Message
from bot.views.pictures import words
from bot.views.pictures.graph import graph
from bot.views.pictures.report import people, report
from bot.views.plan.overview import title
from bot.views.private.notes import Note, note_text
from db.queue import enqueue
from services import audit
from services.errors import NotFound
from services.jobs import MakePicture, PictureKind, SharePicture, Tell
from services.pictures.model import TooLarge
from services.queries import pictures
from services.queries import runs as run_queries
from services.queries.snapshots import History, PlanSnapshot

logger = logging.getLogger("mudda.pictures")

MAX_NAMES = 60
"""People whose names are looked up for one report; of the others it says that their names are not known."""

MAKING_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be shown, and in which channel."""

    snapshot: PlanSnapshot
    history: History | None
    channel: str


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    alt: str


async def make_picture(job: MakePicture, deps: Deps) -> None:
    """Say that it is being made, make it, bring it to Slack; or tell whoever asked why not."""
    try:
        found = await _found(job, deps)
    except NotFound:
        await _tell(job, note_text(Note.NOT_FOUND), deps)
        return
    if found is None:
        return
    # In a modal there is no channel: whoever asked is told in that of the card.
    job = job if job.channel else job.model_copy(update={"channel": found.channel})
    number = found.snapshot.number
    await _tell(job, words.being_made(job.picture, number, found.channel), deps)
    try:
        # It is shown in the thread of the card, so in its language.
        with speaking(language_of_card(found.snapshot, deps.workspace)):
            file = await (_graph(found, deps) if job.picture is PictureKind.GRAPH else _report(job, found, deps))
    except TooLarge:
        version = found.snapshot.version
        await _tell(job, words.too_large(number, len(version.plan.steps) if version else 0), deps)
        return
    if file is None:
        await _tell(job, note_text(Note.NOT_FOUND), deps)
        return
    try:
        file_id = await deps.slack.upload(words.file_name(job.picture, found.snapshot), file.content, alt=file.alt)
    except UploadRefused as error:
        await _tell(job, words.cannot_upload(job.picture, error.code), deps)
        return
    await _hand_over(job, found.snapshot, file_id, deps)


async def share_picture(job: SharePicture, deps: Deps) -> None:
    """Show the file in the thread of the card, unless an earlier try has."""
    async with deps.database.transaction() as session:
        channel, thread_ts = await deps.cards.place(session, job.workspace, job.plan)
        snapshot = await deps.queries.get(session, job.workspace, job.plan)
    try:
        if not await _is_shared(job, channel, thread_ts, deps):
            with speaking(language_of_card(snapshot, deps.workspace)):
                said = words.comment(job.picture, job.number, job.title, job.user)
                name = words.title_of(job.number, job.title)
            await deps.slack.share(job.file, title=name, channel=channel, thread_ts=thread_ts, comment=said)
    except (UploadRefused, ChannelUnreachable, MessageGone) as error:
        logger.info("A picture could not be shown: %s", error)
        await _tell(job, words.cannot_upload(job.picture, error.code), deps)


async def give_up_picture(job: MakePicture | SharePicture, deps: Deps) -> None:
    """Nothing was shown, for a reason of ours."""
    note = Tell(
        workspace=job.workspace,
        channel=job.channel,
        user=job.user,
        note=Note.BUSY,
        thread_ts=job.thread_ts,
        response_url=job.response_url,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, note, key=f"tell:{job.key}")


async def _found(job: MakePicture, deps: Deps) -> _Found | None:
    """The rows as they are now; None if the picture of this press is made already. Raises NotFound."""
    async with deps.database.transaction() as session:
        if job.run is not None:
            snapshot = await deps.queries.get_by_run(session, job.workspace, job.run)
        elif job.plan is not None:
            snapshot = await deps.queries.get(session, job.workspace, job.plan)
        else:
            raise NotFound("plan", "of no id")
        if await pictures.is_made(session, job.workspace, snapshot.id, job.key):
            return None
        history = None
        if job.picture is PictureKind.REPORT:
            history = await run_queries.history(session, job.workspace, snapshot.id, run_id=job.run)
        channel, _ = await deps.cards.place(session, job.workspace, snapshot.id)
    return _Found(snapshot, history, channel)


async def _graph(found: _Found, deps: Deps) -> _File | None:
    drawn = await asyncio.to_thread(graph, found.snapshot, deps.now(), deps.zone)
    return None if drawn is None else _File(await deps.pictures.picture(drawn), drawn.alt)


async def _report(job: MakePicture, found: _Found, deps: Deps) -> _File | None:
    if found.history is None:
        return None
    names = await _names(found, (job.user, *people(found.snapshot, found.history)), deps)
    document = await asyncio.to_thread(
        report,
        found.snapshot,
        found.history,
        names=names,
        town=deps.workspace.name,
        asked_by=job.user,
        now=deps.now(),
        zone=deps.zone,
    )
    return None if document is None else _File(await deps.pictures.report(document), "")


async def _names(found: _Found, users: tuple[str, ...], deps: Deps) -> dict[str, str]:
    """What people and the channel are called, as far as Slack tells."""
    wanted = list(dict.fromkeys(users))[:MAX_NAMES]
    asked = [deps.slack.person_name(user) for user in wanted]
    told = await asyncio.gather(*asked, deps.slack.channel_name(found.snapshot.channel_id), return_exceptions=True)
    names: dict[str, str] = {}
    for of_id, name in zip([*wanted, found.snapshot.channel_id], told, strict=True):
        if isinstance(name, RateLimited | SlackUnavailable) or not isinstance(name, str | None | SlackError):
            raise name
        if isinstance(name, str):
            names[of_id] = name
    return names


async def _hand_over(job: MakePicture, snapshot: PlanSnapshot, file: str, deps: Deps) -> None:
    """Put on record what was made for whom, and ask for it to be shown: both or neither."""
    share = SharePicture(
        workspace=job.workspace,
        key=job.key,
        picture=job.picture,
        plan=snapshot.id,
        number=snapshot.number,
        file=file,
        title=title(snapshot),
        since=deps.now(),
        user=job.user,
        channel=job.channel,
        message_ts=job.message_ts,
        thread_ts=job.thread_ts,
        response_url=job.response_url,
    )
    run = str(snapshot.run.id) if snapshot.run else None
    action = pictures.ACTIONS[job.picture]
    async with deps.database.transaction() as session:
        await audit.record(
            session, job.workspace, subject=snapshot.id, actor=job.actor, action=action, key=job.key, run=run
        )
        await enqueue(session, share, key=f"share:{job.key}")


async def _is_shared(job: SharePicture, channel: str, thread_ts: str | None, deps: Deps) -> bool:
    try:
        return await deps.slack.is_shared(job.file, channel, thread_ts=thread_ts, since=job.since)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        # Where the bot may post but not read. Slack itself shares a file from an upload once.
        logger.warning("Could not look for a file: %s", error)
        return False


async def _tell(job: MakePicture | SharePicture, text: str, deps: Deps) -> None:
    """Say it to whoever asked, and to nobody else. A word that can't be said keeps no picture back."""
    try:
        await deps.slack.tell(
            job.channel,
            job.user,
            Message(text, []),
            thread_ts=None,
            response_url=job.response_url,
        )
    except SlackError as error:
        logger.info("Could not tell somebody of a picture: %s", error)


HANDLERS = (
    Handler(MakePicture, Lane.STEPS, make_picture, give_up_picture, attempts=MAKING_ATTEMPTS),
    Handler(SharePicture, Lane.QUICK, share_picture, give_up_picture, attempts=PATIENT_ATTEMPTS),
)
