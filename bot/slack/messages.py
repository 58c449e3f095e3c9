"""What is posted: the text, its blocks, and the metadata that it is found again by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]

Element = dict[str, Any]

View = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: blocks, the text beside them for notifications and screen readers, and metadata."""

    text: str
    blocks: list[Block]
    metadata: dict[str, Any] | None = None
