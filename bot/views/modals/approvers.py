"""Approvals: the form that sets who may decide, and the reminder that a step waits for them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.languages import N_, _, ngettext
from bot.slack.ids import (
    BLOCK_APPROVERS,
    BLOCK_LIMIT,
    BLOCK_OUTCOME,
    BLOCK_QUORUM,
    BLOCK_REMINDER,
    INPUT_APPROVERS,
    INPUT_LIMIT,
    INPUT_OUTCOME,
    INPUT_QUORUM,
    INPUT_REMINDER,
    VIEW_APPROVALS,
)
from bot.slack.messages import Block, Element, View
from bot.views.kit.blocks import plain
from bot.views.kit.text import sentences
from bot.views.modals.new_issue import destination
from services.approvals import ApprovalRules, LimitOutcome

MAX_REMINDER_MINUTES = 7 * 24 * 60
MAX_LIMIT_MINUTES = 90 * 24 * 60
"""Both in minutes."""

_NOBODY_NAMED = N_(
    "While nobody is named, anyone can decide, even about their own report. Once people are named, only they can, "
    "and never about what they reported themselves."
)
_NAMED = N_(
    "Only these people can decide, and never about what they reported themselves. With nobody here, anyone can."
)

_OUTCOMES = {
    LimitOutcome.WAIT: N_("The step keeps waiting"),
    LimitOutcome.FAIL: N_("The step fails; it can be retried"),
    LimitOutcome.SKIP: N_("The step is skipped, the rest goes on"),
}


def approvals_modal(settings: ApprovalRules, channel_id: str, *, response_url: str | None = None) -> View:
    """The form, filled in with the rules of now. Its private metadata is that of the form for a new issue."""
    return {
        "type": "modal",
        "callback_id": VIEW_APPROVALS,
        "title": plain(_("Who can decide")),
        "submit": plain(_("Save")),
        "close": plain(_("Cancel")),
        "private_metadata": destination(channel_id, response_url),
        "blocks": [
            _input(
                BLOCK_APPROVERS,
                _("Approvers"),
                _people(settings.approvers),
                _(_NAMED) if settings.approvers else _(_NOBODY_NAMED),
                optional=True,
            ),
            _input(
                BLOCK_QUORUM,
                _("How many must approve a step?"),
                _number(INPUT_QUORUM, settings.quorum, 1),
                _quorum_hint(settings),
            ),
            _input(
                BLOCK_REMINDER,
                _("Remind after how many minutes?"),
                _number(INPUT_REMINDER, settings.remind_after_minutes, 0),
                _("0 means never. Later reminders come less and less often."),
            ),
            _input(
                BLOCK_LIMIT,
                _("Time limit in minutes"),
                _number(INPUT_LIMIT, settings.limit_minutes, 1),
                _("Leave empty for none. Silence never counts as approval."),
                optional=True,
            ),
            _input(BLOCK_OUTCOME, _("If nobody has decided by then"), _outcome(settings.limit_outcome)),
        ],
    }


def _quorum_hint(settings: ApprovalRules) -> str:
    """What to mind; first, where it is so, that a report by an approver leaves too few to decide about it."""
    now = ngettext(
        "Now {quorum} of {count} approver must approve, so what one of them reports waits forever.",
        "Now {quorum} of {count} approvers must approve, so what one of them reports waits forever.",
        len(settings.approvers),
        quorum=settings.quorum,
    )
    advice = _(
        "Name more approvers than must approve: nobody decides about their own report. "
        "For a whole plan, one approval is enough."
    )
    return sentences([now if len(settings.approvers) == settings.quorum else "", advice])


def _input(block_id: str, label: str, element: Element, hint: str = "", *, optional: bool = False) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    return {**block, "hint": plain(hint)} if hint else block


def _people(approvers: Sequence[str]) -> Element:
    element: Element = {
        "type": "multi_users_select",
        "action_id": INPUT_APPROVERS,
        "placeholder": plain(_("Choose people")),
    }
    return {**element, "initial_users": list(approvers)} if approvers else element


def _number(action_id: str, value: float | None, least: int) -> Element:
    element: Element = {
        "type": "number_input",
        "action_id": action_id,
        "is_decimal_allowed": False,
        "min_value": str(least),
    }
    return element if value is None else {**element, "initial_value": f"{value:g}"}


def _outcome(chosen: LimitOutcome) -> Element:
    options = {outcome: {"text": plain(_(words)), "value": outcome.value} for outcome, words in _OUTCOMES.items()}
    return {
        "type": "static_select",
        "action_id": INPUT_OUTCOME,
        "options": list(options.values()),
        "initial_option": options[chosen],
    }
