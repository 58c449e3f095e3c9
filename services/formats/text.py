"""Text that somebody wrote: cut so that it can be kept and shown, and taken apart into words to search with."""

from __future__ import annotations

import re
import unicodedata

MAX_TEXT_CHARACTERS = 200
"""Characters of a text that a fault keeps."""

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


# PostgreSQL refuses a word of more than 2,046 bytes; nothing longer than this is one.
MAX_WORD_CHARACTERS = 64


def search_words(text: str) -> list[str]:
    """The words of a text in any script, in lower case: letters, marks and digits, and nothing else.

    So none of them can mean anything to a query language, or be what PostgreSQL can't store.
    """
    spaced = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in text)
    return [word[:MAX_WORD_CHARACTERS] for word in spaced.lower().split()]


def clip(text: str, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """The text without control characters, cut at `limit` characters with an ellipsis after them."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return UNPRINTABLE.sub("\ufffd", cut)
