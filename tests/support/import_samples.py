"""Samples of what an admin sees who adds components: the form, a preview, the choice, what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from bot.sandbox.town.described import town_document
from bot.slack.messages import Message, View
from bot.views.importing.choices import choices_modal
from bot.views.importing.form import add_modal
from bot.views.importing.outcome import (
    cancelled_message,
    imported_message,
    not_imported_message,
    too_old_message,
)
from bot.views.importing.preview import preview_message
from bot.views.importing.refusals import not_yours_message, refused_message
from services.components.importing import EntryState, ImportEntry, ImportPreview
from services.components.openapi.model import ApiDocument, ReadingOptions
from services.components.openapi.operations import read_document
from services.components.packs import PackFault
from services.components.refusals import DefinitionFaultCode
from services.imports.offers import Offer, OfferedEntry, OfferKind, OfferState
from services.imports.summaries import ImportSummary, summary_of
from tests.support import samples

OFFER = UUID("0c2f6c0a-5b1e-4a57-9a0e-6f1d2b3c4d07")
COOKIE = {"name": "session", "in": "cookie", "required": True, "schema": {"type": "string"}}


def document() -> ApiDocument:
    """The town's own document, with one operation that can't be imported."""
    whole = town_document("https://works.example.org")
    whole["paths"]["/session"] = {
        "get": {"tags": ["Works"], "parameters": [COOKIE], "responses": {"200": {"description": "Good."}}}
    }
    return read_document(json.dumps(whole).encode(), ReadingOptions())


def summary() -> ImportSummary:
    """What it would bring where one of its operations is there already, and one is another."""
    entries = []
    for number, operation in enumerate(document().operations):
        state = {0: EntryState.UNCHANGED, 1: EntryState.CHANGED}.get(number, EntryState.NEW)
        if operation.definition is None:
            state = EntryState.REFUSED
        kept = ("name",) if state is EntryState.UNCHANGED else ()
        entry = ImportEntry(
            operation, state, operation.key, kept=kept, refused=operation.refused, definition=operation.definition
        )
        entries.append(entry)
    return summary_of(ImportPreview(document(), tuple(entries), ()))


def offer(entries: tuple[OfferedEntry, ...], chosen: frozenset[int] = frozenset()) -> Offer:
    """An offer of these."""
    return Offer(
        id=OFFER,
        user="U0MARCO001",
        kind=OfferKind.OPENAPI,
        state=OfferState.OFFERED,
        about={},
        entries=entries,
        chosen=chosen,
        result={},
        channel="D0MARCO001",
        message_ts="1.1",
        created_at=samples.MADE_AT,
    )


RESULT = {
    "title": "Town API",
    "created": ["town.get_order", "town.create_order"],
    "updated": ["town.list_orders"],
    "unchanged": 1,
    "kept": ["town.list_orders"],
}
FAULT = PackFault(12, "components[0].key", DefinitionFaultCode.BAD_KEY, {}, "Bad Key")

SERVICES = tuple(
    OfferedEntry(id=code, key=code, name=name, tag="Roads", state="new", gate="")
    for code, name in (("pothole", "Pothole"), ("street_light", "Street light out"))
)

MESSAGES: Mapping[str, Message] = {
    "Preview of a document": preview_message(OFFER, OfferKind.OPENAPI, summary()),
    "Preview of an Open311 endpoint": preview_message(OFFER, OfferKind.OPEN311, summary(), 7),
    "Components were added": imported_message(OFFER, RESULT),
    "An import was cancelled": cancelled_message(OFFER),
    "A preview is too old": too_old_message(OFFER),
    "A document can't be imported": refused_message(OFFER, "town.json", "It is not an OpenAPI document."),
    "A pack has faults": refused_message(OFFER, "pack.yaml", "This pack has 1 fault.", [FAULT]),
    "A document can't be imported any more": not_imported_message(OFFER, "It is not an OpenAPI document."),
    "Not an admin": not_yours_message(OFFER),
}
VIEWS: Mapping[str, View] = {
    "Form to add components": add_modal("C0WORKS001"),
    "Services of an Open311 endpoint to choose from": choices_modal(
        replace(offer(SERVICES, frozenset({0})), kind=OfferKind.OPEN311), "", 1
    ),
    "Operations to choose from": choices_modal(offer(summary().entries, frozenset({2})), "", 1),
}
