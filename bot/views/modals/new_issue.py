"""The form in which an issue is stated, for whoever types /mudda and nothing else."""

from __future__ import annotations

import json

from bot.languages import _
from bot.slack.ids import (
    BLOCK_ISSUE,
    BLOCK_PLACE,
    BLOCK_URGENCY,
    INPUT_ISSUE,
    INPUT_PLACE,
    INPUT_URGENCY,
    VIEW_NEW_ISSUE,
)
from bot.slack.messages import Block, Element, View
from bot.views.kit.blocks import plain
from bot.views.kit.text import clip
from bot.views.plan.urgency import URGENCIES, urgency_words

ISSUE_LENGTH = 3_000
PLACE_LENGTH = 200
PRIVATE_METADATA = 3_000


def new_issue_modal(channel_id: str, text: str = "", *, response_url: str | None = None) -> View:
    """The form. Its private metadata says where the answer goes: {"channel": …, "response_url": …?}."""
    return {
        "type": "modal",
        "callback_id": VIEW_NEW_ISSUE,
        "title": plain(_("New issue")),
        "submit": plain(_("Draft a plan")),
        "close": plain(_("Cancel")),
        "private_metadata": destination(channel_id, response_url),
        "blocks": [
            _input(BLOCK_ISSUE, _("What has happened?"), _issue(text)),
            _input(BLOCK_PLACE, _("Where?"), _place(), optional=True),
            _input(BLOCK_URGENCY, _("How urgent is it?"), _urgency(), optional=True),
        ],
    }


def destination(channel_id: str, response_url: str | None) -> str:
    """Where the answer to a form goes: {"channel": …, "response_url": …?}."""
    origin = {"channel": channel_id}
    if response_url:
        origin["response_url"] = response_url
    written = json.dumps(origin)
    return written if len(written) <= PRIVATE_METADATA else json.dumps({"channel": channel_id})


def _input(block_id: str, label: str, element: Element, *, optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }


def _issue(text: str) -> Element:
    element: Element = {
        "type": "plain_text_input",
        "action_id": INPUT_ISSUE,
        "multiline": True,
        "max_length": ISSUE_LENGTH,
        "focus_on_load": True,
        "placeholder": plain(_("Water is coming up through the road at 5th and Main")),
    }
    initial = clip(text, ISSUE_LENGTH)
    return {**element, "initial_value": initial} if initial else element


def _place() -> Element:
    return {
        "type": "plain_text_input",
        "action_id": INPUT_PLACE,
        "max_length": PLACE_LENGTH,
        "placeholder": plain(_("An address, a crossing, the name of a park")),
    }


def _urgency() -> Element:
    return {
        "type": "static_select",
        "action_id": INPUT_URGENCY,
        "placeholder": plain(_("Choose one")),
        "options": [{"text": plain(urgency_words(urgency)), "value": urgency} for urgency in URGENCIES],
    }
