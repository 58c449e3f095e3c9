"""Searches that come too late: whether there is one already is looked up after, or beside, making a new one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from services.components.specs import ComponentSpec
from services.plans.validation.nearest import field_paths
from services.plans.validation.outline import Outline

# The last word of a name that tells things apart, in the languages that town APIs are written in.
_IDENTIFIES = re.compile(
    r"(?:(?<![a-z])|_)(?:id|ids|uuid|nr|no|num|number|key|ref|reference|ticket)$"
    r"|(?<=[a-z])(?:Id|ID|Uuid|Nr|No|Number|Key|Ref|Reference)$"
    r"|(?:nummer|kennung|zeichen|numero|número|numéro|protocolo|folio|番号)$",
)


def late_searches(outline: Outline) -> dict[int, int]:
    """The steps that search for what another step makes, and do not come before it; each with that other step.

    Only what is for nothing else: no step takes what the search finds, and neither does it take anything of what
    was done, nor come after a wait. What two components are about is read off their answers: the one makes what
    the other lists, if both give the same id.
    """
    makers = _Makers(outline)
    if not makers.numbers:
        return {}
    is_after_wait = outline.any_before([role.waits for role in outline.roles])
    found: dict[int, int] = {}
    early: dict[str, bool] = {}
    for number, role in enumerate(outline.roles):
        if not role.looks or outline.taken[number] or is_after_wait[number] or makers.gave_to(number):
            continue
        key = outline.specs[number].key
        made = makers.of_what_is_listed(number)
        if made and key not in early:
            early[key] = makers.follow(key, made)
        if made and not early[key]:
            found[number] = made[0]
    return found


class _Makers:
    """The steps of a plan that make something new, and what."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.numbers = [number for number, role in enumerate(outline.roles) if role.works]
        self.by_subject: dict[str, list[int]] = defaultdict(list)
        for number in self.numbers:
            for subject in _subjects(outline.specs[number]):
                self.by_subject[subject].append(number)
        self._ids: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def gave_to(self, number: int) -> bool:
        """Whether a step takes something of what was made."""
        return any(self.outline.roles[source].works for source in self.outline.sources[number])

    def of_what_is_listed(self, number: int) -> list[int]:
        """The steps that make what a search lists, as far as both are about the same one."""
        spec = self.outline.specs[number]
        makers = dict.fromkeys(maker for subject in _subjects(spec) for maker in self.by_subject.get(subject, ()))
        return [maker for maker in makers if self._makes_listed(maker, spec) and not self._differ(maker, number)]

    def follow(self, key: str, made: list[int]) -> bool:
        """Whether a search by the same component does come before one of the steps."""
        others = [number for number, spec in enumerate(self.outline.specs) if spec.key == key]
        return any(not self.outline.descendants(number).isdisjoint(made) for number in others)

    def _makes_listed(self, maker: int, searching: ComponentSpec) -> bool:
        spec = self.outline.specs[maker]
        given = {item.name.rpartition(".")[2].casefold() for item in self.outline.steps[maker].inputs}
        return bool((self._of(spec)[0] & self._of(searching)[1]) - given)

    def _differ(self, maker: int, number: int) -> bool:
        """Whether they are about different things: another place, another kind."""
        steps = self.outline.steps
        sought = {item.name.casefold(): item.value for item in steps[number].inputs}
        made = {item.name.casefold(): item.value for item in steps[maker].inputs}
        return any(sought[name] != made[name] for name in sought.keys() & made.keys())

    def _of(self, spec: ComponentSpec) -> tuple[frozenset[str], frozenset[str]]:
        """The ids in a component's answer: all of them, and those that it lists."""
        if spec.key not in self._ids:
            self._ids[spec.key] = _ids(spec.response_schema)
        return self._ids[spec.key]


def _subjects(spec: ComponentSpec) -> Iterator[str]:
    """What a component may be about: its category, and the first part of its key."""
    if category := str(spec.category).strip().casefold():
        yield f"category {category}"
    head, dot, _ = spec.key.partition(".")
    if dot:
        yield f"key {head}"


def _ids(schema: object) -> tuple[frozenset[str], frozenset[str]]:
    if not isinstance(schema, Mapping):
        return frozenset(), frozenset()
    paths = [path for path in field_paths(schema) if _IDENTIFIES.search(str(path[-1]))]
    names = frozenset(str(path[-1]).casefold() for path in paths)
    listed = frozenset(str(path[-1]).casefold() for path in paths if 0 in path)
    return names, listed
