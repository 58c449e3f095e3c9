"""The words of a text that somebody wrote, to search with."""

from __future__ import annotations

import unicodedata

# PostgreSQL refuses a word of more than 2,046 bytes; nothing longer than this is one.
MAX_WORD = 64


def words(text: str) -> list[str]:
    """The words of a text in any script, in lower case: letters, marks and digits, and nothing else.

    So none of them can mean anything to a query language, or be what PostgreSQL can't store.
    """
    spaced = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in text)
    return [word[:MAX_WORD] for word in spaced.lower().split()]
