"""What the plan maker is told of a workspace's earlier plans, without a session: examples and notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.selection.ranking import Document, Ranking, terms

MAX_EXAMPLES = 2
MAX_NOTES = 10
MAX_NOTE_CHARACTERS = 2_000
"""Of all notes together that go to the plan maker."""

_LEAST_SHARED = 0.5
"""So much of what an example uses has to be chosen for the issue: else it shows another kind of work."""


@dataclass(frozen=True, slots=True)
class Example:
    """An earlier plan as structure: the `components` it used, and its `steps` without a value that anybody gave.

    `likeness` is how much its issue is like this one: 1 for the one that is most like it.
    """

    components: frozenset[str]
    steps: tuple[Mapping[str, Any], ...]
    likeness: float = 1.0


@dataclass(frozen=True, slots=True)
class PlanningNote:
    """What people wish of plans; if it came of a step, of which component."""

    text: str
    component: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Examples and notes. As it is loaded it holds more than is told: what of it fits shows with the selection."""

    examples: tuple[Example, ...] = ()
    notes: tuple[PlanningNote, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        """The keys of the components that the examples used, those of the likest first."""
        return tuple(dict.fromkeys(key for each in self.examples for key in sorted(each.components)))

    def fitting(self, issue_text: str, chosen: Collection[str], known: Collection[str]) -> Memory:
        """What is told with the components that were `chosen` of those that are `known`."""
        return Memory(self._examples(set(chosen), known), _notes(self.notes, issue_text, set(chosen)))

    def _examples(self, chosen: set[str], known: Collection[str]) -> tuple[Example, ...]:
        """The two whose issue and components are likest; none with a component that there is no more."""
        ranked: list[tuple[float, Example]] = []
        for example in self.examples:
            shared = len(example.components & chosen) / max(1, len(example.components))
            if shared >= _LEAST_SHARED and example.components.issubset(known):
                alike = len(example.components & chosen) / len(example.components | chosen)
                ranked.append((alike * example.likeness, example))
        ranked.sort(key=lambda each: -each[0])
        return tuple(example for _, example in ranked[:MAX_EXAMPLES])


NOTHING = Memory()
"""What is remembered where nothing is to be learned, or nothing has happened yet."""


def _notes(notes: Sequence[PlanningNote], issue_text: str, chosen: Collection[str]) -> tuple[PlanningNote, ...]:
    """Those that fit best: what shares words with the issue or is about what was chosen, then as they come."""
    told = [note for note in notes if note.component is None or note.component in chosen]
    documents = (
        Document(str(number), dict.fromkeys(terms(f"{note.text} {note.component or ''}"), 1.0))
        for number, note in enumerate(told)
    )
    scores = Ranking(documents).scores(f"{issue_text} {' '.join(sorted(chosen))}")
    order = sorted(range(len(told)), key=lambda number: (-scores.get(str(number), 0.0), number))
    found: list[PlanningNote] = []
    room = MAX_NOTE_CHARACTERS
    for note in (told[number] for number in order):
        if len(found) < MAX_NOTES and len(note.text) <= room:
            found.append(note)
            room -= len(note.text)
    return tuple(found)
