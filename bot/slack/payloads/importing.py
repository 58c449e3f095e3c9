"""What people submit when they add components: the form, and what they tick of a preview."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from bot.slack import ids
from bot.slack.payloads.reading import CHANNEL, KEY, USER, Body, matching, parser, text

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class AddComponentsForm:
    """The form for new components was submitted. Its texts are as they were typed or chosen; empty for nothing."""

    key: str
    channel: str
    user: str
    kind: str
    url: str
    preset: str
    jurisdiction: str
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What is ticked on a page of the modal `view`, which was submitted, or one of its buttons pressed.

    `page` and `search` say which page it is; `typed` is what stands in the field for words, `action` and `value`
    are those of the button.
    """

    key: str
    user: str
    view: str
    target: UUID
    page: int
    search: str
    typed: str
    ticked: tuple[int, ...]
    action: str = ""
    value: str = ""
    channel: str = ""


@parser
def add_components(body: Body) -> AddComponentsForm:
    """A submission of the form for new components."""
    view = body["view"]
    given = {action_id: state for block in view["state"]["values"].values() for action_id, state in block.items()}
    origin = json.loads(view["private_metadata"])
    return AddComponentsForm(
        key=f"view:{matching(KEY, view['id'])}",
        channel=matching(CHANNEL, origin["channel"]),
        user=matching(USER, body["user"]["id"]),
        kind=text((given[ids.INPUT_ADD_KIND].get("selected_option") or {}).get("value")),
        url=text(given[ids.INPUT_ADD_URL].get("value")).strip(),
        preset=text((given[ids.INPUT_ADD_PRESET].get("selected_option") or {}).get("value")),
        jurisdiction=text(given[ids.INPUT_ADD_JURISDICTION].get("value")).strip(),
        # A form that was opened before an upgrade has no place for it.
        api_key=text(given.get(ids.INPUT_ADD_KEY, {}).get("value")).strip(),
    )


@parser
def choices(body: Body) -> Choices:
    """A submission of the modal of choices, or a press of a button in it."""
    view = body["view"]
    about = json.loads(view["private_metadata"])
    values = view["state"]["values"]
    actions = body.get("actions") or [{}]
    key = (
        f"click:{matching(KEY, body['trigger_id'])}"
        if body.get("actions")
        else f"view:{matching(KEY, view['id'])}"
    )
    return Choices(
        key=key,
        user=matching(USER, body["user"]["id"]),
        view=matching(KEY, view["id"]),
        target=UUID(text(about["import"])),
        page=int(about["page"]),
        search=text(about["search"]),
        typed=text(values[ids.BLOCK_CHOICES_SEARCH][ids.INPUT_CHOICES_SEARCH].get("value")).strip(),
        ticked=tuple(_ticked(values)),
        action=text(actions[0].get("action_id")),
        value=text(actions[0].get("value")),
    )


def _ticked(values: Body) -> Iterator[int]:
    for block_id, block in values.items():
        if block_id.startswith(ids.BLOCK_CHOICES) and ids.INPUT_CHOICES in block:
            for option in block[ids.INPUT_CHOICES].get("selected_options") or ():
                yield int(text(option["value"])[:_DIGITS])
