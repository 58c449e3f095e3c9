"""What is wrong with blocks other than their size, and what they may not be together."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.slack import limits
from tests.support.stand_in_blocks import (
    Json,
    actions,
    button,
    card,
    confirm,
    data_table,
    feedback,
    mrkdwn,
    option,
    options,
    plain,
    plan,
    refused,
    rich,
    section,
    select,
    table,
    task,
    words,
)

MISTAKES: list[tuple[str, Json, str]] = [
    ("unknown type", {"type": "sections"}, "unsupported type: sections [json-pointer:/blocks/0/type]"),
    ("type is no string", {"type": ["section"]}, "unsupported type"),
    ("no type", {}, "unsupported type: None"),
    ("unknown member", section(colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]"),
    ("section without text", {"type": "section"}, "missing required field: text"),
    ("empty section text", section(text=mrkdwn("")), "must be more than 0 characters"),
    ("text of no kind", section(text={"type": "markdown", "text": "x"}), "unsupported type: markdown"),
    ("text that is a string", section(text="x"), "must provide an object [json-pointer:/blocks/0/text]"),
    ("text that is a number", section(text={"type": "mrkdwn", "text": 1}), "must provide a string"),
    ("emoji in mrkdwn", section(text={**mrkdwn(), "emoji": True}), "invalid additional property: emoji"),
    ("mrkdwn header", {"type": "header", "text": mrkdwn()}, "unsupported type: mrkdwn"),
    ("mrkdwn button", actions(button(text=mrkdwn())), "unsupported type: mrkdwn"),
    ("no elements", actions(), "no fewer than 1 items allowed"),
    ("elements that are no list", {"type": "actions", "elements": {}}, "must provide an array"),
    ("text in actions", actions(mrkdwn()), "unsupported type: mrkdwn"),
    ("a button in context", {"type": "context", "elements": [button()]}, "unsupported type: button"),
    ("an input in actions", actions({"type": "plain_text_input"}), "unsupported type: plain_text_input"),
    ("button style", actions(button(style="warning")), "must be a valid enum value"),
    ("one option in an overflow", actions({"type": "overflow", "options": options(1)}), "no fewer than 2 items"),
    ("initial option", actions(select(initial_option=option(7))), "initial option is not one of the options"),
    ("confirm without deny", actions(button(confirm={**confirm(), "deny": None})), "missing required field: deny"),
    ("the same action twice", actions(button(), button()), '`action_id` "go" already exists'),
    ("a date", actions({"type": "datepicker", "initial_date": "24.12.2026"}), "invalid format"),
    ("an alert in a message", {"type": "alert", "text": plain()}, "unsupported type: alert"),
    ("status completed", plan(task(status="completed")), "must be a valid enum value"),
    ("the same task twice", plan(task("a"), task("a")), 'task_id "a" already exists'),
    ("a section in a plan", plan(section()), "unsupported type: section"),
    ("a plan's title object", plan(title=plain()), "must provide a string [json-pointer:/blocks/0/title]"),
    ("a task without id", plan({"type": "task_card", "title": "x"}), "missing required field: task_id"),
    (
        "details as text",
        plan(task(details="x")),
        "must provide an object [json-pointer:/blocks/0/tasks/0/details]",
    ),
    ("details as mrkdwn", plan(task(details=mrkdwn())), "unsupported type: mrkdwn"),
    ("output as section", plan(task(output=section())), "unsupported type: section"),
    ("a source of no kind", plan(task(sources=[{"type": "link", "url": "u", "text": "t"}])), "unsupported type"),
    ("a source without text", plan(task(sources=[{"type": "url", "url": "u"}])), "missing required field: text"),
    ("rich_text without elements", {"type": "rich_text", "elements": []}, "no fewer than 1 items"),
    ("text straight in rich_text", {"type": "rich_text", "elements": [words()]}, "unsupported type: text"),
    ("mrkdwn in rich_text", rich(mrkdwn()), "unsupported type: mrkdwn"),
    ("empty rich text", rich(words("")), "must be more than 0 characters"),
    ("rich style word", rich(words(style="bold")), "must provide an object"),
    ("rich style name", rich(words(style={"strong": True})), "invalid additional property: strong"),
    ("rich style value", rich(words(style={"bold": "yes"})), "must provide a boolean"),
    ("link without url", rich({"type": "link", "text": "x"}), "missing required field: url"),
    ("user by the wrong name", rich({"type": "user", "id": "U1"}), "missing required field: user_id"),
    ("usergroup", rich({"type": "usergroup"}), "missing required field: usergroup_id"),
    ("channel", rich({"type": "channel", "channel": "C1"}), "missing required field: channel_id"),
    ("emoji with colons only", rich({"type": "emoji"}), "missing required field: name"),
    ("broadcast", rich({"type": "broadcast", "range": "all"}), "must be a valid enum value"),
    ("date without time", rich({"type": "date", "format": "{date}"}), "must provide an integer"),
    ("list of texts", rich(words(), kind="rich_text_list", style="bullet"), "unsupported type: text"),
    ("list style", rich(rich(words())["elements"][0], kind="rich_text_list", style="dash"), "valid enum value"),
    (
        "user in preformatted",
        rich({"type": "user", "user_id": "U1"}, kind="rich_text_preformatted"),
        "unsupported",
    ),
    ("table cell", {"type": "table", "rows": [[mrkdwn()]]}, "unsupported type: mrkdwn"),
    ("uneven data table", {**data_table(2), "rows": [[], [{"type": "raw_text", "text": "x"}]]}, "same number"),
    ("data table without caption", {"type": "data_table", "rows": []}, "missing required field: caption"),
    (
        "rich header",
        {"type": "data_table", "caption": "c", "rows": [[rich(words())], [rich(words())]]},
        "unsupported type: rich_text [json-pointer:/blocks/0/rows/0/0/type]",
    ),
    ("an empty card", {"type": "card"}, "missing required field: title"),
    (
        "a card in a container",
        {"type": "container", "title": plain(), "child_blocks": [card()]},
        "unsupported type: card",
    ),
    ("an image without alt text", {"type": "image", "image_url": "u"}, "missing required field: alt_text"),
]


@pytest.mark.parametrize(("block", "problem"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake(block: Json, problem: str) -> None:
    error = refused([block])

    assert error.word == "invalid_blocks"
    assert any(problem in message for message in error.messages), error.messages
    assert all(message.startswith("[ERROR] ") for message in error.messages)


def test_all_that_the_bot_draws_is_accepted() -> None:
    details = {
        "type": "rich_text",
        "elements": [
            rich(
                words("Works order ", style={"bold": True}),
                {"type": "link", "url": "https://a.example", "text": "12"},
                {"type": "user", "user_id": "U1"},
                {"type": "channel", "channel_id": "C1"},
                {"type": "usergroup", "usergroup_id": "S1"},
                {"type": "emoji", "name": "lock"},
                {"type": "broadcast", "range": "here"},
                {"type": "date", "timestamp": 1764000000, "format": "{date}", "fallback": "today"},
            )["elements"][0],
            rich(rich(words("a"))["elements"][0], kind="rich_text_list", style="ordered", indent=1)["elements"][0],
            rich(words("code"), kind="rich_text_preformatted")["elements"][0],
            rich(words("said"), kind="rich_text_quote")["elements"][0],
        ],
    }
    sources = [{"type": "url", "url": "https://a.example", "text": "Open311"}]
    blocks: list[Json] = [
        {"type": "header", "text": plain("A burst main")},
        plan(task("a", status="complete", details=details, output=details, sources=sources, hide_title=False)),
        section(accessory={"type": "overflow", "action_id": "more", "options": options(2)}),
        {"type": "divider"},
        {
            "type": "context",
            "elements": [mrkdwn("x"), {"type": "image", "image_url": "https://a.example", "alt_text": ""}],
        },
        actions(button(style="primary", confirm=confirm(style="danger"), value="1"), select()),
        {
            "type": "context_actions",
            "elements": [feedback(), {"type": "icon_button", "icon": "trash", "text": plain()}],
        },
        table(2, 2),
    ]

    assert limits.check_message_blocks(blocks) is blocks


def test_fifty_blocks_are_accepted_and_fifty_one_refused() -> None:
    limits.check_message_blocks([{"type": "divider"}] * 50)

    error = refused([{"type": "divider"}] * 51)

    assert error.messages == ("[ERROR] no more than 50 items allowed [json-pointer:/blocks]",)


def test_all_text_together_has_a_limit() -> None:
    text = [section(text=mrkdwn("x" * 3_000)) for _ in range(4)]
    rest = limits.MESSAGE_CHARACTERS - limits.message_characters(text) - limits.CHARACTERS_PER_BLOCK

    limits.check_message_blocks([*text, section(text=mrkdwn("x" * rest))])
    error = refused([*text, section(text=mrkdwn("x" * (rest + 1)))])

    assert error.word == "msg_blocks_too_long"


@pytest.mark.parametrize(
    ("text", "blocks", "accepted"),
    [(4_649, 28, True), (6_020, 33, True), (9_597, 50, True), (11_341, 45, False)],
)
def test_the_count_agrees_with_what_slack_was_seen_to_do(text: int, blocks: int, accepted: bool) -> None:
    sizes = [text // blocks + (1 if number < text % blocks else 0) for number in range(blocks)]
    message = [section(text=mrkdwn("x" * size)) for size in sizes]

    assert (limits.message_characters(message) <= limits.MESSAGE_CHARACTERS) is accepted


def test_button_values_and_ids_do_not_count_as_text() -> None:
    block = actions(button(text=plain("Go"), value="v" * 2_000))

    assert limits.message_characters([block]) == len("Go") + limits.CHARACTERS_PER_BLOCK


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ([plan(task("a")), task("b")], "plan and task_card are mutually exclusive"),
        ([table(1, 1), table(1, 1)], "only_one_table_allowed"),
        ([section(block_id="a"), section(block_id="a")], 'block_id "a" already exists for another block'),
        ([{"type": "markdown", "text": "x" * 6_001}] * 2, "markdown must be less than 12001 characters"),
    ],
    ids=["plan and task_card", "two tables", "block_id twice", "markdown together"],
)
def test_what_blocks_may_not_be_together(blocks: list[Json], problem: str) -> None:
    assert problem in refused(blocks).messages[0]


def test_one_action_id_may_stand_in_two_blocks() -> None:
    limits.check_message_blocks([actions(button()), actions(button())])


@pytest.mark.parametrize("blocks", ["section", {"type": "section"}, 3])
def test_blocks_that_are_no_list(blocks: Any) -> None:
    assert refused(blocks).word == "invalid_blocks_format"


def test_every_problem_is_named() -> None:
    error = refused([section(text=mrkdwn("")), {"type": "nothing"}, actions(button(text=plain("x" * 76)))])

    assert [message.rpartition("json-pointer:")[2] for message in error.messages] == [
        "/blocks/0/text/text]",
        "/blocks/1/type]",
        "/blocks/2/elements/0/text/text]",
    ]
