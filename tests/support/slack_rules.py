"""What every message and view must be, whoever drew it: within Slack's limits, and deaf to foreign text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View as SdkView

from bot.languages import LANGUAGES, language_of
from bot.sandbox.slack.limits import check_message_blocks, check_metadata, check_view
from bot.slack.messages import Message
from bot.views.kit.blocks import MESSAGE_SIZE, size
from tests.support import samples

HARMFUL = [
    samples.HOSTILE,
    *(script * (40_000 // len(script)) for script in samples.SCRIPTS),
    *("<" * 40_000, "&" * 40_000, '"' * 40_000, "\\" * 40_000, "字" * 40_000, "🚰" * 20_000, "a" * 40_000),
    *("", " ", "\n\n\n", "\x00", "\ud800", "\u202e", "{{s1.x}}", "{{" * 20_000, "```", ">>> quoted", "@channel"),
]


_LABELS = "|".join(
    re.escape(language_of(code).translations.gettext(label).removeprefix("<{link}|").removesuffix(">"))
    for code in LANGUAGES
    for label in ("<{link}|Open the card>", "The message")
)
_PERMALINK = rf"<https://[a-z.]+/archives/C[A-Z0-9]+/p[0-9]+\|({_LABELS}|#[0-9]+)>"
_OURS = re.compile(rf"<@[UW][A-Z0-9]+>|<#C[A-Z0-9]+>|<!date\^[0-9]+\^[^<>|]+\|[^<>|]+>|{_PERMALINK}")


def check_message(message: Message) -> None:
    """Raise or fail unless Slack would take the message, to post it and to update one with it."""
    assert len(message.text) > 0
    assert len(message.text.encode()) < 4_000
    check_message_blocks(message.blocks)
    if message.metadata is not None:
        check_metadata(message.metadata)
    assert size(message.blocks) <= MESSAGE_SIZE
    ids = [block["block_id"] for block in message.blocks]
    assert len(set(ids)) == len(ids)
    _check_by_sdk(message.blocks)
    check_is_deaf(message.text, message.blocks)


def _check_by_sdk(blocks: list[dict[str, Any]]) -> None:
    for block in blocks:
        # Their ids are new with whatever changes about a message, and checked above.
        _takes(json.dumps({name: member for name, member in block.items() if name != "block_id"}))


@lru_cache(maxsize=1_000)
def _takes(written: str) -> None:
    """Fail unless Slack's SDK would send the block; a block that stands in many messages is looked at once."""
    block = SdkBlock.parse(json.loads(written))
    assert block is not None
    block.validate_json()
    block.to_dict()


def check_modal(view: dict[str, Any]) -> None:
    """Raise or fail unless Slack would open the view."""
    check_view(view, surface="modal")
    SdkView(**{**view, "blocks": view["blocks"][:1]}).to_dict()
    _check_by_sdk(view["blocks"])
    check_is_deaf("", view["blocks"])


def check_is_deaf(text: str, blocks: list[dict[str, Any]]) -> None:
    """Fail if anything is parsed but what we write ourselves: people and channels by id, dates, cards' links."""
    for string in [text, *parsed(blocks)]:
        rest = _OURS.sub("", string)
        assert "<" not in rest
        assert ">" not in rest
    json.dumps(blocks, ensure_ascii=False).encode()  # no lone surrogates


def parsed(value: Any) -> Iterator[str]:
    """The strings that Slack parses."""
    if isinstance(value, list):
        for item in value:
            yield from parsed(item)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for item in value.values():
            yield from parsed(item)


def words(value: Any) -> str:
    """All that a reader sees, one string a line, with entities read where Slack reads them."""
    return "\n".join(_words(value))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("text", "title", "fallback", "user_id", "channel_id") and isinstance(item, str):
                yield html.unescape(item) if value.get("type") == "mrkdwn" else item
            elif not isinstance(item, str):
                yield from _words(item)


def buttons(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The buttons of a message, in order."""
    rows = (block["elements"] for block in blocks if block["type"] == "actions")
    return [element for row in rows for element in row if element["type"] == "button"]


def labels(blocks: list[dict[str, Any]]) -> list[str]:
    """The labels of the buttons."""
    return [button["text"]["text"] for button in buttons(blocks)]


def tasks(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks of the message's plan block."""
    found: list[dict[str, Any]] = next(block for block in blocks if block["type"] == "plan")["tasks"]
    return found
