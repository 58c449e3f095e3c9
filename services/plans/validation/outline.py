"""A plan as its sense is judged: what comes before and after each step, and what each of them is for.

Steps go by their numbers, from 0 in the order of the plan. All that is done over the whole plan is linear in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.components.builtins import ASK_PERSON
from services.components.specs import ApprovalPolicy, ComponentSpec
from services.formats.strict_json import Path
from services.plans.references import RESERVED
from services.plans.validation.reading import ReadStep
from services.plans.validation.telling import is_notifying

SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Role:
    """What a component does. `looks`: it only looks something up; `acts`: it may change something, or tell people.

    `works`: it changes something, and somebody has to agree before it does. `waits`: it lets time pass, or asks.
    """

    looks: bool
    acts: bool
    works: bool
    waits: bool
    is_own: bool

    @classmethod
    def of(cls, spec: ComponentSpec) -> Role:
        """By its method and its category."""
        is_own = spec.type == "BUILTIN"
        is_safe = str(spec.http_method).upper() in SAFE_METHODS
        tells = is_notifying(spec)
        return cls(
            looks=is_safe and not is_own and not tells,
            acts=not is_safe,
            works=not (is_safe or is_own or tells or spec.approval is ApprovalPolicy.NONE),
            waits=is_own and (is_safe or spec.key == ASK_PERSON),
            is_own=is_own,
        )


class Outline:
    """The steps of a plan whose order is sound; `read` are the same with what they refer to.

    `before` and `after` are the steps right before and after each. `sources` are those that a step takes something
    from, `taken` the paths that others take of its answer.
    """

    def __init__(self, plan: Sequence[ReadStep], specs: Sequence[ComponentSpec]) -> None:
        self.read = plan
        self.steps = steps = [read.step for read in plan]
        self.specs = specs
        kinds: dict[str, Role] = {}
        self.roles = [kinds.get(spec.key) or kinds.setdefault(spec.key, Role.of(spec)) for spec in specs]
        self.before: list[set[int]] = [set() for _ in steps]
        self.after: list[set[int]] = [set() for _ in steps]
        self.sources: list[set[int]] = [set() for _ in steps]
        self.taken: list[list[Path]] = [[] for _ in steps]
        self.order: list[int] = []

    @classmethod
    def of(cls, plan: Sequence[ReadStep], components: Mapping[str, ComponentSpec]) -> Outline | None:
        """None for a plan that could not be carried out as it stands, and so has no sense to be judged."""
        specs = [spec for read in plan if (spec := components.get(read.step.component_id)) is not None]
        numbers = {read.step.step_id: number for number, read in enumerate(plan)}
        if len(specs) < len(plan) or len(numbers) < len(plan):
            return None
        outline = cls(plan, specs)
        return outline if outline._connect(numbers) and outline._sort() else None

    def any_after(self, marks: Sequence[bool]) -> list[bool]:
        """For each step whether one that comes after it, however far, is marked."""
        found = [False] * len(marks)
        for number in reversed(self.order):
            found[number] = any(marks[later] or found[later] for later in self.after[number])
        return found

    def any_before(self, marks: Sequence[bool]) -> list[bool]:
        """For each step whether one that comes before it, however far, is marked."""
        found = [False] * len(marks)
        for number in self.order:
            found[number] = any(marks[earlier] or found[earlier] for earlier in self.before[number])
        return found

    def ancestors(self, number: int) -> set[int]:
        """All steps that come before one."""
        return _reached(self.before, number)

    def descendants(self, number: int) -> set[int]:
        """All steps that come after one."""
        return _reached(self.after, number)

    def gates(self) -> list[bool]:
        """For each step whether people are asked, and so look at what was found before it."""
        return [
            step.requires_approval or spec.approval is ApprovalPolicy.STEP or spec.key == ASK_PERSON
            for step, spec in zip(self.steps, self.specs, strict=True)
        ]

    def _connect(self, numbers: Mapping[str, int]) -> bool:
        """Draw every edge; whether each of them leads to another step."""
        for number, read in enumerate(self.read):
            for target in read.step.next:
                if not self._draw(number, numbers.get(target)):
                    return False
            for found in read.references:
                if found.source in RESERVED:
                    continue
                source = numbers.get(found.source)
                if source is None:
                    return False
                if source not in self.sources[number]:
                    if not self._draw(source, number):
                        return False
                    self.sources[number].add(source)
                self.taken[source].append(found.path)
        return True

    def _draw(self, start: int | None, end: int | None) -> bool:
        if start is None or end is None or start == end:
            return False
        self.after[start].add(end)
        self.before[end].add(start)
        return True

    def _sort(self) -> bool:
        """Put the steps in an order in which they could be done; whether there is one."""
        missing = [len(before) for before in self.before]
        self.order = [number for number, count in enumerate(missing) if count == 0]
        for number in self.order:
            for later in self.after[number]:
                missing[later] -= 1
                if missing[later] == 0:
                    self.order.append(later)
        return len(self.order) == len(self.steps)


def _reached(edges: Sequence[set[int]], start: int) -> set[int]:
    found: set[int] = set()
    work = [start]
    while work:
        for other in edges[work.pop()]:
            if other not in found:
                found.add(other)
                work.append(other)
    return found
