"""The forms that ask why: a step is rejected, skipped or done, or what it has answered is said by a person."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from bot.languages import _
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
from bot.views.run.consequences import rejecting, skipping
from bot.views.run.steps import RunStepView, in_order
from services.queries.snapshots import PlanSnapshot
from services.steps.outputs import AwaitedOutput

REASON_LENGTH = 1_000
_TITLE = 200
_FOLLOWS = 600


def reject_modal(
    ref: Ref, snapshot: PlanSnapshot, *, channel: str, message_ts: str, thread_ts: str | None = None
) -> View:
    """Asks why a step of the plan's run is rejected, and says what follows.

    The private metadata of all four forms is {"ref": …, "channel": …, "message_ts": …, "thread_ts": …?}: what the
    button was about, and where it stands.
    """
    title, follows = _about(ref, snapshot, rejecting)
    hint = _("The reason is shown with the plan and kept on record.")
    return {
        **_form(title, _("Why should it not go on?"), hint, follows=follows),
        "callback_id": VIEW_STEP_REJECT,
        "title": plain(_("Reject step")),
        "submit": plain(_("Reject step")),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
    }


def skip_modal(
    ref: Ref, snapshot: PlanSnapshot, *, channel: str, message_ts: str, thread_ts: str | None = None
) -> View:
    """Says what follows if a step of the plan's run is skipped, and asks why; that may stay empty."""
    title, follows = _about(ref, snapshot, skipping)
    hint = _("The reason is shown with the plan and kept on record.")
    return {
        **_form(title, _("Why is it skipped?"), hint, optional=True, follows=follows),
        "callback_id": VIEW_STEP_SKIP,
        "title": plain(_("Skip step")),
        "submit": plain(_("Skip step")),
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
        **_form(
            title, _("What was done, and how do you know?"), _("It is kept on record with the step."), awaited
        ),
        "callback_id": VIEW_STEP_MARK_DONE,
        "title": plain(_("Mark done")),
        "submit": plain(_("Mark done")),
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
    hint = _("It is kept on record. Once you have saved, press Retry at the step that failed.")
    return {
        **_form(title, _("How do you know?"), hint, awaited),
        "callback_id": VIEW_STEP_EDIT_OUTPUTS,
        "title": plain(_("Fill in answer")),
        "submit": plain(_("Save")),
        "private_metadata": origin(ref, channel, message_ts, thread_ts),
    }


def _about(
    ref: Ref, snapshot: PlanSnapshot, follow: Callable[[RunStepView, Sequence[RunStepView]], str]
) -> tuple[str, str]:
    """The step that a button is about, by its number and title, and what follows from the decision."""
    steps = in_order(snapshot.version, snapshot.run) if snapshot.version and snapshot.run else ()
    step = next((step for step in steps if step.now.id == ref.id), None)
    if step is None:
        return "", ""
    title = _("Step {number}: {title}", number=step.view.number, title=step.view.title)
    return title, follow(step, steps)


def _form(
    title: str,
    label: str,
    hint: str,
    awaited: Sequence[AwaitedOutput] = (),
    *,
    optional: bool = False,
    follows: str = "",
) -> View:
    return {
        "type": "modal",
        "close": plain(_("Cancel")),
        "blocks": [
            {"type": "section", "text": plain(one_line(title), _TITLE)},
            *([{"type": "section", "text": plain(follows, _FOLLOWS)}] if follows else []),
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
