"""What can be chosen of an offer, in pages of one modal each: by tag, or by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from services.imports.offers import OfferedEntry

MOST_OPERATIONS = 100
MOST_GROUPS = 40
"""Check boxes come in groups of ten at most, each a block of a modal that holds a hundred."""

IN_A_GROUP = 10


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    """Entries of one tag, ten at most, by their numbers."""

    tag: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ChoicePage:
    """One page, from 1, of `pages`; `found` is how many entries there are on all of them."""

    page: int
    pages: int
    found: int
    groups: tuple[ChoiceGroup, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all entries on it."""
        return tuple(number for group in self.groups for number in group.numbers)


def choice_page(entries: Sequence[OfferedEntry], search: str, page: int) -> ChoicePage:
    """One page of those entries that can be chosen and have every word of `search`; past the end, the last."""
    words = search.lower().split()
    fitting = [
        number
        for number, entry in enumerate(entries)
        if entry.is_choosable and all(word in _text(entry) for word in words)
    ]
    pages: list[list[ChoiceGroup]] = [[]]
    left = MOST_OPERATIONS
    for group in _groups(entries, fitting):
        if len(pages[-1]) >= MOST_GROUPS or len(group.numbers) > left:
            pages.append([])
            left = MOST_OPERATIONS
        pages[-1].append(group)
        left -= len(group.numbers)
    number = max(1, min(page, len(pages)))
    return ChoicePage(number, len(pages), len(fitting), tuple(pages[number - 1]))


def _groups(entries: Sequence[OfferedEntry], numbers: Sequence[int]) -> list[ChoiceGroup]:
    order = {tag: place for place, tag in enumerate(dict.fromkeys(entries[each].tag for each in numbers))}
    by_tag = sorted(numbers, key=lambda each: order[entries[each].tag])
    groups = []
    for tag, members in groupby(by_tag, key=lambda each: entries[each].tag):
        own = tuple(members)
        groups += [ChoiceGroup(tag, own[at : at + IN_A_GROUP]) for at in range(0, len(own), IN_A_GROUP)]
    return groups


def _text(entry: OfferedEntry) -> str:
    return f"{entry.name} {entry.id} {entry.key} {entry.tag}".lower()
