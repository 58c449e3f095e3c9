"""A policy that an approver sends to the bot: fetched, read, loaded, and answered with every fault there is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import PurePosixPath

from bot.deps import Deps
from bot.errors import ChannelUnreachable, FileRefused, RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import Handler, Lane
from bot.slack.messages import Message
from bot.views.private import policy_files as view
from bot.views.private.notes import Note
from db.queue import enqueue
from services.approvals import NotAnApprover
from services.audit import Actor
from services.errors import NotFound
from services.jobs import AnswerFile, LoadPolicyFile, Tell
from services.policies.documents import MAX_BYTES, PolicyDocument, PolicyFaults, key_of, parse_policy

logger = logging.getLogger("mudda.policies")

CHECKS = (".checks.yaml", ".checks.yml", ".yaml", ".yml")
"""The endings of a file of checks, which goes with the document of the same name."""


async def load_policy_file(job: LoadPolicyFile, deps: Deps) -> None:
    """Load what was sent, all of a document or nothing, and say so. The file of who may not is not fetched."""
    async with deps.database.transaction() as session:
        reply = await deps.conversations.begin_reply(session, job.workspace, job.heard, deps.now())
        may_load = not job.is_stranger
        try:
            await deps.approvals.check_may_set(session, job.workspace, job.user)
        except NotAnApprover:
            may_load = False
    if reply.ts is not None:
        return
    message = await _loaded(job, deps) if may_load else view.not_yours(job.heard)
    try:
        ts = None
        if reply.begun_at is not None:
            ts = await find_earlier(job.channel, message, job.thread_ts, reply.begun_at, deps)
        ts = ts or await deps.slack.post(job.channel, message, thread_ts=job.thread_ts)
    except ChannelUnreachable as error:
        logger.info("Could not answer: %s", error)
        return
    async with deps.database.transaction() as session:
        await deps.conversations.replied(session, job.workspace, job.heard, ts)


async def give_up_policy_file(job: LoadPolicyFile, deps: Deps) -> None:
    """It could not be read, for a reason of ours: loaded again, it is as it was or as it should be."""
    words = Tell(
        workspace=job.workspace, channel=job.channel, user=job.user, note=Note.BUSY, thread_ts=job.thread_ts
    )
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.heard}:given_up")


async def _loaded(job: LoadPolicyFile, deps: Deps) -> Message:
    """What became of each document, with the file of checks beside it."""
    documents = [file for file in job.files if not file.name.lower().endswith(CHECKS)]
    beside = {_stem(file.name): file for file in job.files if file not in documents}
    pairs: list[tuple[AnswerFile | None, AnswerFile | None]] = [
        (document, beside.pop(_stem(document.name), None)) for document in documents
    ]
    pairs += [(None, checks) for checks in beside.values()]
    return view.loaded(job.heard, [await _one(job, document, checks, deps) for document, checks in pairs])


async def _one(
    job: LoadPolicyFile, document: AnswerFile | None, checks: AnswerFile | None, deps: Deps
) -> view.Outcome:
    """One policy; without a document, the checks are for the one of that name that is loaded already."""
    name = (document or checks or job.files[0]).name
    checks_name = checks.name if checks else ""
    try:
        source = await _source(job, document, _stem(name), deps)
        beside = (await deps.slack.file(checks.id, limit=MAX_BYTES)).content if checks else None
        parsed = parse_policy(source, _stem(name), beside)
        async with deps.database.transaction() as session:
            actor = Actor(job.user, job.channel, job.message_ts)
            done = await deps.policies.load(session, job.workspace, parsed, actor)
    except (RateLimited, SlackUnavailable):
        raise
    except PolicyFaults as error:
        return view.Refused(name, checks_name or name, error.faults)
    except NotFound:
        return view.Unfetched(name, "no_document")
    except FileRefused as error:
        return view.Unfetched(name, "too_large" if error.code == "too_large" else "not_given")
    except SlackError as error:
        logger.info("Could not fetch a policy: %s", error)
        return view.Unfetched(name, "not_given")
    return _outcome(name, parsed, done.version, is_new=done.is_new, unknown=done.unknown)


async def _source(job: LoadPolicyFile, document: AnswerFile | None, stem: str, deps: Deps) -> bytes:
    if document is not None:
        return (await deps.slack.file(document.id, limit=MAX_BYTES)).content
    async with deps.database.reading() as session:
        return (await deps.policies.source(session, job.workspace, key_of(stem), None)).encode()


def _outcome(
    name: str, document: PolicyDocument, version: int, *, is_new: bool, unknown: Sequence[str]
) -> view.Outcome:
    return view.Loaded(
        name, document.name, version, len(document.passages), len(document.checks), is_new, tuple(unknown)
    )


def _stem(name: str) -> str:
    lower = name.lower()
    ending = next((each for each in CHECKS if lower.endswith(each)), PurePosixPath(name).suffix)
    return name[: len(name) - len(ending)] if ending else name


HANDLERS = (Handler(LoadPolicyFile, Lane.QUICK, load_policy_file, give_up_policy_file),)
