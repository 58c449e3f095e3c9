"""The fields of a form that ask for what later steps take from a step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.languages import N_, _
from bot.slack.ids import BLOCK_OUTPUT, INPUT_OUTPUT
from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, in_quotes, join, one_line, sentences, spaced
from bot.views.kit.values import as_text
from services.steps.outputs import AwaitedOutput

_OPTIONS = 100
"""Of a menu: Slack takes no more."""

_OPTION = 75
_TEXT = 3_000
_TAKERS = 60
_KINDS: Mapping[str, str] = {
    "string": N_("text"),
    "integer": N_("a whole number"),
    "number": N_("a number"),
    "boolean": N_("yes or no"),
    "array": N_("a list, as JSON"),
    "object": N_("an object, as JSON"),
}


def output_inputs(awaited: Sequence[AwaitedOutput]) -> list[Block]:
    """An input for each value, in order; all are needed, for a step that lacks one fails."""
    return [
        {
            "type": "input",
            "block_id": f"{BLOCK_OUTPUT}{index}",
            "label": kit.plain(_label(each), 200),
            "hint": kit.plain(_hint(each), 300),
            "optional": False,
            "element": _element(each),
        }
        for index, each in enumerate(awaited)
    ]


def unfit(types: frozenset[str]) -> str:
    """What is wrong with a value that is not of these types."""
    return _("Enter {what}.", what=_kinds(types))


def _label(awaited: AwaitedOutput) -> str:
    names = [part for part in awaited.path if isinstance(part, str)]
    words = clip(one_line(spaced(names[-1])), 150) if names else _("the answer")
    return f"{words[:1].upper()}{words[1:]}"


def _hint(awaited: AwaitedOutput) -> str:
    takers = join([in_quotes(clip(one_line(taker), _TAKERS)) for taker in awaited.takers], most=2)
    kind = unfit(awaited.types) if awaited.types and not _choices(awaited) else ""
    return sentences([_("Needed by {steps}.", steps=takers), kind])


def _kinds(types: frozenset[str]) -> str:
    return join([_(_KINDS.get(name, name)) for name in sorted(types)], last="or")


def _choices(awaited: AwaitedOutput) -> list[tuple[str, str]]:
    """What there is to choose from, as labels and values; nothing where any text may be typed."""
    if awaited.types == {"boolean"}:
        return [(_("Yes"), "true"), (_("No"), "false")]
    fit = len(awaited.options) <= _OPTIONS and all(len(option) <= _OPTION for option in awaited.options)
    return [(option, option) for option in awaited.options] if fit else []


def _element(awaited: AwaitedOutput) -> Element:
    text = _as_typed(awaited.value)
    if choices := _choices(awaited):
        options = [{"text": kit.plain(label, _OPTION), "value": value} for label, value in choices]
        chosen = next((option for option in options if option["value"] == text), None)
        menu: Element = {"type": "static_select", "action_id": INPUT_OUTPUT, "options": options}
        return {**menu, "initial_option": chosen} if chosen else menu
    field: Element = {
        "type": "plain_text_input",
        "action_id": INPUT_OUTPUT,
        "multiline": bool(awaited.types & {"array", "object"}),
        "max_length": _TEXT,
    }
    return {**field, "initial_value": text} if 0 < len(text) <= _TEXT else field


def _as_typed(value: Any) -> str:
    """A value as a person would type it."""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return as_text(value)
