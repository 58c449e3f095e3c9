"""What was chosen of a preview is imported, once and in one transaction; the preview becomes what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.admins import is_admin
from bot.deps import Deps
from bot.errors import RateLimited, SlackError, SlackUnavailable
from bot.jobs.registry import Handler, Lane
from bot.languages import speaking
from bot.readers import language_for
from bot.slack.messages import Message
from bot.views.importing.choices import choices_modal
from bot.views.importing.outcome import (
    cancelled_message,
    imported_message,
    not_imported_message,
    too_old_message,
)
from bot.views.importing.refusals import document_problem, not_yours_message
from bot.views.private.notes import Note
from db.queue import enqueue
from services.components.openapi.model import DocumentRefused
from services.components.packs import PackFaults, parse_pack
from services.components.service import ComponentService
from services.connectors.errors import CallError
from services.imports.offers import Offer, OfferGone, OfferKind, OfferState, with_page
from services.jobs import CloseOffer, ImportOffered, Tell, TurnChoices
from services.open311.client import GeoReportClient
from services.open311.model import Open311Refused, Source
from services.open311.service import Open311Service

logger = logging.getLogger("mudda.imports")


async def import_offered(job: ImportOffered, deps: Deps) -> None:
    """Import what was chosen, unless that is done or too late, and show what came of it in the preview's place."""
    offer = await _offer(job, deps)
    if offer is None or not offer.is_open(deps.now()):
        await _show(job, offer, deps)
        return
    problem = None
    if await is_admin(job.user, deps):
        try:
            await _import(job, offer, deps)
        except OfferGone:
            logger.info("An offer was imported or ended meanwhile")
        except (DocumentRefused, CallError, Open311Refused, PackFaults) as error:
            problem = error
    else:
        await _show(job, offer, deps, not_yours_message(offer.id))
        return
    if problem is None:
        await _show(job, await _offer(job, deps), deps)
        return
    with speaking(await language_for(job.user, deps)):
        message = not_imported_message(offer.id, document_problem(problem))
    await _show(job, offer, deps, message)


async def give_up_import(job: ImportOffered | CloseOffer | TurnChoices, deps: Deps) -> None:
    """Nothing was changed, for a reason of ours; the preview is as it was."""
    async with deps.database.reading() as session:
        try:
            offer = await deps.imports.offers.get(session, job.workspace, job.target, job.user)
        except OfferGone:
            return
    words = Tell(workspace=job.workspace, channel=offer.channel or job.channel, user=job.user, note=Note.BUSY)
    async with deps.database.transaction() as session:
        await enqueue(session, words, key=f"tell:{job.key}:given_up")


async def close_offer(job: CloseOffer, deps: Deps) -> None:
    """Show an offer as it is now, ended if it was cancelled."""
    offer = await _offer(job, deps)
    if offer is not None and offer.is_open(deps.now()):
        if not job.cancels:
            return
        async with deps.database.transaction() as session:
            await deps.imports.offers.cancel(session, job.workspace, job.target)
        offer = await _offer(job, deps)
    await _show(job, offer, deps)


async def turn_choices(job: TurnChoices, deps: Deps) -> None:
    """Keep what is ticked, and show the page that is wanted in the open modal."""
    try:
        async with deps.database.transaction() as session:
            await deps.imports.offers.get(session, job.workspace, job.target, job.user)
            offer = await deps.imports.offers.choose(session, job.workspace, job.target, job.shown, job.ticked)
    except OfferGone:
        return
    with speaking(await language_for(job.user, deps)):
        view = choices_modal(offer, job.search, job.page)
    try:
        await deps.slack.update_view(job.view, view)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not turn a page: %s", error)


async def _import(job: ImportOffered, offer: Offer, deps: Deps) -> None:
    """Read what was offered once more, and import it in the transaction that ends the offer."""
    wanted = _wanted(job, offer)
    imports, workspace, actor = deps.imports, job.workspace, job.actor
    if offer.kind is OfferKind.OPEN311:
        source = Source.from_dict(offer.about["source"])
        if job.choice == "chosen":
            source = replace(source, only=tuple(sorted(wanted)))
        town = await GeoReportClient(deps.connector).read(source)
        async with deps.database.transaction() as session:
            await imports.offers.claim(session, workspace, offer.id, deps.now())
            change = await Open311Service(ComponentService()).add(
                session, workspace, source, town, actor, deps.now()
            )
            result = {
                "title": str(offer.about["name"]),
                "created": list(change.created),
                "updated": list(change.updated),
                "unchanged": len(change.unchanged),
                "kept": [],
            }
            await imports.offers.imported(session, workspace, offer.id, result)
        return
    async with deps.database.reading() as session:
        document = await imports.offers.document(session, workspace, offer.id)
    if offer.kind is OfferKind.PACK:
        definitions = await asyncio.to_thread(parse_pack, document)
        async with deps.database.transaction() as session:
            claimed = await imports.offers.claim(session, workspace, offer.id, deps.now())
            await imports.import_pack(session, workspace, claimed, definitions, wanted, actor)
        return
    read = await imports.read(document, str(offer.about["where"]))
    async with deps.database.transaction() as session:
        claimed = await imports.offers.claim(session, workspace, offer.id, deps.now())
        await imports.import_document(session, workspace, claimed, read, wanted, actor)


def _wanted(job: ImportOffered, offer: Offer) -> frozenset[str]:
    if job.choice == "chosen":
        return offer.ids(with_page(offer.chosen, job.shown, job.ticked))
    return frozenset(entry.id for entry in offer.entries if entry.state == job.choice and entry.is_active)


async def _offer(job: ImportOffered | CloseOffer, deps: Deps) -> Offer | None:
    async with deps.database.reading() as session:
        try:
            return await deps.imports.offers.get(session, job.workspace, job.target, job.user)
        except OfferGone:
            return None


async def _show(
    job: ImportOffered | CloseOffer, offer: Offer | None, deps: Deps, message: Message | None = None
) -> None:
    """Redraw the message with the preview.

    Where its offer is forgotten, or where it is has not been noted yet, that is the one that was pressed.
    """
    is_noted = offer is not None and offer.message_ts is not None
    channel, ts = (offer.channel, offer.message_ts) if offer and is_noted else (job.channel, job.message_ts)
    if not channel or not ts:
        return
    if message is None:
        with speaking(await language_for(job.user, deps)):
            message = _as_it_is(job, offer)
    try:
        await deps.slack.update(channel, ts, message)
    except (RateLimited, SlackUnavailable):
        raise
    except SlackError as error:
        logger.info("Could not say what became of an import: %s", error)


def _as_it_is(job: ImportOffered | CloseOffer, offer: Offer | None) -> Message:
    if offer is None:
        return too_old_message(job.target)
    result: Mapping[str, Any] = offer.result
    match offer.state:
        case OfferState.IMPORTED:
            return imported_message(offer.id, result)
        case OfferState.CANCELLED:
            return cancelled_message(offer.id)
    return too_old_message(offer.id)


HANDLERS = (
    Handler(ImportOffered, Lane.SLOW, import_offered, give_up_import),
    Handler(CloseOffer, Lane.QUICK, close_offer, give_up_import),
    Handler(TurnChoices, Lane.QUICK, turn_choices, give_up_import),
)
