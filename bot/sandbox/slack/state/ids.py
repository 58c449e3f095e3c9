"""Ids as Slack makes them, and the ids that it gives to blocks and elements which come without."""

from __future__ import annotations

import random
import string

from bot.sandbox.slack.state.model import Blocks, Json

_ID = string.ascii_uppercase + string.digits
_WORD = string.ascii_letters + string.digits
_INTERACTIVE_KEYS = ("elements", "actions")


def new_id(prefix: str, source: random.Random) -> str:
    """An id of eleven characters that starts with `prefix`."""
    return prefix + "".join(source.choices(_ID, k=11 - len(prefix)))


def with_ids(blocks: Blocks, source: random.Random) -> Blocks:
    """The blocks, each with a block_id and each interactive element with an action_id.

    What came without gets one, in a copy: the caller's blocks stay as they are.
    """
    return [_block_with_ids(block, source) for block in blocks]


def _word(source: random.Random) -> str:
    return "".join(source.choices(_WORD, k=5))


def _block_with_ids(block: Json, source: random.Random) -> Json:
    filled = {**block}
    if not filled.get("block_id"):
        filled["block_id"] = _word(source)
    for key in ("accessory", "element"):
        if isinstance(filled.get(key), dict):
            filled[key] = _element_with_id(filled[key], source)
    if block["type"] in ("actions", "context_actions", "card"):
        for key in _INTERACTIVE_KEYS:
            if key in filled:
                filled[key] = [_element_with_id(element, source) for element in filled[key]]
    if block["type"] in ("carousel", "container"):
        key = "elements" if block["type"] == "carousel" else "child_blocks"
        filled[key] = [_block_with_ids(child, source) for child in filled[key]]
    return filled


def _element_with_id(element: Json, source: random.Random) -> Json:
    if element.get("action_id") or element["type"] == "image":
        return element
    return {**element, "action_id": _word(source)}
