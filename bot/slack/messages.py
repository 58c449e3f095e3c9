"""What is posted: the text, its blocks, and the metadata that it is found again by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

Block = dict[str, Any]

Element = dict[str, Any]

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: blocks, the text beside them for notifications and screen readers, and metadata.

    `entities` are Slack's work objects that it shows, where a workspace has them.
    """

    text: str
    blocks: list[Block]
    metadata: dict[str, Any] | None = None
    entities: tuple[dict[str, Any], ...] = ()

    @property
    def sent_metadata(self) -> dict[str, Any] | None:
        """The metadata with the entities in it, as Slack takes them."""
        return {**(self.metadata or {}), "entities": list(self.entities)} if self.entities else self.metadata


def as_json(document: Any) -> bytes:
    """JSON in UTF-8, as Slack is sent it: of each card twice, once to see whether it fits."""
    try:
        return to_json(document)  # takes a fifth of the time
    except PydanticSerializationError:
        # Half a surrogate pair is nothing that UTF-8 can hold, and is escaped.
        return json.dumps(document, separators=(",", ":")).encode()
