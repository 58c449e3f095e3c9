"""What is posted: the text, its blocks, and the metadata that it is found again by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
