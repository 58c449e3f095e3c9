"""Components by what somebody typed: by all that is said of them, and where that is little, by close spellings."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from rapidfuzz import fuzz, process
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Component
from db.session import ReadSession
from services.components.service import SEARCH_WORDS, ComponentService, Fingerprint
from services.components.specs import ComponentSpec
from services.formats.text import search_words
from services.pages import Page

LITTLE = 3
"""With fewer components than this, words are looked for that are spelled alike."""

KNOWN_SECONDS = 10.0
"""For so long the words of all components are taken for what they are: it takes long to ask."""

_ALIKE = 74.0
"""Of 100: "hydrnt" is like "hydrant", and "road" is not like "load"."""

_SHORTEST = 4
"""A shorter word is like too many others."""


class _Spaced(dict[int, int]):
    """A space for what belongs to no word; faster than a pattern, where words are many."""

    def __missing__(self, code: int) -> int:
        self[code] = code if chr(code).isalnum() else ord(" ")
        return self[code]


_SPACED = _Spaced()


@dataclass(frozen=True, slots=True)
class FoundComponents:
    """A page of what was found. `read_as` are the words that were looked for instead of those typed."""

    page: Page[ComponentSpec]
    read_as: str = ""


class ComponentSearch:
    """Finds components of one workspace after the other, and remembers the words of the last one."""

    def __init__(self) -> None:
        self._components = ComponentService()
        self._read_at = 0.0
        self._known: tuple[UUID, Fingerprint, tuple[str, ...]] | None = None

    async def find(
        self,
        session: AsyncSession | ReadSession,
        workspace_id: UUID,
        text: str,
        *,
        page: int = 1,
        size: int = 10,
    ) -> FoundComponents:
        """One page, as ComponentService.list has it; each page of a search is one of the same list."""
        found = await self._components.list(session, workspace_id, search=text, page=page, size=size)
        words = search_words(text)[:SEARCH_WORDS]
        if not words or found.total >= LITTLE:
            return FoundComponents(found)
        closest = self._closest(words, await self._vocabulary(session, workspace_id))
        if not closest or closest == words:
            return FoundComponents(found)
        read_as = " ".join(closest)
        close = await self._components.list(session, workspace_id, search=read_as, page=page, size=size)
        return FoundComponents(close, read_as) if close.total > found.total else FoundComponents(found)

    async def _vocabulary(self, session: AsyncSession | ReadSession, workspace_id: UUID) -> tuple[str, ...]:
        """The words in the names, keys, categories and owners of a workspace's components."""
        time = asyncio.get_running_loop().time()
        if self._known is not None and self._known[0] == workspace_id and time - self._read_at < KNOWN_SECONDS:
            return self._known[2]
        self._read_at = time
        fingerprint = await self._components.fingerprint(session, workspace_id)
        if self._known is None or self._known[:2] != (workspace_id, fingerprint):
            # As one text: to be given ten thousand rows takes longer than to find the words in them.
            named = func.concat_ws(" ", Component.key, Component.name, Component.category, Component.owner_service)
            query = select(func.string_agg(named, "\n")).where(Component.workspace_id == workspace_id)
            text = (await session.scalar(query) or "").lower()
            self._known = (workspace_id, fingerprint, tuple(sorted(set(text.translate(_SPACED).split()))))
        return self._known[2]

    @staticmethod
    def _closest(words: Sequence[str], vocabulary: Sequence[str]) -> list[str]:
        """Each word as a component spells it; those that are like none are left out."""
        found = []
        for word in words:
            # They are in order: if one begins like this it stands where the word itself would.
            at = bisect_left(vocabulary, word)
            if at < len(vocabulary) and vocabulary[at].startswith(word):
                found.append(word)
            elif len(word) >= _SHORTEST and (
                best := process.extractOne(word, vocabulary, scorer=fuzz.ratio, score_cutoff=_ALIKE)
            ):
                found.append(best[0])
        return found
