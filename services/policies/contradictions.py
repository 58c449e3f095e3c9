"""Hard rules that can't all be obeyed: what one demands, another forbids or puts behind itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from itertools import combinations, pairwise

from services.policies.checks import Check, Target


class Conflict(StrEnum):
    """How rules contradict each other."""

    FORBIDDEN = "forbidden"
    CIRCLE = "circle"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two rules, by their places in what was looked at; with a circle the first and the last on it.

    `name` is the component or category that is demanded.
    """

    first: int
    second: int
    conflict: Conflict
    name: str


def contradictions(checks: Sequence[Check], categories: Mapping[str, str]) -> Iterator[Contradiction]:
    """All demands for what is forbidden, all gates at which nobody may agree, and the first circle.

    `categories` are those of components, by key.
    """
    forbidding = [(place, check) for place, check in enumerate(checks) if check.forbidden]
    for place, check in enumerate(checks):
        if check.needs_before is not None:
            yield from _forbidden(place, check.needs_before, forbidding, categories)
    yield from _nobody(checks)
    yield from _circle(checks)


def _forbidden(
    place: int, demand: Target, forbidding: Sequence[tuple[int, Check]], categories: Mapping[str, str]
) -> Iterator[Contradiction]:
    """The demand, if there is nothing among what it would take that is not forbidden."""
    found: list[tuple[int, str]] = []
    for name in demand.component:
        found += [(other, name) for other, check in forbidding if _forbids(check, name, categories)][:1]
    for name in demand.category:
        found += [(other, name) for other, check in forbidding if _has(check.category, name)][:1]
    if len(found) == len(demand.names):
        yield Contradiction(place, found[0][0], Conflict.FORBIDDEN, found[0][1])


def _forbids(check: Check, key: str, categories: Mapping[str, str]) -> bool:
    return key in check.component or _has(check.category, categories.get(key, ""))


def _has(names: Sequence[str], name: str) -> bool:
    return bool(name) and name.casefold() in map(str.casefold, names)


def _nobody(checks: Sequence[Check]) -> Iterator[Contradiction]:
    """Two rules about the same that name people, and no person whom both name."""
    gates = [
        (place, check, check.needs_gate) for place, check in enumerate(checks) if check.needs_gate is not None
    ]
    naming = [(place, check, set(gate.people)) for place, check, gate in gates if gate.people]
    for (place, check, people), (other, second, others) in combinations(naming, 2):
        same = set(_nodes(check)) & set(_nodes(second))
        if same and not people & others:
            yield Contradiction(place, other, Conflict.NOBODY, min(same).partition(":")[2])


def _circle(checks: Sequence[Check]) -> Iterator[Contradiction]:
    """A circle among the rules that leave no choice: each step would have to come after itself."""
    rule_of: dict[tuple[str, str], int] = {}
    graph: dict[str, set[str]] = {}
    for place, check in enumerate(checks):
        needed = [] if check.needs_before is None else _nodes(check.needs_before)
        if len(needed) == 1:
            for node in _nodes(check):
                rule_of.setdefault((node, needed[0]), place)
                graph.setdefault(node, set()).add(needed[0])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # Each node of the circle is needed by the next.
        circle: list[str] = error.args[1]
        places = [rule_of[after, before] for before, after in pairwise(circle)]
        yield Contradiction(places[0], places[-1], Conflict.CIRCLE, circle[0].partition(":")[2])


def _nodes(target: Target) -> list[str]:
    return [
        *(f"component:{name}" for name in target.component),
        *(f"category:{name.casefold()}" for name in target.category),
    ]
