"""Sense: what can be carried out as it stands, and is surely not what anybody means.

Only a plan whose order is sound is judged, and only what holds whatever the answers turn out to be: people write
plans that look odd and are right, so where there is a good reason that a plan may have, nothing is said.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from itertools import islice, pairwise

from services.components.builtins import NOTIFY
from services.components.specs import ComponentSpec
from services.formats import strict_json
from services.plans.model import Plan
from services.plans.references import OPEN, RESERVED, Reference, parse
from services.plans.validation.acts import Acts
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.flows import SCALARS, Shape
from services.plans.validation.outline import Outline
from services.plans.validation.reading import ReadInput, ReadStep, read_plan
from services.plans.validation.searches import late_searches
from services.plans.validation.telling import may_tell_reporter, surely_tells_reporter

_MAX_COMPARED = 40
"""So many pairs of equal writes are looked at closely; each takes a walk through the plan."""


def sense_faults(
    plan: Plan, components: Mapping[str, ComponentSpec], read: Sequence[ReadStep] | None = None
) -> Iterator[Fault]:
    """All that makes no sense in a plan over these components, as warnings; nothing for one that is not sound.

    `read` are the plan's steps, if somebody has read them already.
    """
    outline = Outline.of(read_plan(plan) if read is None else read, components)
    if outline is None:
        return
    sense = _Sense(outline)
    yield from sense.repeated_writes()
    yield from sense.look_ups()
    yield from sense.outputs()
    yield from sense.reporter()
    acts = Acts(components.values())
    for step, spec in zip(outline.steps, outline.specs, strict=True):
        named = acts.named_instead(step, spec)
        if named is not None:
            facts = {"component": spec.key, "named": named}
            yield fault(FaultCode.MISNAMED_STEP, step.step_id, "description", **facts)


class _Sense:
    """One plan whose sense is judged."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.steps = outline.steps
        self.acts = [role.acts for role in outline.roles]

    @cached_property
    def is_read_later(self) -> list[bool]:
        """Whether people are asked something after a step, and look at the card then."""
        return self.outline.any_after(self.outline.gates())

    @cached_property
    def acts_later(self) -> list[bool]:
        """Whether anything is done after a step. If not, what it finds is the end of its branch, for people."""
        return self.outline.any_after(self.acts)

    def repeated_writes(self) -> Iterator[Fault]:
        alike = defaultdict(list)
        for number in self.outline.order:
            if self.acts[number]:
                alike[self.steps[number].component_id, _sources(self.outline.read[number])].append(number)
        groups = defaultdict(list)
        for (component, _), numbers in alike.items():
            # To write a value as it is compared takes long, and most writes differ in what they take it from.
            for number in numbers if len(numbers) > 1 else ():
                groups[component, _sent(self.outline.read[number].inputs)].append(number)
        pairs = (pair for group in groups.values() for pair in pairwise(group))
        for first, second in islice(pairs, _MAX_COMPARED):
            if not self._is_meant(first, second):
                facts = {"component": self.outline.specs[second].key, "source": self.steps[first].step_id}
                yield fault(FaultCode.REPEATED_WRITE, self.steps[second].step_id, **facts)

    def _is_meant(self, first: int, second: int) -> bool:
        """Whether something comes between two equal writes that is a reason to do the same again."""
        between = self.outline.ancestors(second) - self.outline.ancestors(first) - {first}
        return any(self.outline.roles[number].waits or self._undoes(number, second) for number in between)

    def _undoes(self, number: int, second: int) -> bool:
        """Whether a step may have changed back what a write is about: by its path, or as the same component."""
        spec, other = self.outline.specs[number], self.outline.specs[second]
        if not self.outline.roles[number].works:
            return False
        creates = spec.type == "REST" and spec.http_method.upper() == "POST"
        if spec.key == other.key and not creates:
            return True
        addressed = [
            {_value(each) for each in self.outline.read[step].inputs if each.item.location == "path"}
            for step in (number, second)
        ]
        return not addressed[0].isdisjoint(addressed[1])

    def look_ups(self) -> Iterator[Fault]:
        late = late_searches(self.outline)
        for number, (step, role) in enumerate(zip(self.steps, self.outline.roles, strict=True)):
            if number in late:
                facts = {"component": step.component_id, "source": self.steps[late[number]].step_id}
                yield fault(FaultCode.LATE_SEARCH, step.step_id, **facts)
            elif role.looks and not self.outline.taken[number] and self._is_for_nobody(number):
                yield fault(FaultCode.UNUSED_LOOK_UP, step.step_id, component=step.component_id)

    def _is_for_nobody(self, number: int) -> bool:
        """Whether neither a person reads what a look-up finds nor anything hangs on its going through."""
        if self.is_read_later[number]:
            return False
        if self.acts_later[number]:
            return not self._guards(number)
        return not (self.steps[number].outputs or self.outline.before[number]) and any(self.acts)

    def _guards(self, number: int) -> bool:
        """Whether it makes sure that there is what a later step is about: if not, it fails, and the plan stops."""
        named = {
            _value(each)
            for each in self.outline.read[number].inputs
            if each.item.location == "path" and not _takes_from_steps(each)
        }
        return bool(named) and any(
            _value(each) in named
            for later in self.outline.descendants(number)
            if self.acts[later]
            for each in self.outline.read[later].inputs
        )

    def outputs(self) -> Iterator[Fault]:
        for number, (step, role) in enumerate(zip(self.steps, self.outline.roles, strict=True)):
            taken = self.outline.taken[number]
            if not step.outputs or role.is_own or self.is_read_later[number] or not self.acts_later[number]:
                continue
            if role.looks and not taken:
                continue  # that is said of the look-up itself
            unused = self._unused(number)
            if not role.looks or len(unused) < len(set(step.outputs)):
                # Where something was done, or others of them are used, the rest may be for people.
                unused = [output for output in unused if self._is_replaced(number, _plain(output))]
            if unused:
                facts = {"component": step.component_id, "outputs": unused}
                yield fault(FaultCode.UNUSED_OUTPUT, step.step_id, "outputs", **facts)

    def _unused(self, number: int) -> list[str]:
        """The declared outputs of a step that no other step takes, neither alone nor as a part of something."""
        used: set[str] = set()
        for path in self.outline.taken[number]:
            used.update(_plain(part) for part in path if isinstance(part, str))
        unused = [output for output in dict.fromkeys(self.steps[number].outputs) if _plain(output) not in used]
        # Whoever takes a list or an object takes all that is in it.
        return unused if unused and not self._is_taken_whole(number) else []

    def _is_taken_whole(self, number: int) -> bool:
        shape = Shape.of(self.outline.specs[number].response_schema)
        for path in self.outline.taken[number]:
            field = shape.field(path) if path else None
            if field is None or field.types is None or not field.types <= SCALARS | {"null"}:
                return True
        return False

    def _is_replaced(self, number: int, name: str) -> bool:
        """Whether a later step is given what goes by the name of an output, and not from there."""
        if name in {_plain(item.name) for item in self.steps[number].inputs}:
            return False
        givers = self._givers.get(name)
        return bool(givers) and not self.outline.descendants(number).isdisjoint(givers or ())

    @cached_property
    def _givers(self) -> Mapping[str, set[int]]:
        """The steps that are given a value that is written down in the plan, by the plain name of the input."""
        found: dict[str, set[int]] = defaultdict(set)
        for number, step in enumerate(self.steps):
            for item in step.inputs:
                if OPEN not in item.value:
                    found[_plain(item.name)].add(number)
        return found

    def reporter(self) -> Iterator[Fault]:
        works = [role.works for role in self.outline.roles]
        if not any(works):
            return
        told: int | None = None
        after_work = self.outline.any_before(works)
        for number in self.outline.order:
            step, spec = self.steps[number], self.outline.specs[number]
            if may_tell_reporter(step, spec) or step.component_id == NOTIFY:
                if after_work[number] or works[number]:
                    return
                if surely_tells_reporter(step, spec):
                    told = number
        if told is not None:
            yield fault(FaultCode.REPORTER_TOLD_EARLY, self.steps[told].step_id)


def _sources(read: ReadStep) -> frozenset[str]:
    """The steps that what is sent is taken from."""
    return frozenset(
        [part.source for each in read.inputs if each.found for part in each.found if isinstance(part, Reference)]
    )


def _sent(inputs: Iterable[ReadInput]) -> frozenset[tuple[str, str, str]]:
    """What is sent, however it is written."""
    return frozenset((each.item.location, each.item.name.casefold(), _value(each)) for each in inputs)


def _value(read: ReadInput) -> str:
    """A value as it is compared: without what makes no difference in it."""
    text, parts = read.item.value, read.parts
    if text[:1] in ("{", "[") and not text.startswith(OPEN):
        with suppress(strict_json.NotJson):
            text = json.dumps(strict_json.loads(text), sort_keys=True)
            parts = parse(text)
    if OPEN in text:
        text = "".join([_same(part) if isinstance(part, Reference) else str(part) for part in parts])
    return " ".join(text.split()).casefold()


def _same(found: Reference) -> str:
    return found.text.replace(" ", "")


def _takes_from_steps(read: ReadInput) -> bool:
    return any(isinstance(part, Reference) and part.source not in RESERVED for part in read.parts)


_LAST_NAME = re.compile(r"([^\s.\[\]]+)(?:\[\d*\])*\s*\Z")


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    """The last name of a path, as names are compared: `data[0].crewId` is "crewid", as `crew_id` is."""
    last = _LAST_NAME.search(name)
    return re.sub(r"[\W_]", "", last[1] if last else name).casefold()
