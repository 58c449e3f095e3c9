"""The form in which somebody says what their issue does not say."""

from __future__ import annotations

from collections.abc import Mapping

from bot.languages import N_, _
from bot.slack.ids import BLOCK_LACK, INPUT_LACK, VIEW_CLARIFY, Ref
from bot.slack.messages import Block, View
from bot.views.kit import blocks as kit
from bot.views.modals.reason import origin
from services.places import MAX_PLACE
from services.queries.snapshots import PlanSnapshot
from services.workflows.clarifications import MAX_ANSWER, Clarification, Lack

_LABELS: Mapping[Lack, str] = {
    Lack.PLACE: N_("Where is it?"),
    Lack.TIME: N_("When?"),
    Lack.WHAT: N_("What exactly is wrong?"),
    Lack.CREW: N_("Which crew should do it?"),
}
_EXAMPLES: Mapping[Lack, str] = {
    Lack.PLACE: N_("5th and Main, in front of the library"),
    Lack.TIME: N_("Since this morning. Or: by Friday at noon."),
    Lack.WHAT: N_("The lamp flickers and goes out after a minute"),
    Lack.CREW: N_("The night crew of the Northside depot"),
}

NOTHING_SAID = N_("Write a word or two, or close this and press Plan anyway.")
"""Said with `_`."""


def clarify_modal(
    snapshot: PlanSnapshot, asked: Clarification, *, channel: str, message_ts: str, thread_ts: str | None = None
) -> View:
    """A field for each thing that is not said."""
    lacks = lacks_of(asked)
    return {
        "type": "modal",
        "callback_id": VIEW_CLARIFY,
        "title": kit.plain(_("Before I plan this")),
        "submit": kit.plain(_("Answer")),
        "close": kit.plain(_("Cancel")),
        "private_metadata": origin(Ref(snapshot.id, snapshot.revision), channel, message_ts, thread_ts),
        "blocks": [_field(lack, alone=len(lacks) == 1, first=lack is lacks[0]) for lack in lacks],
    }


def lacks_of(asked: Clarification) -> tuple[Lack, ...]:
    """What the form asks: of several places in question, the place."""
    return (Lack.PLACE, *asked.lacks) if asked.choices else asked.lacks


def _field(lack: Lack, *, alone: bool, first: bool) -> Block:
    longest = MAX_PLACE if lack is Lack.PLACE else MAX_ANSWER
    return {
        "type": "input",
        "block_id": f"{BLOCK_LACK}{lack.value}",
        "label": kit.plain(_(_LABELS[lack])),
        "optional": not alone,
        "element": {
            "type": "plain_text_input",
            "action_id": INPUT_LACK,
            "max_length": longest,
            "focus_on_load": first,
            "placeholder": kit.plain(_(_EXAMPLES[lack])),
        },
    }
