"""What a planning note says in words of ours, where it was made of a decision and nobody has written it anew.

It is kept in English, as the plan maker is told it; a view says the same to people in their language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Wording(StrEnum):
    """Which of our sentences a note is."""

    REJECTED = "rejected"
    SKIPPED = "skipped"
    EDITED = "edited"
    WISHED = "wished"
    REMOVED = "removed"
    GATED = "gated"
    UNGATED = "ungated"


_SENTENCES: Mapping[Wording, str] = {
    Wording.REJECTED: "A step with {component} was rejected: {reason}",
    Wording.SKIPPED: "A step with {component} was skipped: {reason}",
    Wording.EDITED: "What {component} had answered was corrected: {reason}",
    Wording.WISHED: "A draft was changed: {reason}",
    Wording.REMOVED: "In a draft, a step with {component} was left out by a person.",
    Wording.GATED: "In a draft, a person wanted to be asked before a step with {component}.",
    Wording.UNGATED: "In a draft, a person did not want to be asked before a step with {component}.",
}


@dataclass(frozen=True, slots=True)
class Worded:
    """A sentence of ours with what stands in it; `reason` is in the words of whoever gave it."""

    wording: Wording
    component: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return _SENTENCES[self.wording].format(component=self.component, reason=self.reason)


def worded(text: str, component: str | None) -> Worded | None:
    """The sentence of ours that a kept note is; None for one that a person wrote or changed."""
    for wording, sentence in _SENTENCES.items():
        begins = str(Worded(wording, component or ""))
        if text.startswith(begins) and (text != begins) == ("{reason}" in sentence):
            return Worded(wording, component or "", text.removeprefix(begins))
    return None
