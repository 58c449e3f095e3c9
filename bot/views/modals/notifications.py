"""The form in which a person says how they want to be told, and who decides for them while they are away."""

from __future__ import annotations

from datetime import date

from bot.languages import N_, _
from bot.slack.ids import (
    BLOCK_DEPUTY,
    BLOCK_FIRST_DAY,
    BLOCK_LAST_DAY,
    BLOCK_MODE,
    INPUT_DEPUTY,
    INPUT_FIRST_DAY,
    INPUT_LAST_DAY,
    INPUT_MODE,
    VIEW_NOTIFICATIONS,
)
from bot.slack.messages import Block, Element, View
from bot.views.kit.blocks import plain
from bot.views.modals.new_issue import destination
from services.notifications.preferences import NotificationMode, Preferences

_MODES = {
    NotificationMode.EACH: (N_("Each at once"), N_("A direct message for all that waits for you")),
    NotificationMode.DIGEST: (
        N_("One message a day, at 9"),
        N_("All that waits for you, with links to the cards"),
    ),
    NotificationMode.MINE: (N_("Only what is mine"), N_("What you started, or are asked about by name")),
}


def notifications_modal(preferences: Preferences, channel_id: str, *, response_url: str | None = None) -> View:
    """The form, filled in with what is set now. Its private metadata is that of the form for a new issue."""
    return {
        "type": "modal",
        "callback_id": VIEW_NOTIFICATIONS,
        "title": plain(_("Notifications")),
        "submit": plain(_("Save")),
        "close": plain(_("Cancel")),
        "private_metadata": destination(channel_id, response_url),
        "blocks": [
            _input(BLOCK_MODE, _("How are you told what waits for you?"), _mode(preferences.mode)),
            _input(
                BLOCK_DEPUTY,
                _("Who decides for you while you are away?"),
                _person(preferences.deputy),
                _(
                    "Someone of your organisation. They may decide what you may, except about their own reports. "
                    "It stays on record that they did it for you."
                ),
                optional=True,
            ),
            _input(BLOCK_FIRST_DAY, _("First day away"), _day(INPUT_FIRST_DAY, preferences.first), optional=True),
            _input(BLOCK_LAST_DAY, _("Last day away"), _day(INPUT_LAST_DAY, preferences.last), optional=True),
        ],
    }


def _input(block_id: str, label: str, element: Element, hint: str = "", *, optional: bool = False) -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    return {**block, "hint": plain(hint)} if hint else block


def _mode(chosen: NotificationMode) -> Element:
    options = {
        mode: {"text": plain(_(label)), "description": plain(_(words)), "value": mode.value}
        for mode, (label, words) in _MODES.items()
    }
    return {
        "type": "radio_buttons",
        "action_id": INPUT_MODE,
        "options": list(options.values()),
        "initial_option": options[chosen],
    }


def _person(user: str | None) -> Element:
    element: Element = {
        "type": "users_select",
        "action_id": INPUT_DEPUTY,
        "placeholder": plain(_("Choose a person")),
    }
    return {**element, "initial_user": user} if user else element


def _day(action_id: str, day: date | None) -> Element:
    element: Element = {"type": "datepicker", "action_id": action_id, "placeholder": plain(_("Choose a day"))}
    return {**element, "initial_date": day.isoformat()} if day else element
