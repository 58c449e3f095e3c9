"""What a planning note says, in the language of whoever reads it where its words are ours."""

from __future__ import annotations

from collections.abc import Mapping

from bot.languages import N_, Sentence, _
from services.learning.notes import NoteSnapshot
from services.learning.wordings import Wording

_WORDS: Mapping[Wording, Sentence] = {
    Wording.REJECTED: N_("A step with {component} was rejected: {reason}"),
    Wording.SKIPPED: N_("A step with {component} was skipped: {reason}"),
    Wording.EDITED: N_("What {component} had answered was corrected: {reason}"),
    Wording.WISHED: N_("A draft was changed: {reason}"),
    Wording.REMOVED: N_("In a draft, a step with {component} was left out by a person."),
    Wording.GATED: N_("In a draft, a person wanted to be asked before a step with {component}."),
    Wording.UNGATED: N_("In a draft, a person did not want to be asked before a step with {component}."),
}


def note_words(note: NoteSnapshot) -> str:
    """What a note says: in the reader's language where the words are ours, and else as somebody wrote it."""
    ours = note.worded
    if ours is None:
        return note.text
    return _(_WORDS[ours.wording], component=ours.component, reason=ours.reason)
