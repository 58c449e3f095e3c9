"""A component's definition as JSON, member by member: so it goes from one process to another, and into PostgreSQL.

Most of it are schemas that nobody looks at on the way. To read a thousand of them, and to write them again, would
take longer than all else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

LARGE = ("path_params", "query_params", "headers", "request_schema", "response_schema")
"""The members that are schemas, or made of them."""


class WrittenDefinition(Mapping[str, Any]):
    """The members of a ComponentDefinition as JSON. Each is read when it is asked for, and every time it is.

    `texts` are as `text_of` writes them, `digests` tell whether two members are the same.
    """

    __slots__ = ("digests", "texts")

    def __init__(self, texts: Mapping[str, str], digests: Mapping[str, str]) -> None:
        self.texts = texts
        self.digests = digests

    def __getitem__(self, name: str) -> Any:
        return json.loads(self.texts[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    def under(self, key: str) -> WrittenDefinition:
        """The same under a key."""
        return WrittenDefinition({**self.texts, "key": json.dumps(key)}, self.digests)


def written(members: Mapping[str, Any], texts: Mapping[str, str] | None = None) -> WrittenDefinition:
    """A definition as it is written; some members as they have been written already, as `text_of` does."""
    known = texts or {}
    made = {name: known[name] if name in known else text_of(value) for name, value in members.items()}
    return WrittenDefinition(made, {name: digest_of(text) for name, text in made.items()})


def text_of(value: Any) -> str:
    """A value as JSON, its members in order: the same value is the same text."""
    return _ENCODER.encode(value)


def digest_of(text: str) -> str:
    """What tells one text from others (64 bits of SHA-256)."""
    return _known_digest(text) if len(text) <= _SHORT else _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_known_digest = lru_cache(maxsize=1024)(_digest)

# json.dumps makes one for each value, which takes longer than most values do.
_ENCODER = json.JSONEncoder(sort_keys=True)
_SHORT = 200
