"""A plan as its checks read it: each text is split into its references once, for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.plans.model import WHEN, Plan, Step, StepInput, input_field
from services.plans.references import MalformedReference, Reference, may_refer, parse, references_in, scan

Found = Sequence[Reference | MalformedReference]
"""What a text refers to, in order, as often as it does."""


@dataclass(slots=True)
class ReadInput:
    """An input and what it refers to. `is_whole`: it is one reference and nothing else.

    `parts` are those of its text as it stands, between its references too; what it refers to as JSON may be more.
    `answers` is what is said of where each of `found` points to, once that was looked up: see Sources.
    """

    item: StepInput
    parts: Sequence[str | Reference | MalformedReference]
    found: Found = ()
    is_whole: bool = False
    answers: Sequence[Any] | None = None

    @property
    def field(self) -> str:
        """How the field is called: "body.location.lat"."""
        return input_field(self.item.location, self.item.name)


@dataclass(slots=True)
class ReadStep:
    """A step and what it refers to. `tested` is what its condition refers to, a text each.

    `references` are the well-formed ones, in order, and as often as they stand there.
    """

    step: Step
    inputs: Sequence[ReadInput]
    tested: Sequence[Found] = ()
    references: Sequence[Reference] = field(init=False)

    def __post_init__(self) -> None:
        texts = [each.found for each in self.inputs if each.found]
        texts += self.tested
        self.references = [found for text in texts for found in text if isinstance(found, Reference)]

    @property
    def found(self) -> Iterator[tuple[str, Reference | MalformedReference]]:
        """What the fields of the step refer to, each reference of a text once."""
        for each in self.inputs:
            if each.found:
                called = each.field
                for found in _once(each.found):
                    yield called, found
        for text in self.tested:
            for found in _once(text):
                yield WHEN, found


def read_plan(plan: Plan) -> list[ReadStep]:
    """All steps of a plan, in its order."""
    return [read_step(step) for step in plan.steps]


def read_step(step: Step) -> ReadStep:
    """One step, its condition included."""
    inputs = [_read(item) for item in step.inputs]
    if step.when is None:
        return ReadStep(step, inputs)
    texts = (text for test in step.when.tests for text in (test.value, *test.to))
    return ReadStep(step, inputs, [found for text in texts if (found := scan(text))])


def _read(item: StepInput) -> ReadInput:
    text = item.value
    if not may_refer(text):
        return ReadInput(item, (text,))
    parts = parse(text)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return ReadInput(item, parts, (parts[0],), is_whole=True)
    return ReadInput(item, parts, references_in(text, parts))


def _once(found: Found) -> Found:
    return found if len(found) == 1 else tuple(dict.fromkeys(found))
