"""The form in which a planning note is written or changed."""

from __future__ import annotations

import json

from bot.languages import _
from bot.slack.ids import BLOCK_REASON, INPUT_REASON, VIEW_NOTE, Ref
from bot.slack.messages import Element, View
from bot.views.kit.blocks import plain
from bot.views.kit.text import clip
from bot.views.plan.notes import note_words
from services.learning.notes import MAX_TEXT, NoteSnapshot


def planning_note_modal(
    ref: Ref, note: NoteSnapshot | None, channel: str, message_ts: str, response_url: str | None
) -> View:
    """Asks for the words of a note. Its private metadata is a reason's, with the way back to the list."""
    origin = {"ref": ref.encode(), "channel": channel, "message_ts": message_ts}
    return {
        "type": "modal",
        "callback_id": VIEW_NOTE,
        "title": plain(_("Planning note")),
        "submit": plain(_("Save")),
        "close": plain(_("Cancel")),
        "private_metadata": json.dumps({**origin, "response_url": response_url} if response_url else origin),
        "blocks": [
            {
                "type": "input",
                "block_id": BLOCK_REASON,
                "label": plain(_("What should plans mind?")),
                "hint": plain(_("One wish, without names of people: it is shown to the model with every plan.")),
                "optional": False,
                "element": _text(note_words(note) if note else ""),
            }
        ],
    }


def _text(text: str) -> Element:
    element: Element = {
        "type": "plain_text_input",
        "action_id": INPUT_REASON,
        "multiline": True,
        "max_length": MAX_TEXT,
        "focus_on_load": True,
        "placeholder": plain(_("Notices are sent after the crew has been assigned")),
    }
    initial = clip(text, MAX_TEXT)
    return {**element, "initial_value": initial} if initial else element
