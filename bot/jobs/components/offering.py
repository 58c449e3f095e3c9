"""A document that an admin gave is fetched and read, and they are shown privately what it would bring."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from uuid import UUID

from bot.admins import is_admin
from bot.deps import Deps
from bot.errors import FileRefused, RateLimited, SlackError, SlackUnavailable
from bot.jobs.messages.posting import find_earlier
from bot.jobs.registry import Handler, Lane
from bot.languages import speaking
from bot.readers import language_for
from bot.slack.messages import Message
from bot.views.importing.preview import preview_message
from bot.views.importing.refusals import document_problem, file_problem, not_yours_message, refused_message
from bot.views.private.notes import Note
from db.queue import enqueue
from services.components.openapi.model import DocumentRefused
from services.components.openapi.reading import MAX_JSON_BYTES
from services.components.packs import PackFaults, parse_pack
from services.components.service import ComponentService
from services.connectors.errors import CallError
from services.imports.documents import kind_of
from services.imports.offers import Offer, OfferedEntry, OfferKind
from services.imports.summaries import ImportSummary, summary_of, summary_of_definitions
from services.jobs import LoadPolicyFile, OfferDocument, OfferOpen311, Tell
from services.open311.client import GeoReportClient
from services.open311.model import Open311Refused, Service, Source
from services.open311.pack import pack_of
from services.open311.presets import presets
from services.open311.service import Open311Service

logger = logging.getLogger("mudda.imports")


class _IsPolicy(Exception):
    """What was sent is no document of components but the checks of a policy."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read: what to keep of it, and what to show.

    `services` are those of an Open311 endpoint, which are chosen from; of them the `known` have been added before.
    """

    kind: OfferKind
    about: dict[str, object]
    document: bytes | None
    summary: ImportSummary
    services: tuple[OfferedEntry, ...] = ()
    known: frozenset[str] = frozenset()


async def offer_document(job: OfferDocument, deps: Deps) -> None:
    """Read a file or what is at an address, keep it, and show what it would bring. Whoever may not is told so."""
    try:
        await _offered(job, OfferKind.OPENAPI, job.url or _name(job), deps)
    except _IsPolicy:
        await _as_policy(job, deps)


async def offer_open311(job: OfferOpen311, deps: Deps) -> None:
    """Read an Open311 endpoint, and show what components would be made of it."""
    await _offered(job, OfferKind.OPEN311, job.url or job.preset, deps)


async def give_up_offer(job: OfferDocument | OfferOpen311, deps: Deps) -> None:
    """Nothing was added, for a reason of ours."""
    thread_ts = job.thread_ts if isinstance(job, OfferDocument) else None
    words = Tell(workspace=job.workspace, channel=job.channel, user=job.user, note=Note.BUSY, thread_ts=thread_ts)
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:given_up")


async def _offered(job: OfferDocument | OfferOpen311, kind: OfferKind, name: str, deps: Deps) -> None:
    async with deps.database.transaction() as session:
        offer, is_resumed = await deps.imports.offers.begin(
            session, job.workspace, job.key, job.user, kind, deps.now()
        )
    if offer.message_ts is not None:
        return
    with speaking(await language_for(job.user, deps)):
        message = await _message(job, offer, name, deps)
    await _post(job, offer, message, is_resumed, deps)


async def _message(job: OfferDocument | OfferOpen311, offer: Offer, name: str, deps: Deps) -> Message:
    """The preview, kept; or why there is none."""
    stranger = isinstance(job, OfferDocument) and job.is_stranger
    if stranger or not await is_admin(job.user, deps):
        await _refuse(job.workspace, offer.id, deps)
        return not_yours_message(offer.id)
    try:
        found = await (_document(job, deps) if isinstance(job, OfferDocument) else _open311(job, deps))
    except (RateLimited, SlackUnavailable):
        raise
    except (DocumentRefused, CallError, Open311Refused, PackFaults) as error:
        faults = error.faults if isinstance(error, PackFaults) else ()
        message = refused_message(offer.id, name, document_problem(error), faults)
    except SlackError as error:
        code = error.code if isinstance(error, FileRefused) else ""
        message = refused_message(offer.id, name, file_problem(code, MAX_JSON_BYTES))
    else:
        async with deps.database.transaction() as session:
            await deps.imports.offers.offer(
                session,
                job.workspace,
                offer.id,
                found.kind,
                {"name": name, **found.about},
                found.document,
                found.services or found.summary.entries,
                [number for number, each in enumerate(found.services) if each.id in found.known],
            )
        return preview_message(offer.id, found.kind, found.summary, len(found.services))
    await _refuse(job.workspace, offer.id, deps)
    return message


async def _document(job: OfferDocument, deps: Deps) -> _Found:
    if job.file is None:
        source, kind = await deps.imports.fetch(job.url), OfferKind.OPENAPI
    else:
        source = (await deps.slack.file(job.file.id, limit=MAX_JSON_BYTES)).content
        found = kind_of(job.file.name, source)
        if found is None:
            raise _IsPolicy
        kind = found
    if kind is OfferKind.PACK:
        return await _pack(job, source, deps)
    read = await deps.imports.read(source, job.url)
    async with deps.database.reading() as session:
        preview = await deps.imports.preview(session, job.workspace, read)
    return _Found(kind, {"where": job.url}, source, summary_of(preview))


async def _pack(job: OfferDocument, source: bytes, deps: Deps) -> _Found:
    definitions = await asyncio.to_thread(parse_pack, source)
    async with deps.database.reading() as session:
        stored = await deps.imports.stored(session, job.workspace, definitions)
    return _Found(OfferKind.PACK, {}, source, summary_of_definitions(_name(job), definitions, stored))


async def _open311(job: OfferOpen311, deps: Deps) -> _Found:
    source = source_of(job)
    town = await GeoReportClient(deps.connector).read(source)
    pack = pack_of(town, source)
    async with deps.database.reading() as session:
        stored = await deps.imports.stored(session, job.workspace, pack.definitions)
        endpoints = await Open311Service(ComponentService()).endpoints(session, job.workspace)
    summary = summary_of_definitions(source.name or town.base_url, pack.definitions, stored)
    known = frozenset(code for each in endpoints if each.prefix == source.key_prefix for code in each.services)
    about: dict[str, object] = {"source": source.to_dict()}
    return _Found(OfferKind.OPEN311, about, None, summary, tuple(map(_service, town.services)), known)


def _service(service: Service) -> OfferedEntry:
    """A service as it can be chosen."""
    return OfferedEntry(
        id=service.code, key=service.code, name=service.name, tag=service.group, state="new", gate=""
    )


def source_of(job: OfferOpen311) -> Source:
    """What is asked for: a preset, and what was typed beside it."""
    preset = presets().get(job.preset)
    source = preset.source() if preset else Source(job.url)
    return replace(
        source,
        url=job.url or source.url,
        jurisdiction=job.jurisdiction or source.jurisdiction,
        api_key=job.api_key or source.api_key,
    )


async def _refuse(workspace: UUID, offer_id: UUID, deps: Deps) -> None:
    async with deps.database.transaction() as session:
        await deps.imports.offers.refuse(session, workspace, offer_id)


async def _post(
    job: OfferDocument | OfferOpen311, offer: Offer, message: Message, is_resumed: bool, deps: Deps
) -> None:
    """Say it in the direct message; an earlier try may have been killed after Slack took it."""
    is_file = isinstance(job, OfferDocument) and job.file is not None
    thread_ts = job.thread_ts if isinstance(job, OfferDocument) else None
    try:
        channel = job.channel if is_file else await deps.slack.open_dm(job.user)
        ts = await find_earlier(channel, message, thread_ts, offer.created_at, deps) if is_resumed else None
        if ts is not None:
            await deps.slack.update(channel, ts, message)
        ts = ts or await deps.slack.post(channel, message, thread_ts=thread_ts)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not show a preview: %s", error)
        return
    async with deps.database.transaction() as session:
        await deps.imports.offers.posted(session, job.workspace, offer.id, channel, ts)


async def _as_policy(job: OfferDocument, deps: Deps) -> None:
    """The checks of a policy, under a name that did not say so."""
    if job.file is None or job.heard is None or job.thread_ts is None:
        return
    loading = LoadPolicyFile(
        workspace=job.workspace,
        heard=job.heard,
        user=job.user,
        channel=job.channel,
        message_ts=job.message_ts,
        files=(job.file,),
        thread_ts=job.thread_ts,
        is_stranger=job.is_stranger,
    )
    async with deps.database.transaction() as session:
        await enqueue(session, loading, key=f"policy:{job.key}")


def _name(job: OfferDocument) -> str:
    return job.file.name if job.file is not None else job.url


HANDLERS = (
    Handler(OfferDocument, Lane.SLOW, offer_document, give_up_offer),
    Handler(OfferOpen311, Lane.SLOW, offer_open311, give_up_offer),
)
