"""DocumentImports: documents fetched under the address rules, read apart from the event loop, and imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.session import ReadSession
from services import audit
from services.components.definitions import ComponentDefinition
from services.components.importing import ImportPreview, ImportService
from services.components.openapi.apart import DocumentReader
from services.components.openapi.model import ApiDocument, ReadingOptions
from services.components.openapi.reading import MAX_JSON_BYTES
from services.components.service import ComponentService, ComponentSnapshot
from services.connectors.documents import fetch_document, refused_origins
from services.errors import NotFound
from services.imports.offers import ImportOffers, Offer, OfferKind

_TOP_LEVEL = re.compile(rb"^(openapi|swagger|components|checks)[ \t]*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """An OpenAPI document as it was read, and those of its addresses that must not be called, with why."""

    document: ApiDocument
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DocumentImports:
    """What it takes to import documents; `allowed_hosts` may have addresses that are refused otherwise."""

    allowed_hosts: frozenset[str] = frozenset()
    offers: ImportOffers = field(default_factory=ImportOffers)
    _reader: DocumentReader = field(default_factory=DocumentReader)
    _importing: ImportService = field(default_factory=ImportService)
    _components: ComponentService = field(default_factory=ComponentService)

    async def fetch(self, url: str) -> bytes:
        """The bytes at a URL. Raises CallError."""
        return await fetch_document(url, allowed_hosts=self.allowed_hosts, limit=MAX_JSON_BYTES)

    async def read(self, source: bytes, where: str) -> ReadDocument:
        """What an OpenAPI document says; `where` is its URL, if it has one. Raises DocumentRefused."""
        document = await self._reader.read(source, ReadingOptions(where=where))
        return ReadDocument(document, await refused_origins(document.origins, allowed_hosts=self.allowed_hosts))

    async def preview(
        self, session: AsyncSession | ReadSession, workspace_id: UUID, read: ReadDocument
    ) -> ImportPreview:
        """What importing a document would do."""
        return await self._importing.preview(session, workspace_id, read.document, refused_origins=read.refused)

    async def stored(
        self, session: AsyncSession, workspace_id: UUID, definitions: tuple[ComponentDefinition, ...]
    ) -> Mapping[str, ComponentSnapshot]:
        """The components that have the keys of those of a pack already."""
        found = {}
        for definition in definitions:
            try:
                found[definition.key] = await self._components.get(session, workspace_id, definition.key)
            except NotFound:
                continue
        return found

    async def import_document(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        offer: Offer,
        read: ReadDocument,
        chosen: frozenset[str],
        actor: audit.Actor,
    ) -> Mapping[str, Any]:
        """Import the chosen operations of a claimed offer, and note what came of it."""
        done = await self._importing.carry_out(
            session, workspace_id, read.document, chosen=chosen, refused_origins=read.refused, actor=actor
        )
        result = {
            "title": read.document.title,
            "created": list(done.created),
            "updated": list(done.updated),
            "unchanged": len(done.unchanged),
            "kept": sorted(done.kept),
        }
        await self.offers.imported(session, workspace_id, offer.id, result)
        return result

    async def import_pack(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        offer: Offer,
        definitions: tuple[ComponentDefinition, ...],
        chosen: frozenset[str],
        actor: audit.Actor,
    ) -> Mapping[str, Any]:
        """The same for components of a pack."""
        wanted = [definition for definition in definitions if definition.key in chosen]
        done = await self._components.load(session, workspace_id, wanted)
        title = str(offer.about.get("name", ""))
        result = {
            "title": title,
            "created": list(done.created),
            "updated": list(done.updated),
            "unchanged": len(done.unchanged),
            "kept": [],
        }
        await self.offers.imported(session, workspace_id, offer.id, result)
        if done.created or done.updated:
            facts = {"title": title, "created": result["created"], "updated": result["updated"]}
            await audit.record(
                session, workspace_id, subject=workspace_id, actor=actor, action="components.imported", **facts
            )
        return result


def kind_of(name: str, source: bytes) -> OfferKind | None:
    """What a file that somebody sent is; None: checks of a policy. What is nothing known is refused when read."""
    if name.lower().endswith(".json") or source.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return OfferKind.OPENAPI
    members = {match[1] for match in _TOP_LEVEL.finditer(source)}
    if members & {b"openapi", b"swagger"}:
        return OfferKind.OPENAPI
    if b"components" in members:
        return OfferKind.PACK
    return None if b"checks" in members else OfferKind.OPENAPI
