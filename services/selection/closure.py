"""A selection closed over its needs: whatever gives an id that a chosen component requires is chosen with it.

A plan in which a crew is assigned needs a component that returns crews. The selector may forget it; here nothing
is chosen for what an issue says, only for what schemas say. The same selection is always closed in the same way.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from services.components.specs import ComponentSpec
from services.selection.traits import BARE, Need, Traits, traits_of

MAX_ADDED = 8
"""So many components are added at most: a selection that lacks more is not one that schemas can mend."""


class Match(IntEnum):
    """How a component gives what is needed: by that very name, as its `id` without more, or nearly so."""

    NAME = 0
    BARE = 1
    ENDING = 2


def with_producers(selected: Sequence[str], components: Mapping[str, ComponentSpec]) -> tuple[str, ...]:
    """The selected keys as they are, and behind them those of the components that give what they need."""
    return Closure(traits_of(spec) for spec in components.values()).close(selected)


class Closure:
    """The components of a workspace, looked up by what they give."""

    def __init__(self, components: Iterable[Traits]) -> None:
        self._traits = {traits.key: traits for traits in components}
        self._by_name: dict[str, list[Traits]] = defaultdict(list)
        self._by_bare: dict[str, list[Traits]] = defaultdict(list)
        self._found: dict[Need, dict[str, Match]] = {}
        for traits in self._traits.values():
            for name in traits.gives:
                self._by_name[name].append(traits)
            for name in traits.gives_bare:
                self._by_bare[name].append(traits)

    def close(self, selected: Sequence[str], limit: int = MAX_ADDED) -> tuple[str, ...]:
        """The selected keys, and at most `limit` more. Keys of no component are kept, and need nothing."""
        chosen = dict.fromkeys(selected)
        waiting = deque(chosen)
        met: set[Need] = set()
        room = limit
        while waiting:
            traits = self._traits.get(waiting.popleft())
            for need in traits.needs if traits else ():
                if need in met:
                    continue
                met.add(need)
                found = self._producer(need, chosen) if room > 0 else None
                if found is not None:
                    chosen[found] = None
                    waiting.append(found)
                    room -= 1
        return tuple(chosen)

    def _producer(self, need: Need, chosen: Mapping[str, None]) -> str | None:
        """The component to add for a need; None if one is chosen already, or if there is none."""
        found = self._candidates(need)
        if any(key in chosen and match is not Match.ENDING for key, match in found.items()):
            return None
        best = min(found, key=lambda key: self._rank(key, found[key], need, chosen), default=None)
        return None if best in chosen else best

    def _candidates(self, need: Need) -> dict[str, Match]:
        """Who gives what is needed. Who needs the very same to begin with only says it again."""
        if need not in self._found:
            self._found[need] = self._search(need)
        return self._found[need]

    def _search(self, need: Need) -> dict[str, Match]:
        if need.is_bare:
            groups = [self._givers(f"{noun}{BARE}", need) for noun in need.of]
            # What the fewest are about says most: the requests of open311, and not all that is open311's.
            return min(filter(None, groups), key=len, default={})
        if found := self._givers(need.name, need):
            return found
        for start in range(1, len(need.of)):
            ending = "".join(need.of[start:]) + need.name.removeprefix("".join(need.of))
            if near := self._givers(ending, need):
                return dict.fromkeys(near, Match.ENDING)
        return {}

    def _givers(self, name: str, need: Need) -> dict[str, Match]:
        found = {traits.key: Match.BARE for traits in self._by_bare.get(name, ())}
        found |= {traits.key: Match.NAME for traits in self._by_name.get(name, ())}
        return {key: match for key, match in found.items() if not _repeats(self._traits[key], need)}

    def _rank(self, key: str, match: Match, need: Need, chosen: Mapping[str, None]) -> tuple[object, ...]:
        """The smaller the better: what changes nothing, what is about it, and what needs little itself."""
        traits = self._traits[key]
        lacking = sum(not self._is_met(own, chosen) for own in traits.needs)
        return (
            match is Match.ENDING,
            not traits.is_safe,
            traits.about.isdisjoint(need.nouns),
            lacking,
            match,
            traits.approval,
            traits.required,
            key,
        )

    def _is_met(self, need: Need, chosen: Mapping[str, None]) -> bool:
        return any(key in chosen for key in self._candidates(need))


def _repeats(traits: Traits, need: Need) -> bool:
    """Whether a component has to be given what it is asked for."""
    return any(
        not own.nouns.isdisjoint(need.nouns) if own.is_bare or need.is_bare else own.name == need.name
        for own in traits.needs
    )
