"""Names of inputs and fields, taken apart into words: `crewId`, `crew_id` and `Crew-ID` are the same."""

from __future__ import annotations

import re
from functools import lru_cache

HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_WORD = re.compile(r"[^\W_]+")
_MAX_NAME = 200
_SAME = {"ids": "id", "uuid": "id", "guid": "id", "identifier": "id", "identifiers": "id"}
"""Words for one thing: what one API calls the uuid of a crew is what another calls its id."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as they stand."""
    return frozenset(text.split())


@lru_cache(maxsize=16_384)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a name in lower case and in the singular, with one word for all kinds of ids."""
    found = (word.lower() for word in _WORD.findall(HUMP.sub(" ", name[:_MAX_NAME])))
    return tuple(_SAME.get(word) or singular(word) for word in found)


def singular(word: str) -> str:
    """An English word in the singular, as far as its ending tells; others as they are."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 5 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def folded(words: tuple[str, ...]) -> str:
    """The words as one, by which names are compared."""
    return "".join(words)
