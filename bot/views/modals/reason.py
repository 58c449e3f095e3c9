"""The forms that ask why: a step is rejected, skipped or done, or what it has answered is said by a person."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.slack.ids import (
    BLOCK_REASON,
    INPUT_REASON,
    VIEW_STEP_EDIT_OUTPUTS,
    VIEW_STEP_MARK_DONE,
    VIEW_STEP_REJECT,
    VIEW_STEP_SKIP,
    Ref,
    VersionRef,
)
from bot.slack.messages import View
from bot.views.kit.blocks import plain
from bot.views.kit.text import one_line
from bot.views.modals.outputs import output_inputs
from services.steps.outputs import AwaitedOutput

REASON_LENGTH = 1_000
_TITLE = 200


def reject_modal(ref: Ref, title: str, *, channel: str, message_ts: str, thread_ts: str | None = None) -> View:
    """Asks why the step `title` is rejected.

    The private metadata of all four forms is {"ref": …, "channel": …, "message_ts": …, "thread_ts": …?}: what the
    button was about, and where it stands.
    """
    return {
        **_form(title, "Why should it not go on?", "It is shown with the plan, and stays on record."),
        "callback_id": VIEW_STEP_REJECT,
        "title": plain("Reject step"),
        "submit": plain("Reject step"),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
    }


def skip_modal(ref: Ref, title: str, *, channel: str, message_ts: str, thread_ts: str | None = None) -> View:
    """Asks whether the step `title` is to be skipped, and why; that may stay empty."""
    hint = "A later step that needs its answer fails. The reason is shown with the plan, and stays on record."
    return {
        **_form(title, "Why is it skipped?", hint, optional=True),
        "callback_id": VIEW_STEP_SKIP,
        "title": plain("Skip step"),
        "submit": plain("Skip step"),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
    }


def mark_done_modal(
    ref: Ref,
    title: str,
    awaited: Sequence[AwaitedOutput] = (),
    *,
    channel: str,
    message_ts: str,
    thread_ts: str | None = None,
) -> View:
    """Asks how it is known that the step `title` was done, and for what later steps take from it."""
    return {
        **_form(title, "What was done, and how do you know?", "This is kept with the step.", awaited),
        "callback_id": VIEW_STEP_MARK_DONE,
        "title": plain("Mark done"),
        "submit": plain("Mark done"),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
    }


def edit_outputs_modal(
    ref: Ref,
    title: str,
    awaited: Sequence[AwaitedOutput],
    *,
    channel: str,
    message_ts: str,
    thread_ts: str | None = None,
) -> View:
    """Asks for what later steps take from the step `title`, which is over; they are what it has answered then."""
    hint = "This is kept with the plan. Press Retry at the step that failed, once you have saved."
    return {
        **_form(title, "How do you know?", hint, awaited),
        "callback_id": VIEW_STEP_EDIT_OUTPUTS,
        "title": plain("Edit outputs"),
        "submit": plain("Save"),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
    }


def _form(
    title: str, label: str, hint: str, awaited: Sequence[AwaitedOutput] = (), *, optional: bool = False
) -> View:
    return {
        "type": "modal",
        "close": plain("Cancel"),
        "blocks": [
            {"type": "section", "text": plain(one_line(title), _TITLE)},
            *output_inputs(awaited),
            {
                "type": "input",
                "block_id": BLOCK_REASON,
                "label": plain(label),
                "hint": plain(hint),
                "optional": optional,
                "element": {
                    "type": "plain_text_input",
                    "action_id": INPUT_REASON,
                    "multiline": True,
                    "max_length": REASON_LENGTH,
                    "focus_on_load": True,
                },
            },
        ],
    }


def origin(ref: Ref | VersionRef, channel: str, message_ts: str, thread_ts: str | None) -> str:
    """What a button was about, and where it stands: {"ref": …, "channel": …, "message_ts": …, "thread_ts": …?}."""
    found = {"ref": ref.encode(), "channel": channel, "message_ts": message_ts}
    return json.dumps({**found, "thread_ts": thread_ts} if thread_ts else found)
