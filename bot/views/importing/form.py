"""The form in which an admin says where components are to come from."""

from __future__ import annotations

from bot.languages import _
from bot.slack import ids
from bot.slack.messages import Block, Element, View
from bot.views.kit import blocks as kit
from bot.views.kit.text import one_line
from bot.views.modals.new_issue import destination
from services.open311.presets import presets

OPENAPI, OPEN311 = "openapi", "open311"


def add_modal(channel: str, *, response_url: str | None = None) -> View:
    """The form. Its private metadata is that of the form for a new issue."""
    kinds = [(OPENAPI, _("An OpenAPI document")), (OPEN311, _("An Open311 endpoint"))]
    options = [{"text": kit.plain(words), "value": kind} for kind, words in kinds]
    return {
        "type": "modal",
        "callback_id": ids.VIEW_ADD_COMPONENTS,
        "title": kit.plain(_("Add components")),
        "submit": kit.plain(_("Preview")),
        "close": kit.plain(_("Cancel")),
        "private_metadata": destination(channel, response_url),
        "blocks": [
            kit.section(_("You see what would be added first. You can also send me a file in a direct message.")),
            _input(
                ids.BLOCK_ADD_KIND,
                _("What do you have?"),
                {
                    "type": "radio_buttons",
                    "action_id": ids.INPUT_ADD_KIND,
                    "options": options,
                    "initial_option": options[0],
                },
            ),
            _input(
                ids.BLOCK_ADD_URL,
                _("Its address"),
                {"type": "plain_text_input", "action_id": ids.INPUT_ADD_URL, "max_length": 2000},
                optional=True,
            ),
            _input(ids.BLOCK_ADD_PRESET, _("Or a known Open311 city"), _presets(), optional=True),
            _input(
                ids.BLOCK_ADD_JURISDICTION,
                _("Jurisdiction, where an Open311 endpoint has several"),
                {"type": "plain_text_input", "action_id": ids.INPUT_ADD_JURISDICTION, "max_length": 200},
                optional=True,
            ),
            _input(
                ids.BLOCK_ADD_KEY,
                _("Where its key is, where filing a request takes one"),
                {"type": "plain_text_input", "action_id": ids.INPUT_ADD_KEY, "max_length": 150},
                optional=True,
                hint=_(
                    "Write secret:NAME to set it here afterwards, in the details of each component that files "
                    "requests, or env:NAME for a variable of the server. Never the key itself."
                ),
            ),
        ],
    }


def _presets() -> Element:
    options = [
        {"text": kit.plain(one_line(preset.name), kit.BUTTON), "value": key}
        for key, preset in sorted(presets().items(), key=lambda each: each[1].name)
    ]
    return {
        "type": "static_select",
        "action_id": ids.INPUT_ADD_PRESET,
        "placeholder": kit.plain(_("Choose a city")),
        "options": options[:100],
    }


def _input(block_id: str, label: str, element: Element, *, optional: bool = False, hint: str = "") -> Block:
    return {
        **({"hint": kit.plain(hint)} if hint else {}),
        "type": "input",
        "block_id": block_id,
        "label": kit.plain(label),
        "element": element,
        "optional": optional,
    }
