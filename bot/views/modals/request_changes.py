"""The form behind Request changes: what should be different, in words or by choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.languages import _, number
from bot.slack.ids import (
    BLOCK_ASK_BEFORE,
    BLOCK_LEAVE_OUT,
    BLOCK_WISH,
    INPUT_ASK_BEFORE,
    INPUT_LEAVE_OUT,
    INPUT_WISH,
    VIEW_REQUEST_CHANGES,
    Ref,
)
from bot.slack.messages import Block, Element, View
from bot.views.kit.blocks import plain
from bot.views.kit.text import clip
from bot.views.modals.reason import origin
from bot.views.plan.steps import PlanStepView, in_order, writes
from services.components.specs import ComponentSpec
from services.queries.snapshots import PlanSnapshot
from services.workflows.refining import MAX_WISH

MAX_OPTIONS = 100
"""Of a menu: Slack takes no more."""

_OPTION = 75


def request_changes_modal(
    snapshot: PlanSnapshot, *, channel: str, message_ts: str, thread_ts: str | None = None
) -> View:
    """Asks what should be different. Without a plan yet there is nothing to choose from."""
    steps = in_order(snapshot.version) if snapshot.version else ()
    specs = snapshot.version.components if snapshot.version else {}
    choices = _choices(steps, specs) if 1 < len(steps) <= MAX_OPTIONS else []
    return {
        "type": "modal",
        "callback_id": VIEW_REQUEST_CHANGES,
        "title": plain(_("Request changes")),
        "submit": plain(_("Request changes")),
        "close": plain(_("Cancel")),
        "private_metadata": origin(Ref(snapshot.id, snapshot.revision), channel, message_ts, thread_ts),
        "blocks": [_wish(optional=bool(choices)), *choices],
    }


def step_options(steps: Sequence[PlanStepView]) -> list[Element]:
    """The steps as the options of a menu: the number and the title of each, and its id as the value."""
    return [
        {"text": plain(clip(f"{number(step.number)}. {step.title}", _OPTION), _OPTION), "value": step.step.step_id}
        for step in steps
    ]


def _wish(*, optional: bool) -> Block:
    return {
        "type": "input",
        "block_id": BLOCK_WISH,
        "label": plain(_("What should be different?")),
        "hint": plain(_("A new version is made, which people can compare, approve or change again.")),
        "optional": optional,
        "element": {
            "type": "plain_text_input",
            "action_id": INPUT_WISH,
            "multiline": True,
            "max_length": MAX_WISH,
            "focus_on_load": True,
            "placeholder": plain(_("Notify the school too. Assign the crew first, then send the notice.")),
        },
    }


def _choices(steps: Sequence[PlanStepView], specs: Mapping[str, ComponentSpec]) -> list[Block]:
    ungated = [step for step in steps if not step.locked and writes(specs.get(step.step.component_id))]
    asks = _several(BLOCK_ASK_BEFORE, INPUT_ASK_BEFORE, _("Ask a person before"), ungated) if ungated else []
    return [*_several(BLOCK_LEAVE_OUT, INPUT_LEAVE_OUT, _("Leave out"), steps), *asks]


def _several(block_id: str, action_id: str, label: str, steps: Sequence[PlanStepView]) -> list[Block]:
    element: Element = {
        "type": "multi_static_select",
        "action_id": action_id,
        "placeholder": plain(_("Choose steps")),
        "options": step_options(steps),
    }
    return [{"type": "input", "block_id": block_id, "label": plain(label), "optional": True, "element": element}]
