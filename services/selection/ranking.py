"""Which of many components fit an issue best: BM25 over their names, descriptions, inputs and outputs.

Made for some thousands of components in memory. A word that most components have says little, which
PostgreSQL's own ranking does not know; and names like `crewId` are taken apart here as people read them.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from services.components.specs import ComponentSpec
from services.formats.text import search_words
from services.selection.names import HUMP, singular, word_set

MAX_TEXT = 40_000
"""Characters of a text that are looked at: as many as Slack lets a message have."""

_MAX_NAMES = 300
_SATURATION, _LENGTH = 1.2, 0.5
"""The constants of BM25: how soon more of the same word says no more, and how much long texts are held back."""

_STOP_WORDS = word_set(
    "a an and are as at be by can did do for from get has have he her his how i if in into is it its me my no "
    "not of off on or our out over she so than that the their them then there they this to up us was we were "
    "what when where which who will with you your"
)
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ing|ed)$")
_TWICE = re.compile(r"([b-df-hj-np-rtv-z])\1$")


@dataclass(frozen=True, slots=True)
class Document:
    """Something that can be found: its words, each with how much it counts there."""

    key: str
    weights: Mapping[str, float]


def document_of(spec: ComponentSpec) -> Document:
    """A component, by all that it says of itself; what it is called counts most."""
    weights: dict[str, float] = defaultdict(float)
    for text, weight in (
        (f"{spec.key} {spec.name}", 3.0),
        (spec.category, 2.0),
        (spec.description, 1.5),
        (" ".join(_names(spec)), 1.0),
    ):
        for term in terms(text):
            weights[term] += weight
    return Document(spec.key, dict(weights))


def terms(text: str) -> list[str]:
    """The words of a text as they are compared: without endings, and without the smallest ones."""
    words = search_words(HUMP.sub(" ", text[:MAX_TEXT]))
    return [_stem(word) for word in words if word not in _STOP_WORDS]


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    """A word without the commonest English endings; those of other languages stay as they are."""
    if not word.isascii():
        return word
    stem = _ENDING.sub("", singular(word))
    if len(stem) < len(word) - 1:
        stem = _TWICE.sub(r"\1", stem)
    return stem[:-1] if len(stem) > 3 and stem.endswith("e") else stem


def _names(spec: ComponentSpec) -> Iterator[str]:
    """The names of inputs and outputs, at most so many."""
    yield from (str(name) for names in (spec.path_params, spec.query_params) for name in names)
    waiting: list[Any] = [spec.request_schema, spec.response_schema]
    for part in waiting:
        if len(waiting) > _MAX_NAMES:
            return
        if isinstance(part, Mapping):
            properties = part.get("properties")
            members = properties if isinstance(properties, Mapping) else {}
            yield from map(str, members)
            waiting += (*members.values(), part.get("items"))


class Ranking:
    """Documents that can be ranked for any text."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._keys: list[str] = []
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        lengths: list[float] = []
        for number, document in enumerate(sorted(documents, key=lambda each: each.key)):
            self._keys.append(document.key)
            lengths.append(sum(document.weights.values()))
            for term, weight in document.weights.items():
                self._postings[term].append((number, weight))
        average = sum(lengths) / len(lengths) if lengths else 1.0
        self._held_back = [_SATURATION * (1 - _LENGTH + _LENGTH * length / (average or 1.0)) for length in lengths]

    def scores(self, text: str) -> dict[str, float]:
        """How well each document fits that has a word in common with the text; more is better."""
        found: dict[int, float] = defaultdict(float)
        for term, times in Counter(terms(text)).items():
            postings = self._postings.get(term, ())
            count = len(postings)
            rarity = math.log(1 + (len(self._keys) - count + 0.5) / (count + 0.5)) * (1 + math.log(times))
            for number, weight in postings:
                found[number] += rarity * weight * (_SATURATION + 1) / (weight + self._held_back[number])
        return {self._keys[number]: score for number, score in found.items()}

    def best(self, text: str, limit: int) -> list[str]:
        """The keys of those that fit, the best first, and then by key of those that do not, up to `limit`."""
        scores = self.scores(text)
        fitting = heapq.nsmallest(limit, scores, key=lambda key: (-scores[key], key))
        others = (key for key in self._keys if key not in scores)
        return [*fitting, *(key for key, _ in zip(others, range(limit - len(fitting)), strict=False))]


def first_of(*lists: Sequence[str], limit: int) -> list[str]:
    """The first `limit` keys of the lists one after the other, each key once."""
    return list(dict.fromkeys(key for each in lists for key in each))[:limit]
