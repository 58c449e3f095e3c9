"""Slack's limits on messages and views, enforced with Slack's error words.

Pure functions. Each either returns or raises `SlackError`, whose `messages` are what Slack puts into
`response_metadata.messages`. Where Slack publishes no number, a comment says where ours comes from.
"""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.limits.blocks import HOME, MARKDOWN_TEXT, MESSAGE, MODAL, check_block
from bot.sandbox.slack.limits.checker import Problems
from bot.sandbox.slack.limits.elements import ID
from bot.sandbox.slack.limits.entities import check_entities
from bot.sandbox.slack.limits.tables import text_length
from bot.sandbox.slack.state.model import Blocks, Json

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ATTACHMENTS = 100
TEXT = 40_000
UPDATE_TEXT = 4_000
# Not published. bolt-js#2509 measured 13,297 characters of markdown, a little less with more blocks; the
# accepted and refused messages of bolt-js#2867 fit if each block costs about 45 characters on top.
MESSAGE_CHARACTERS = 13_200
CHARACTERS_PER_BLOCK = 45
# Not published either: small enough that metadata holds ids and no documents.
METADATA_CHARACTERS = 8_000
VIEW_TITLE = 24
PRIVATE_METADATA = 3_000
VIEW_BYTES = 250_000


def message_characters(blocks: Blocks) -> int:
    """What Slack counts for msg_blocks_too_long: all text, and something for each block."""
    return text_length(blocks) + CHARACTERS_PER_BLOCK * len(blocks)


def check_message_blocks(blocks: Any) -> Blocks:
    """Check the blocks of a message and return them.

    Raises invalid_blocks_format, invalid_blocks or msg_blocks_too_long.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    problems = Problems()
    _check_list(problems, blocks, "/blocks", MESSAGE, MESSAGE_BLOCKS)
    kinds = [block.get("type") for block in blocks if isinstance(block, dict)]
    if "plan" in kinds and "task_card" in kinds:
        problems.add("/blocks", "plan and task_card are mutually exclusive")
    if kinds.count("table") > 1:
        problems.add("/blocks", "only_one_table_allowed")
    if sum(len(str(block.get("text", ""))) for block in _of_type(blocks, "markdown")) > MARKDOWN_TEXT:
        problems.add("/blocks", f"markdown must be less than {MARKDOWN_TEXT + 1} characters in all")
    if problems.messages:
        raise SlackError("invalid_blocks", messages=problems.messages)
    if message_characters(blocks) > MESSAGE_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return blocks


def check_metadata(metadata: Any) -> Json:
    """Check a message's metadata and return it; `{}` stands for none."""
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if not metadata:
        return {}
    if "entities" in metadata:
        check_entities(metadata["entities"])
    known = metadata.keys() <= {"event_type", "event_payload", "entities"}
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not known or not isinstance(event_type, str) or not event_type or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata, ensure_ascii=False)) > METADATA_CHARACTERS:
        raise SlackError("metadata_too_large")
    return metadata


def check_attachments(attachments: Any) -> list[Json]:
    """Check the number of attachments (100) and the blocks in them."""
    if not isinstance(attachments, list):
        raise SlackError("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for attachment in attachments:
        if isinstance(attachment, dict) and attachment.get("blocks") is not None:
            check_message_blocks(attachment["blocks"])
    return attachments


def check_view(view: Any, *, surface: str) -> Json:
    """Check a view for a surface, "modal" or "home", and return it.

    Raises invalid_arguments or view_too_large.
    """
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", messages=["[ERROR] must provide an object [json-pointer:/view]"])
    if len(json.dumps(view).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    problems = Problems()
    if view.get("type") != surface:
        problems.add("/view/type", f"unsupported type: {view.get('type')}")
    _check_view_body(problems, view, surface)
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        _check_list(problems, blocks, "/view/blocks", surface, VIEW_BLOCKS)
    else:
        problems.add("/view", "missing required field: blocks")
    if problems.messages:
        first = "[ERROR] failed to match all allowed schemas [json-pointer:/view]"
        raise SlackError("invalid_arguments", messages=[first, *problems.messages])
    return view


def _check_view_body(problems: Problems, view: Json, surface: str) -> None:
    common = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    modal = {"title", "submit", "close", "clear_on_close", "notify_on_close"}
    problems.only(view, "/view", common | (modal if surface == MODAL else set()))
    problems.string(view, "private_metadata", "/view", at_most=PRIVATE_METADATA, at_least=0)
    problems.string(view, "callback_id", "/view", at_most=ID, at_least=0)
    problems.string(view, "external_id", "/view", at_most=ID, at_least=0)
    if surface == HOME:
        return
    problems.text(view, "title", "/view", at_most=VIEW_TITLE, required=True)
    problems.text(view, "submit", "/view", at_most=VIEW_TITLE)
    problems.text(view, "close", "/view", at_most=VIEW_TITLE)
    if view.get("submit") is None and _of_type(view.get("blocks"), "input"):
        problems.add("/view", "missing required field: submit")


def _check_list(problems: Problems, blocks: list[Any], pointer: str, surface: str, at_most: int) -> None:
    if len(blocks) > at_most:
        problems.add(pointer, f"no more than {at_most} items allowed")
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        here = f"{pointer}/{index}"
        if not isinstance(block, dict):
            problems.add(here, "must provide an object")
            continue
        check_block(problems, block, here, surface)
        _check_action_ids(problems, block, here)
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                problems.add(f"{here}/block_id", f'block_id "{block_id}" already exists for another block')
            seen.add(block_id)


def _check_action_ids(problems: Problems, block: Json, pointer: str) -> None:
    """Within one block each action_id stands once."""
    seen: set[str] = set()
    for key in ("elements", "actions"):
        elements = block.get(key)
        for index, element in enumerate(elements if isinstance(elements, list) else []):
            action_id = element.get("action_id") if isinstance(element, dict) else None
            if not isinstance(action_id, str):
                continue
            if action_id in seen:
                problems.add(
                    f"{pointer}/{key}/{index}/action_id",
                    f'`action_id` "{action_id}" already exists for another element',
                )
            seen.add(action_id)


def _of_type(blocks: Any, kind: str) -> list[Json]:
    if not isinstance(blocks, list):
        return []
    return [block for block in blocks if isinstance(block, dict) and block.get("type") == kind]
