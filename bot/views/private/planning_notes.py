"""The private list of planning notes, a page at a time, each with what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from bot.languages import N_, Sentence, _, ngettext
from bot.slack.ids import ACTION_NOTE_DELETE, ACTION_NOTE_EDIT, ACTION_NOTES_PAGE, Ref
from bot.slack.messages import Block, Element, Message
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip, one_line
from bot.views.plan.notes import note_words
from bot.views.private.lists import page_turns
from services.learning.notes import MAX_TEXT, NoteSnapshot, Origin
from services.pages import Page

_LONGEST = (MAX_TEXT, 300, 150, 60)
"""How long notes are shown; the next one if the page is too long."""

_ORIGINS: Mapping[Origin, Sentence] = {
    Origin.REJECTED: N_("from a rejected step, by {who}"),
    Origin.SKIPPED: N_("from a skipped step, by {who}"),
    Origin.EDITED: N_("from a corrected answer, by {who}"),
    Origin.CHANGED: N_("from a changed draft, by {who}"),
    Origin.WRITTEN: N_("written by {who}"),
}
_ABOUT = N_("New plans take those into account that fit the issue. People still approve every plan.")
_NONE = N_(
    "There are no planning notes yet. The reason for a rejected or skipped step becomes one. You can write others."
)
_OFF = N_("Learning is switched off here: plans do not use these notes, and none is added automatically.")


def planning_notes_list(page: Page[NoteSnapshot], *, is_on: bool) -> Message:
    """One page of the notes; `is_on`: whether the plan maker is told of them."""
    heading = ngettext("{count} planning note", "{count} planning notes", page.total)
    about = (_ABOUT if page.total else _NONE) if is_on else _OFF
    write = kit.actions(kit.button(_("Write a note"), ACTION_NOTE_EDIT, Ref(UUID(int=0), 0).encode()))
    for longest in _LONGEST:
        items = [block for note in page.items for block in _note(note, longest)]
        turns = page_turns(page, "", ACTION_NOTES_PAGE)
        blocks = kit.seal(
            [kit.header(heading), kit.context(kit.plain(_(about))), *items, write, *turns], f"notes.{page.page}"
        )
        if kit.size(blocks) <= kit.MESSAGE_SIZE:
            break
    return Message(text=kit.fallback(heading), blocks=blocks)


def _note(note: NoteSnapshot, longest: int) -> list[Block]:
    ref = Ref(note.id, note.revision).encode()
    ask = kit.confirm(_("Delete this note?"), _("It is gone for good."), yes=_("Delete"), no=_("Keep"))
    words = kit.paragraph(
        kit.span(clip(one_line(note_words(note)), longest)),
        kit.span("\n"),
        *map(_slanted, kit.runs(_(_ORIGINS[note.origin]), who=kit.person(note.author))),
    )
    buttons = kit.actions(
        kit.button(_("Edit"), ACTION_NOTE_EDIT, ref),
        kit.button(_("Delete"), ACTION_NOTE_DELETE, ref, style="danger", ask=ask),
    )
    return [kit.rich_text(words), buttons]


def _slanted(run: Element) -> Element:
    return {**run, "style": {"italic": True}} if run["type"] == "text" else run
