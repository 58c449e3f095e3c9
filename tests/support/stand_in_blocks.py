"""Blocks and views for the tests of the Slack stand-in, each as small as Slack takes it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.slack import limits
from bot.sandbox.slack.errors import SlackError

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**members: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **members}


def button(**members: Any) -> Json:
    return {"type": "button", "text": plain(), "action_id": "go", **members}


def buttons(count: int) -> list[Json]:
    return [button(action_id=f"go{number}") for number in range(count)]


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(number: int = 0, **members: Any) -> Json:
    return {"text": plain(f"o{number}"), "value": f"v{number}", **members}


def options(count: int) -> list[Json]:
    return [option(number) for number in range(count)]


def confirm(**members: Any) -> Json:
    return {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain(), **members}


def select(**members: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": options(1), **members}


def text_input(**members: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "text", **members}
    return {"type": "input", "label": plain(), "element": element}


def rich(*inline: Json, kind: str = "rich_text_section", **members: Any) -> Json:
    container = {"type": kind, "elements": list(inline), **members}
    return {"type": "rich_text", "elements": [container]}


def words(text: str = "x", **members: Any) -> Json:
    return {"type": "text", "text": text, **members}


def task(task_id: str = "t", **members: Any) -> Json:
    return {"type": "task_card", "task_id": task_id, "title": "Do it", "status": "pending", **members}


def plan(*tasks: Json, **members: Any) -> Json:
    return {"type": "plan", "title": "Plan", "tasks": list(tasks), **members}


def table(rows: int, columns: int, text: str = "x") -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns for _ in range(rows)]}


def data_table(rows: int, columns: int = 1, text: str = "x", **members: Any) -> Json:
    cells = [[{"type": "raw_text", "text": text}] * columns for _ in range(rows)]
    return {"type": "data_table", "caption": "c", "rows": cells, **members}


def feedback(**members: Any) -> Json:
    pressed = {"text": plain(), "value": "v"}
    return {"type": "feedback_buttons", "positive_button": pressed, "negative_button": pressed, **members}


def card(**members: Any) -> Json:
    return {"type": "card", "title": plain(), **members}


def modal(**members: Any) -> Json:
    return {"type": "modal", "title": plain(), "blocks": [section()], **members}


def confirming(**members: Any) -> Json:
    return actions(button(confirm=confirm(**members)))


def refused(blocks: Any) -> SlackError:
    """The error that the blocks of a message are refused with."""
    with pytest.raises(SlackError) as caught:
        limits.check_message_blocks(blocks)
    return caught.value
