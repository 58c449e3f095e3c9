"""The list of components, with a menu that opens one."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from bot.languages import _
from bot.slack.ids import ACTION_COMPONENT_OPEN, ACTION_COMPONENTS_ADD, Ref
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from bot.views.private.lists import components_list
from services.components.search import FoundComponents
from services.components.specs import ComponentSpec
from services.pages import Page

_SEARCH = 140
_NAME = 60


def registry_list(found: FoundComponents, ids: Mapping[str, UUID], search: str = "") -> Message:
    """A page of components; `ids` are theirs, by key. What was read in place of the search is said first."""
    row = _row(found.page, ids)
    message = components_list(found.page, search, read_as=found.read_as, row=row)
    if not found.read_as:
        return message
    said = _(
        "Little matches “{search}”. Shown is what matches “{words}”.",
        search=clip(one_line(search), _SEARCH),
        words=clip(one_line(found.read_as), _SEARCH),
    )
    note = kit.seal([kit.context(kit.plain(said))], f"components.{found.page.page}.read_as")
    return Message(message.text, [*note, *message.blocks])


def _row(page: Page[ComponentSpec], ids: Mapping[str, UUID]) -> list[Block]:
    """What can be done with the list, in one row."""
    elements = [*_open(page, ids), kit.button(_("Add components"), ACTION_COMPONENTS_ADD, "add")]
    return kit.seal([kit.actions(*elements)], f"components.{page.page}.row")


def _open(page: Page[ComponentSpec], ids: Mapping[str, UUID]) -> list[Element]:
    options = [
        {"text": kit.plain(clip(one_line(spec.name), _NAME), kit.BUTTON), "value": Ref(ids[spec.key], 0).encode()}
        for spec in page.items
        if spec.key in ids
    ]
    if not options:
        return []
    return [
        {
            "type": "static_select",
            "action_id": ACTION_COMPONENT_OPEN,
            "placeholder": kit.plain(_("Open a component")),
            "options": options,
        }
    ]
