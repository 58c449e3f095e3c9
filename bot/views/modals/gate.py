"""The forms behind a gate: to whom it is handed, and what somebody wants to know before they decide."""

from __future__ import annotations

import json

from bot.languages import _
from bot.slack.ids import (
    BLOCK_PERSON,
    BLOCK_REASON,
    INPUT_PERSON,
    INPUT_REASON,
    VIEW_GATE_ASK,
    VIEW_GATE_HAND_OVER,
    Ref,
)
from bot.slack.messages import Block, View
from bot.views.kit.blocks import plain
from bot.views.kit.text import one_line

REQUEST_LENGTH = 1_000
_TITLE = 200


def hand_over_modal(ref: Ref, title: str, *, channel: str, message_ts: str, thread_ts: str | None) -> View:
    """Asks to whom the decision about the step `title` is handed. The private metadata is as a reason's."""
    hint = _("Someone who may decide about this step. They get it in a direct message, and it stays on record.")
    return {
        **_form(ref, channel, message_ts, thread_ts),
        "callback_id": VIEW_GATE_HAND_OVER,
        "title": plain(_("Hand over")),
        "submit": plain(_("Hand over")),
        "blocks": [_step(title), _person(_("Who should decide?"), hint)],
    }


def ask_modal(ref: Ref, title: str, *, channel: str, message_ts: str, thread_ts: str | None) -> View:
    """Asks who is to be asked what about the step `title`, while it waits on."""
    hint = _("It is put to them in the thread of the card. The step waits on.")
    return {
        **_form(ref, channel, message_ts, thread_ts),
        "callback_id": VIEW_GATE_ASK,
        "title": plain(_("Ask for more")),
        "submit": plain(_("Ask")),
        "blocks": [
            _step(title),
            _person(_("Who may know?"), hint),
            {
                "type": "input",
                "block_id": BLOCK_REASON,
                "label": plain(_("What do you want to know?")),
                "element": {
                    "type": "plain_text_input",
                    "action_id": INPUT_REASON,
                    "multiline": True,
                    "max_length": REQUEST_LENGTH,
                },
            },
        ],
    }


def _form(ref: Ref, channel: str, message_ts: str, thread_ts: str | None) -> View:
    origin = {"ref": ref.encode(), "channel": channel, "message_ts": message_ts}
    metadata = json.dumps({**origin, "thread_ts": thread_ts} if thread_ts else origin)
    return {"type": "modal", "close": plain(_("Cancel")), "private_metadata": metadata}


def _step(title: str) -> Block:
    return {"type": "section", "text": plain(one_line(title), _TITLE)}


def _person(label: str, hint: str) -> Block:
    return {
        "type": "input",
        "block_id": BLOCK_PERSON,
        "label": plain(label),
        "hint": plain(hint),
        "element": {"type": "users_select", "action_id": INPUT_PERSON, "placeholder": plain(_("Choose a person"))},
    }
