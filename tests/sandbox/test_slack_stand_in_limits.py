"""Every limit on a block: what fits is accepted, one more is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from bot.sandbox.slack import limits
from tests.support.stand_in_blocks import (
    Json,
    actions,
    button,
    buttons,
    card,
    confirming,
    data_table,
    feedback,
    mrkdwn,
    option,
    options,
    plain,
    plan,
    refused,
    section,
    select,
    table,
    task,
    text_input,
)

# name, the limit, a block with a text of that many characters, where the problem is
TEXT_LIMITS: list[tuple[str, int, Callable[[str], Json], str]] = [
    ("section text", 3000, lambda t: section(text=mrkdwn(t)), "/blocks/0/text/text"),
    ("section field", 2000, lambda t: section(fields=[mrkdwn(t)]), "/blocks/0/fields/0/text"),
    ("header", 150, lambda t: {"type": "header", "text": plain(t)}, "/blocks/0/text/text"),
    (
        "context text",
        2000,
        lambda t: {"type": "context", "elements": [mrkdwn(t)]},
        "/blocks/0/elements/0/text",
    ),
    ("button text", 75, lambda t: actions(button(text=plain(t))), "/blocks/0/elements/0/text/text"),
    ("button value", 2000, lambda t: actions(button(value=t)), "/blocks/0/elements/0/value"),
    ("button url", 3000, lambda t: actions(button(url=t)), "/blocks/0/elements/0/url"),
    ("block_id", 255, lambda t: section(block_id=t), "/blocks/0/block_id"),
    ("action_id", 255, lambda t: actions(button(action_id=t)), "/blocks/0/elements/0/action_id"),
    (
        "option text",
        75,
        lambda t: actions(select(options=[option(text=plain(t))])),
        "/blocks/0/elements/0/options/0/text/text",
    ),
    (
        "option value",
        150,
        lambda t: actions(select(options=[option(value=t)])),
        "/blocks/0/elements/0/options/0/value",
    ),
    (
        "option description",
        75,
        lambda t: actions(select(options=[option(description=plain(t))])),
        "/blocks/0/elements/0/options/0/description/text",
    ),
    (
        "placeholder",
        150,
        lambda t: actions(select(placeholder=plain(t))),
        "/blocks/0/elements/0/placeholder/text",
    ),
    ("confirm title", 100, lambda t: confirming(title=plain(t)), "/blocks/0/elements/0/confirm/title/text"),
    ("confirm text", 300, lambda t: confirming(text=plain(t)), "/blocks/0/elements/0/confirm/text/text"),
    ("confirm yes", 30, lambda t: confirming(confirm=plain(t)), "/blocks/0/elements/0/confirm/confirm/text"),
    ("confirm no", 30, lambda t: confirming(deny=plain(t)), "/blocks/0/elements/0/confirm/deny/text"),
    (
        "input label",
        2000,
        lambda t: {**text_input(), "label": plain(t)},
        "/blocks/0/label/text",
    ),
    ("input hint", 2000, lambda t: {**text_input(), "hint": plain(t)}, "/blocks/0/hint/text"),
    (
        "input initial value",
        3000,
        lambda t: text_input(initial_value=t),
        "/blocks/0/element/initial_value",
    ),
    (
        "image url",
        3000,
        lambda t: {"type": "image", "image_url": t, "alt_text": "a"},
        "/blocks/0/image_url",
    ),
    (
        "image alt text",
        2000,
        lambda t: {"type": "image", "image_url": "https://a.example", "alt_text": t},
        "/blocks/0/alt_text",
    ),
    (
        "feedback value",
        2000,
        lambda t: {
            "type": "context_actions",
            "elements": [feedback(positive_button={"text": plain(), "value": t})],
        },
        "/blocks/0/elements/0/positive_button/value",
    ),
    ("markdown", 12000, lambda t: {"type": "markdown", "text": t}, "/blocks/0/text"),
    ("card title", 150, lambda t: card(title=plain(t)), "/blocks/0/title/text"),
    ("card subtitle", 150, lambda t: card(subtitle=plain(t)), "/blocks/0/subtitle/text"),
    ("card body", 200, lambda t: card(body=plain(t)), "/blocks/0/body/text"),
]

# name, the limit, a block with that many of something, where the problem is
COUNT_LIMITS: list[tuple[str, int, Callable[[int], Json], str]] = [
    ("actions elements", 25, lambda n: actions(*buttons(n)), "/blocks/0/elements"),
    ("section fields", 10, lambda n: section(fields=[mrkdwn()] * n), "/blocks/0/fields"),
    (
        "context elements",
        10,
        lambda n: {"type": "context", "elements": [mrkdwn()] * n},
        "/blocks/0/elements",
    ),
    (
        "context actions",
        5,
        lambda n: {"type": "context_actions", "elements": [feedback()] * n},
        "/blocks/0/elements",
    ),
    (
        "select options",
        100,
        lambda n: actions(select(options=options(n))),
        "/blocks/0/elements/0/options",
    ),
    (
        "option groups",
        100,
        lambda n: actions(
            {
                "type": "static_select",
                "option_groups": [{"label": plain(), "options": options(1)}] * n,
            }
        ),
        "/blocks/0/elements/0/option_groups",
    ),
    (
        "overflow options",
        5,
        lambda n: actions({"type": "overflow", "options": options(n)}),
        "/blocks/0/elements/0/options",
    ),
    (
        "radio options",
        10,
        lambda n: actions({"type": "radio_buttons", "options": options(n)}),
        "/blocks/0/elements/0/options",
    ),
    (
        "checkbox options",
        10,
        lambda n: actions({"type": "checkboxes", "options": options(n)}),
        "/blocks/0/elements/0/options",
    ),
    ("plan tasks", 50, lambda n: plan(*(task(str(i)) for i in range(n))), "/blocks/0/tasks"),
    ("table rows", 100, lambda n: table(n, 1), "/blocks/0/rows"),
    ("table columns", 20, lambda n: table(1, n), "/blocks/0/rows/0"),
    ("table characters", 10_000, lambda n: table(1, 1, "x" * n), "/blocks/0/rows"),
    ("data table rows", 201, data_table, "/blocks/0/rows"),
    ("data table columns", 20, lambda n: data_table(2, n), "/blocks/0/rows/0"),
    ("data table page", 100, lambda n: data_table(2, page_size=n), "/blocks/0/page_size"),
    ("card actions", 3, lambda n: card(actions=buttons(n)), "/blocks/0/actions"),
    (
        "carousel cards",
        10,
        lambda n: {"type": "carousel", "elements": [card()] * n},
        "/blocks/0/elements",
    ),
    (
        "container blocks",
        10,
        lambda n: {"type": "container", "title": plain(), "child_blocks": [section()] * n},
        "/blocks/0/child_blocks",
    ),
    ("input max_length", 3000, lambda n: text_input(max_length=n), "/blocks/0/element/max_length"),
]


def assert_limited(fits: Json, over: Json, pointer: str) -> None:
    before = copy.deepcopy(fits)

    assert limits.check_message_blocks([fits]) == [before]
    error = refused([over])

    assert error.word == "invalid_blocks"
    assert any(message.endswith(f"[json-pointer:{pointer}]") for message in error.messages), error.messages


@pytest.mark.parametrize(
    ("limit", "build", "pointer"), [row[1:] for row in TEXT_LIMITS], ids=[row[0] for row in TEXT_LIMITS]
)
def test_a_limit_in_characters(limit: int, build: Callable[[str], Json], pointer: str) -> None:
    assert_limited(build("x" * limit), build("x" * (limit + 1)), pointer)


@pytest.mark.parametrize(
    ("limit", "build", "pointer"), [row[1:] for row in COUNT_LIMITS], ids=[row[0] for row in COUNT_LIMITS]
)
def test_a_limit_in_number(limit: int, build: Callable[[int], Json], pointer: str) -> None:
    assert_limited(build(limit), build(limit + 1), pointer)
