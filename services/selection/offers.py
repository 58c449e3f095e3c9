"""OfferService: the components that the selector is shown for an issue."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.components.service import ComponentService, Fingerprint
from services.components.specs import ComponentSpec
from services.selection.closure import Closure
from services.selection.ranking import Document, Ranking, document_of, first_of
from services.selection.traits import Traits, traits_of

logger = logging.getLogger("mudda.selection")

SELECTION_LIMIT = 200
"""How many components the selector is shown at most."""

KEPT_FREE = 20
"""So many of them are what the others need, at most."""

MAX_USED = 40
"""So many of them are there for having been of use before, at most."""

_MAX_WORKSPACES = 32
_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Offer:
    """What the selector may choose from, out of `total` active components."""

    specs: tuple[ComponentSpec, ...]
    total: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is kept in memory of a component, as it was at `updated_at`."""

    updated_at: datetime
    document: Document
    traits: Traits


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """What is kept in memory of a workspace's components, as they were at `fingerprint`."""

    fingerprint: Fingerprint
    entries: Mapping[str, _Entry]
    ranking: Ranking
    closure: Closure


class OfferService:
    """Offers by workspace. Of those with many components it remembers their words, until these change."""

    def __init__(self, components: ComponentService) -> None:
        self._components = components
        self._catalogues: dict[UUID, _Catalogue] = {}

    async def offer(
        self,
        session: AsyncSession,
        workspace_id: UUID,
        issue_text: str,
        *,
        used: Sequence[str] = (),
        limit: int = SELECTION_LIMIT,
    ) -> Offer:
        """The active components to choose from: all of them, or the `limit` best.

        `used` are the keys of what plans for similar issues used: these come first. What the best of them need
        is among them, as far as schemas tell.
        """
        fingerprint = await self._components.fingerprint(session, workspace_id)
        total = fingerprint.active
        if total <= limit:
            return Offer(await self._components.all_active(session, workspace_id), total)
        catalogue = await self._catalogue(session, workspace_id, fingerprint)
        known = [key for key in used if key in catalogue.entries][:MAX_USED]
        ranked = first_of(known, catalogue.ranking.best(issue_text, limit), limit=limit)
        free = min(KEPT_FREE, limit // 10)
        keys = first_of(catalogue.closure.close(ranked[: limit - free], free), ranked, limit=limit)
        found = await self._components.by_keys(session, workspace_id, keys)
        logger.info(
            "The selector is shown %d of %d active components; %d of them for what they were used for before.",
            len(keys),
            total,
            len(known),
            extra={"action": "components_cut", "workspace": str(workspace_id)},
        )
        return Offer(tuple(found[key] for key in keys if key in found and found[key].active), total)

    async def _catalogue(self, session: AsyncSession, workspace_id: UUID, fingerprint: Fingerprint) -> _Catalogue:
        """What is remembered of the workspace, or that brought up to date."""
        known = self._catalogues.pop(workspace_id, None)
        if known is None or known.fingerprint != fingerprint:
            entries = await self._entries(session, workspace_id, known.entries if known else {})
            known = await asyncio.to_thread(_catalogued, fingerprint, entries)
        # The last that was asked for is the last to be forgotten.
        self._catalogues[workspace_id] = known
        while len(self._catalogues) > _MAX_WORKSPACES:
            del self._catalogues[next(iter(self._catalogues))]
        return known

    async def _entries(
        self, session: AsyncSession, workspace_id: UUID, known: Mapping[str, _Entry]
    ) -> Mapping[str, _Entry]:
        """An entry for each active component: those that have not changed as they are, the others made anew."""
        times = await self._components.active_keys(session, workspace_id)
        entries = {key: known[key] for key, at in times.items() if key in known and known[key].updated_at == at}
        changed = [key for key in times if key not in entries]
        for start in range(0, len(changed), _CHUNK):
            specs = await self._components.by_keys(session, workspace_id, changed[start : start + _CHUNK])
            # Other work goes on meanwhile: schemas of thousands of components take a second or two.
            entries |= await asyncio.to_thread(_made, specs, times)
        return entries


def _made(specs: Mapping[str, ComponentSpec], times: Mapping[str, datetime]) -> dict[str, _Entry]:
    return {key: _Entry(times[key], document_of(spec), traits_of(spec)) for key, spec in specs.items()}


def _catalogued(fingerprint: Fingerprint, entries: Mapping[str, _Entry]) -> _Catalogue:
    ranking = Ranking(entry.document for entry in entries.values())
    return _Catalogue(fingerprint, entries, ranking, Closure(entry.traits for entry in entries.values()))
