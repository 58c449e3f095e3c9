"""The modal in which operations, or services, are ticked: check boxes by tag, in pages, with a search by words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bot.languages import N_, Sentence, _, ngettext
from bot.slack import ids
from bot.slack.messages import Block, Element, View
from bot.views.importing.words import GATES
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from services.imports.offers import Offer, OfferedEntry, OfferKind
from services.imports.pages import ChoiceGroup, ChoicePage, choice_page

_OPTION = 75
_TAG = 100
_TITLES: Mapping[bool, Sentence] = {False: N_("Choose operations"), True: N_("Choose services")}
_NOTHING: Mapping[bool, Sentence] = {
    False: N_("Choose at least one operation."),
    True: N_("Choose at least one service."),
}
"""The second is of an Open311 endpoint."""


def choices_modal(offer: Offer, search: str, page: int) -> View:
    """One page of what can be chosen, with what is ticked already."""
    shown = choice_page(offer.entries, search, page)
    return {
        "type": "modal",
        "callback_id": ids.VIEW_CHOICES,
        "title": kit.plain(_(_TITLES[offer.kind is OfferKind.OPEN311])),
        "submit": kit.plain(_("Import")),
        "close": kit.plain(_("Close")),
        "private_metadata": json.dumps({"import": str(offer.id), "page": shown.page, "search": search}),
        "blocks": [
            _search(search),
            kit.actions(kit.button(_("Search"), ids.ACTION_CHOICES_SEARCH, "1")),
            kit.context(kit.plain(_found(offer, shown))),
            *(_group(offer, group) for group in shown.groups),
            *_turning(shown),
        ],
    }


def nothing_chosen(kind: OfferKind) -> str:
    """With nothing ticked there is nothing to import."""
    return _(_NOTHING[kind is OfferKind.OPEN311])


def _search(search: str) -> Block:
    element: Element = {
        "type": "plain_text_input",
        "action_id": ids.INPUT_CHOICES_SEARCH,
        "max_length": ids.SEARCH_LENGTH,
    }
    return {
        "type": "input",
        "block_id": ids.BLOCK_CHOICES_SEARCH,
        "label": kit.plain(_("Words to look for")),
        "element": {**element, "initial_value": search} if search else element,
        "optional": True,
    }


def _found(offer: Offer, shown: ChoicePage) -> str:
    if offer.kind is OfferKind.OPEN311:
        found = ngettext("{count} service", "{count} services", shown.found)
    else:
        found = ngettext("{count} operation", "{count} operations", shown.found)
    return _(
        "{found}, page {page} of {pages}; {chosen} chosen on all pages",
        found=found,
        page=shown.page,
        pages=shown.pages,
        chosen=len(offer.chosen),
    )


def _group(offer: Offer, group: ChoiceGroup) -> Block:
    is_service = offer.kind is OfferKind.OPEN311
    options = {
        number: _service(number, offer.entries[number]) if is_service else _option(number, offer.entries[number])
        for number in group.numbers
    }
    element: Element = {
        "type": "checkboxes",
        "action_id": ids.INPUT_CHOICES,
        "options": list(options.values()),
    }
    if ticked := [option for number, option in options.items() if number in offer.chosen]:
        element["initial_options"] = ticked
    return {
        "type": "input",
        "block_id": f"{ids.BLOCK_CHOICES}{group.numbers[0]}",
        "label": kit.plain(clip(one_line(group.tag), _TAG) or _("Without a tag")),
        "element": element,
        "optional": True,
    }


def _service(number: int, entry: OfferedEntry) -> Element:
    return {
        "text": kit.plain(one_line(entry.name), _OPTION),
        "description": kit.plain(one_line(_("Code {code}", code=entry.id)), _OPTION),
        "value": str(number),
    }


def _option(number: int, entry: OfferedEntry) -> Element:
    gate = _(GATES[entry.gate])
    about = _("{operation}: {gate}", operation=entry.id, gate=gate)
    if entry.state == "changed":
        about = _("Different now. {operation}: {gate}", operation=entry.id, gate=gate)
    return {
        "text": kit.plain(one_line(entry.name), _OPTION),
        "description": kit.plain(one_line(about), _OPTION),
        "value": str(number),
    }


def _turning(shown: ChoicePage) -> list[Block]:
    buttons = []
    if shown.page > 1:
        buttons.append(kit.button(_("Previous"), f"{ids.ACTION_CHOICES_PAGE}.previous", str(shown.page - 1)))
    if shown.page < shown.pages:
        buttons.append(kit.button(_("Next"), f"{ids.ACTION_CHOICES_PAGE}.next", str(shown.page + 1)))
    return [kit.actions(*buttons)] if buttons else []
