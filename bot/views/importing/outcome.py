"""What became of an offer: what was added, that it was cancelled, or that it is too old."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bot.languages import _, ngettext
from bot.slack.ids import COMMAND_COMPONENTS, COMMAND_MUDDA
from bot.slack.messages import Message
from bot.views.importing.refusals import import_metadata
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, join, one_line, sentences

_NAMES = 10
_TITLE = 100


def imported_message(offer_id: UUID, result: Mapping[str, Any]) -> Message:
    """What was added and brought up to date, and where it is listed."""
    created, updated, kept = result["created"], result["updated"], result["kept"]
    title = clip(one_line(str(result["title"])), _TITLE)
    said = [
        ngettext(
            "{count} component of {title} was added: {names}.",
            "{count} components of {title} were added: {names}.",
            len(created),
            title=title,
            names=join(created, most=_NAMES),
        )
        if created
        else "",
        ngettext(
            "{count} component of {title} was brought up to date: {names}.",
            "{count} components of {title} were brought up to date: {names}.",
            len(updated),
            title=title,
            names=join(updated, most=_NAMES),
        )
        if updated
        else "",
        "" if created or updated else _("Nothing of {title} had to be changed.", title=title),
        _("What people changed by hand was kept in {names}.", names=join(kept, most=_NAMES)) if kept else "",
    ]
    where = _("`{command}` shows what plans can use.", command=COMMAND_COMPONENTS)
    text = sentences(said)
    block = kit.rich_text(kit.paragraph(kit.span(clip(text, 2_000) + " "), *kit.typed(where)))
    return Message(kit.fallback(text), kit.seal([block], "import"), import_metadata(offer_id))


def cancelled_message(offer_id: UUID) -> Message:
    """Somebody thought better of it."""
    text = _("Cancelled. Nothing was added.")
    return Message(text, kit.seal([kit.section(text)], "import"), import_metadata(offer_id))


def too_old_message(offer_id: UUID) -> Message:
    """A preview of yesterday, or one that was overtaken by many others."""
    text = _(
        "This preview is too old, and nothing was added. Send the document again, or type "
        "`{command} components add`.",
        command=COMMAND_MUDDA,
    )
    return Message(text, kit.seal([kit.section(text)], "import"), import_metadata(offer_id))


def not_imported_message(offer_id: UUID, problem: str) -> Message:
    """It could be previewed, and can't be imported now."""
    text = _("Nothing was added. {problem} Send the document again.", problem=problem)
    block = kit.rich_text(kit.paragraph(kit.span(text)))
    return Message(kit.fallback(text), kit.seal([block], "import"), import_metadata(offer_id))
