"""The rules of each block: what it holds, how much of it, and on which surface it may stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.limits.checker import ANY_TEXT, PLAIN, Problems
from bot.sandbox.slack.limits.elements import (
    ACCESSORIES,
    ACTIONS,
    CONTEXT_ACTIONS,
    ID,
    INPUTS,
    check_element,
    check_image_source,
)
from bot.sandbox.slack.limits.rich_text import check_rich_text
from bot.sandbox.slack.limits.tables import check_data_table, check_table
from bot.sandbox.slack.limits.tasks import check_plan, check_task_card
from bot.sandbox.slack.state.model import Json

SECTION_TEXT = 3_000
SECTION_FIELDS = 10
FIELD_TEXT = 2_000
HEADER_TEXT = 150
CONTEXT_TEXT = 2_000
CONTEXT_ELEMENTS = 10
ACTIONS_ELEMENTS = 25
CONTEXT_ACTIONS_ELEMENTS = 5
INPUT_LABEL = 2_000
IMAGE_TITLE = 2_000
MARKDOWN_TEXT = 12_000
ALERT_TEXT = 200
CARD_TITLE = 150
CARD_BODY = 200
CARD_ACTIONS = 3
CAROUSEL_CARDS = 10
CONTAINER_BLOCKS = 10

MESSAGE, MODAL, HOME = "message", "modal", "home"


def _section(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id", "text", "fields", "accessory", "expand"})
    if block.get("text") is None and block.get("fields") is None:
        problems.add(pointer, "missing required field: text")
    problems.text(block, "text", pointer, at_most=SECTION_TEXT, kinds=ANY_TEXT)
    for text, here in problems.objects(block, "fields", pointer, at_least=1, at_most=SECTION_FIELDS):
        problems.text_object(text, here, at_most=FIELD_TEXT, kinds=ANY_TEXT)
    accessory = problems.object_at(block, "accessory", pointer)
    if accessory is not None:
        check_element(problems, accessory, f"{pointer}/accessory", ACCESSORIES)


def _header(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id", "text", "level"})
    problems.text(block, "text", pointer, at_most=HEADER_TEXT, required=True)


def _divider(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id"})


def _context(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id", "elements"})
    for element, here in problems.objects(
        block, "elements", pointer, at_least=1, at_most=CONTEXT_ELEMENTS, required=True
    ):
        if element.get("type") in ("plain_text", "mrkdwn"):
            problems.text_object(element, here, at_most=CONTEXT_TEXT, kinds=ANY_TEXT)
        else:
            check_element(problems, element, here, frozenset({"image"}))


def _elements_block(allowed: frozenset[str], at_most: int) -> Callable[[Problems, Json, str], None]:
    def check(problems: Problems, block: Json, pointer: str) -> None:
        problems.only(block, pointer, {"type", "block_id", "elements"})
        for element, here in problems.objects(
            block, "elements", pointer, at_least=1, at_most=at_most, required=True
        ):
            check_element(problems, element, here, allowed)

    return check


def _input(problems: Problems, block: Json, pointer: str) -> None:
    keys = {"type", "block_id", "label", "hint", "element", "optional", "dispatch_action"}
    problems.only(block, pointer, keys)
    problems.text(block, "label", pointer, at_most=INPUT_LABEL, required=True)
    problems.text(block, "hint", pointer, at_most=INPUT_LABEL)
    problems.boolean(block, "optional", pointer)
    problems.boolean(block, "dispatch_action", pointer)
    element = problems.object_at(block, "element", pointer, required=True)
    if element is not None:
        check_element(problems, element, f"{pointer}/element", INPUTS)


def _image(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id", "image_url", "slack_file", "alt_text", "title"})
    problems.text(block, "title", pointer, at_most=IMAGE_TITLE)
    check_image_source(problems, block, pointer)


def _markdown(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id", "text"})
    problems.string(block, "text", pointer, at_most=MARKDOWN_TEXT, required=True)


def _alert(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id", "text", "level"})
    problems.text(block, "text", pointer, at_most=ALERT_TEXT, kinds=ANY_TEXT, required=True)
    problems.one_of(block, "level", pointer, {"default", "info", "warning", "error", "success"})


def _card(problems: Problems, block: Json, pointer: str) -> None:
    keys = {"type", "block_id", "hero_image", "icon", "title", "subtitle", "body", "actions"}
    problems.only(block, pointer, keys)
    if all(block.get(key) is None for key in ("hero_image", "title", "actions", "body")):
        problems.add(pointer, "missing required field: title")
    problems.text(block, "title", pointer, at_most=CARD_TITLE, kinds=ANY_TEXT)
    problems.text(block, "subtitle", pointer, at_most=CARD_TITLE, kinds=ANY_TEXT)
    problems.text(block, "body", pointer, at_most=CARD_BODY, kinds=ANY_TEXT)
    for key in ("hero_image", "icon"):
        image = problems.object_at(block, key, pointer)
        if image is not None:
            check_element(problems, image, f"{pointer}/{key}", frozenset({"image"}))
    for element, here in problems.objects(block, "actions", pointer, at_least=1, at_most=CARD_ACTIONS):
        check_element(problems, element, here, frozenset({"button"}))


def _carousel(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(block, pointer, {"type", "block_id", "elements"})
    for card, here in problems.objects(
        block, "elements", pointer, at_least=1, at_most=CAROUSEL_CARDS, required=True
    ):
        if problems.kind(card, here, {"card"}):
            _card(problems, card, here)


def _container(problems: Problems, block: Json, pointer: str) -> None:
    problems.only(
        block,
        pointer,
        {
            "type", "block_id", "title", "rich_text_title", "subtitle", "child_blocks", "width", "icon",
            "is_collapsible", "default_collapsed", "has_header_divider",
        },
    )  # fmt: skip
    if block.get("title") is None and block.get("rich_text_title") is None:
        problems.add(pointer, "missing required field: title")
    problems.text(block, "title", pointer, at_most=CARD_TITLE, kinds=PLAIN)
    problems.text(block, "subtitle", pointer, at_most=CARD_TITLE, kinds=PLAIN)
    for child, here in problems.objects(
        block, "child_blocks", pointer, at_least=1, at_most=CONTAINER_BLOCKS, required=True
    ):
        if problems.kind(child, here, BLOCKS.keys() - {"card", "carousel", "data_table", "container"}):
            check_block(problems, child, here, MESSAGE)


@dataclass(frozen=True, slots=True)
class _Rule:
    check: Callable[[Problems, Json, str], None]
    surfaces: frozenset[str]


_EVERYWHERE = frozenset({MESSAGE, MODAL, HOME})
_MESSAGES = frozenset({MESSAGE})

# Slack's call, file, video and data_visualization blocks are not modelled: here they are unknown types.
BLOCKS: dict[str, _Rule] = {
    "section": _Rule(_section, _EVERYWHERE),
    "header": _Rule(_header, _EVERYWHERE),
    "divider": _Rule(_divider, _EVERYWHERE),
    "context": _Rule(_context, _EVERYWHERE),
    "actions": _Rule(_elements_block(ACTIONS, ACTIONS_ELEMENTS), _EVERYWHERE),
    "input": _Rule(_input, _EVERYWHERE),
    "image": _Rule(_image, _EVERYWHERE),
    "rich_text": _Rule(check_rich_text, _EVERYWHERE),
    "card": _Rule(_card, _EVERYWHERE),
    "alert": _Rule(_alert, frozenset({MODAL})),
    "markdown": _Rule(_markdown, _MESSAGES),
    "context_actions": _Rule(_elements_block(CONTEXT_ACTIONS, CONTEXT_ACTIONS_ELEMENTS), _MESSAGES),
    "plan": _Rule(check_plan, _MESSAGES),
    "task_card": _Rule(check_task_card, _MESSAGES),
    "table": _Rule(check_table, frozenset({MESSAGE, HOME})),
    "data_table": _Rule(check_data_table, _MESSAGES),
    "carousel": _Rule(_carousel, _MESSAGES),
    "container": _Rule(_container, frozenset({MESSAGE, HOME})),
}


def check_block(problems: Problems, block: Json, pointer: str, surface: str) -> None:
    """Check one block for a surface: "message", "modal" or "home"."""
    kind = problems.kind(block, pointer, [name for name, rule in BLOCKS.items() if surface in rule.surfaces])
    if kind is None:
        return
    problems.string(block, "block_id", pointer, at_most=ID)
    BLOCKS[kind].check(problems, block, pointer)
    element = block.get("element")
    if surface != MODAL and isinstance(element, dict) and element.get("type") == "file_input":
        problems.add(f"{pointer}/element/type", "unsupported type: file_input")
