"""What is seen of an answer that is being streamed: a line for each thing that is looked at, then the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bot.languages import N_, Sentence, _
from bot.slack.messages import Block
from bot.views.messages.answer import LOOKING

_LINES: Mapping[str, Sentence] = {
    "plans": N_("Looking through the plans"),
    "plan": N_("Reading the plan"),
    "waiting": N_("Looking at what waits for people"),
    "decisions": N_("Looking at who decided what"),
    "components": N_("Looking through the components"),
    "failures": N_("Counting what failed"),
    "durations": N_("Working out how long things took"),
    "counts": N_("Counting plans"),
    "policies": N_("Reading the policies"),
    "approvers": N_("Looking at who may decide"),
    "tokens": N_("Adding up what the model has cost"),
}
"""By the name of a look-up."""


def line_of(look_up: str) -> str:
    """What is being looked at, in words."""
    return _(_LINES.get(look_up, LOOKING))


def task_id(inquiry: UUID, number: int = 0) -> str:
    """By the id of its first task a stream is found again: Slack takes no metadata until it is stopped."""
    return f"{inquiry}.{number}"


def begun(inquiry: UUID) -> dict[str, Any]:
    """The first thing that is seen."""
    return task(inquiry, 0, _(LOOKING), is_done=False)


def task(inquiry: UUID, number: int, line: str, *, is_done: bool) -> dict[str, Any]:
    """A chunk that shows something being looked at, or that it was."""
    status = "complete" if is_done else "in_progress"
    return {"type": "task_update", "id": task_id(inquiry, number), "title": line, "status": status}


def part(block: Block) -> dict[str, Any]:
    """A chunk that shows a part of the answer: blocks, in which nothing that people wrote is parsed."""
    return {"type": "blocks", "blocks": [block]}
