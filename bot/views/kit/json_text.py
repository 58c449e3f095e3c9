"""A value as people can check it, word for word: indented JSON, or a text as it is; whole where there is room."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.messages import Block
from bot.views.kit import blocks as kit
from bot.views.kit.text import clean, clip, fits, parts

MAX_PART_CHARACTERS = 2_900
"""Of a block (Slack: 3,000)."""

_DEEPEST = 100
_DEEPER = ("{…}", "[…]")
_HIDDEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would be taken out of a text, or change the look of it: in JSON it can be written as what it is."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, written out, and whether that is all of it."""

    text: str
    is_whole: bool


def json_text(value: Any, limit: int) -> Shown:
    """A value as indented JSON, a text as it is, of at most `limit` in weight; no more of it is written."""
    if isinstance(value, str):
        return Shown(clip(value, limit), fits(value, limit))
    written, length, is_deeper = [], 0, False
    for part in _json(value, "\n", _DEEPEST, limit):
        written.append(part)
        length += len(part)
        is_deeper = is_deeper or part in _DEEPER
        if length > limit:
            break
    text = "".join(written)
    return Shown(clip(text, limit), fits(text, limit) and not is_deeper)


class Room:
    """What is left of a view, in blocks and in bytes of JSON, and whether it was too little for something."""

    def __init__(self, *, blocks: int, size: int) -> None:
        self.blocks = blocks
        self.size = size
        self.is_short = False

    def boxes(self, label: str, value: Any) -> list[Block]:
        """A value in boxes under its label, as many as it takes and there is room for."""
        shown = json_text(value, max(self.size, 1))
        self.is_short = self.is_short or not shown.is_whole
        drawn: list[Block] = []
        for part in parts(shown.text, MAX_PART_CHARACTERS) if clean(shown.text) else (kit.EMPTY,):
            head = [] if drawn else [kit.paragraph(kit.span(label, bold=True))]
            block = kit.rich_text(*head, kit.preformatted(part))
            # With escapes for all that is not ASCII, as the SDK may send it.
            size = len(json.dumps(block)) + len(", ")
            if not self.blocks or size > self.size:
                self.is_short = True
                break
            drawn.append(block)
            self.blocks -= 1
            self.size -= size
        return drawn


def _json(value: Any, line: str, depth: int, longest: int) -> Iterator[str]:
    """The parts of indented JSON, as they are needed: an answer may be a megabyte, and nested without end."""
    if not isinstance(value, (Mapping, list)):
        yield _plain(value[: 2 * longest] if isinstance(value, str) else value)
        return
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    if not value or not depth:
        yield f"{opening}{'…' if value else ''}{closing}"
        return
    inner = f"{line}  "
    before = opening
    for item in value.items() if isinstance(value, Mapping) else enumerate(value):
        name = f"{_plain(str(item[0])[:longest])}: " if isinstance(value, Mapping) else ""
        yield f"{before}{inner}{name}"
        yield from _json(item[1], inner, depth - 1, longest)
        before = ","
    yield f"{line}{closing}"


def _plain(value: Any) -> str:
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
