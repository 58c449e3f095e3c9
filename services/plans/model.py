"""The plan: its types as they stand on the wire and in the database.

A plan is a directed acyclic graph of steps over registered components. The wire shape is the one the
plan maker answers in; what is stored is the same shape, so that a plan read back is the plan that was made.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from services.formats.storable import postgres_safe
from services.mentions import Part
from services.plans.attached import AttachedPicture
from services.plans.references import RESERVED, Reference, scan


def _as_text(value: Any) -> Any:
    """A number or a truth value where text is asked for is the text of it; a list or an object is its JSON."""
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def _as_list(value: Any) -> Any:
    """One text where a list of texts is asked for is a list of one, and an empty one a list of none."""
    return ([value] if value else []) if isinstance(value, str) else value


def _as_condition(value: Any) -> Any:
    """A list of comparisons is a condition of all of them; one without any is none."""
    if isinstance(value, list):
        value = {"tests": value}
    return None if isinstance(value, dict) and not value.get("tests") else value


def _given(inputs: Any) -> Any:
    """The inputs that have a value: one without is how models leave an input out."""
    if not isinstance(inputs, list):
        return inputs
    return [item for item in inputs if not isinstance(item, dict) or item.get("value") is not None]


def _is_true(value: Any) -> bool:
    """Whether it is the mark that we set; a model may have written anything there."""
    return value is True


_Text = Annotated[str, BeforeValidator(_as_text), AfterValidator(postgres_safe)]
_Texts = Annotated[tuple[_Text, ...], BeforeValidator(_as_list)]


class _Wire(BaseModel):
    """What a model wrote: unknown members are dropped, none is ever executed."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class StepInput(_Wire):
    """One value that a step sends: where it goes (`in` on the wire), its name, and the text of its value.

    `typed`: a person typed the value. A model may not say so: see `as_answered`.
    """

    location: Literal["path", "query", "header", "body", "variable"] = Field(alias="in")
    name: _Text
    value: _Text
    typed: Annotated[bool, BeforeValidator(_is_true)] = False

    @property
    def field(self) -> str:
        """How it is called: "body.location.lat"."""
        return input_field(self.location, self.name)

    @model_serializer(mode="wrap")
    def _as_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the mark that it has not."""
        document: dict[str, Any] = serialize(self)
        return {name: value for name, value in document.items() if (name, value) != ("typed", False)}


class Operator(StrEnum):
    """What a comparison asks of a value. A list, an object or a text without anything in it is empty, too."""

    PRESENT = "present"
    EMPTY = "empty"
    EQUALS = "equals"
    NOT_EQUALS = "not_equals"
    ONE_OF = "one_of"
    GREATER = "greater"
    LESS = "less"


class Comparison(_Wire):
    """One thing that a condition asks: of `value`, a reference, whether it stands so to what is in `to`.

    `to` has the values to compare with: none for "present" and "empty", several only for "one_of".
    """

    value: _Text
    operator: Operator = Field(alias="is")
    to: _Texts = ()


class Condition(_Wire):
    """When a step is carried out at all: if all of its comparisons hold, or any."""

    match: Literal["all", "any"] = "all"
    tests: tuple[Comparison, ...]


class Step(_Wire):
    """One call of a component, with the steps that come after it.

    Without `when` it is always wanted. A step whose condition does not hold is skipped, and `needs` says what that
    means for those behind it: a step needs all the steps before it to be done, or any of them, or is skipped too.
    `cites` are the ids of passages of policies.
    """

    step_id: _Text
    component_id: _Text
    description: _Text = ""
    inputs: Annotated[tuple[StepInput, ...], BeforeValidator(_given)] = ()
    outputs: _Texts = ()
    next: _Texts = ()
    requires_approval: bool = False
    when: Annotated[Condition | None, BeforeValidator(_as_condition)] = None
    needs: Literal["all", "any"] = "all"
    cites: _Texts = ()

    @model_serializer(mode="wrap")
    def _as_given(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the condition that it has not: most have none, and plans are read by people and models."""
        document: dict[str, Any] = serialize(self)
        return {
            name: value
            for name, value in document.items()
            if (name, value) not in (("when", None), ("needs", "all"))
        }


class Plan(_Wire):
    """A whole plan as the plan maker answers it."""

    workflow_name: _Text
    description: _Text = ""
    steps: tuple[Step, ...] = ()


def as_answered(plan: Plan, former: Plan | None = None) -> Plan:
    """A plan as a model answers it: typed by a person is only what is so in `former`, to the letter."""
    typed = {
        (step.step_id, item.field, item.value)
        for step in (former.steps if former else ())
        for item in step.inputs
        if item.typed
    }
    return plan.model_copy(update={"steps": tuple(_marked(step, typed) for step in plan.steps)})


def _marked(step: Step, typed: Set[tuple[str, str, str]]) -> Step:
    if not typed and not any(item.typed for item in step.inputs):
        return step
    marked = (
        item.model_copy(update={"typed": (step.step_id, item.field, item.value) in typed}) for item in step.inputs
    )
    return step.model_copy(update={"inputs": tuple(marked)})


@dataclass(frozen=True, slots=True)
class Issue:
    """What was reported, and by whom (a Slack user id).

    `text` is as readers outside Slack read it; `parts` are those of it, if there is more in it than words.
    `permalink` is the address of the message that was planned as it stood there. `attached` are the pictures that
    came with it, `pictures` the JPEGs of those that the agents are shown, while a plan is drafted.
    `place_found` is what a geocoder made of the place: no person's words.
    """

    text: str
    place: str | None = None
    urgency: str | None = None
    reporter: str = ""
    channel: str = ""
    parts: tuple[Part, ...] = ()
    permalink: str | None = None
    attached: tuple[AttachedPicture, ...] = ()
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    place_found: str | None = None


def dependencies(plan: Plan, sources: Sequence[Collection[str]] | None = None) -> dict[str, tuple[str, ...]]:
    """What each step needs done before it, by step id: the union of `next` and of the references.

    Both are in plan order. Made for any plan, valid or not: what names no step is left out, and so is a reference
    of a step to itself; a step that is its own `next` needs itself. Steps that share an id are one.
    `sources` are those that each step refers to, for whoever has read them already.
    """
    if sources is None:
        sources = [{found.source for found in references(step)} for step in plan.steps]
    needs: dict[str, set[str]] = {step.step_id: set() for step in plan.steps}
    for step, taken in zip(plan.steps, sources, strict=True):
        for target in step.next:
            if target in needs:
                needs[target].add(step.step_id)
        for source in taken:
            if source != step.step_id and source in needs and source not in RESERVED:
                needs[step.step_id].add(source)
    position = {step_id: index for index, step_id in enumerate(needs)}
    return {
        step_id: tuple(needed if len(needed) < 2 else sorted(needed, key=position.__getitem__))
        for step_id, needed in needs.items()
    }


def references(step: Step) -> Iterator[Reference]:
    """The well-formed references in a step's inputs and in its condition, in order."""
    return (found for _, text in texts(step) for found in scan(text) if isinstance(found, Reference))


def texts(step: Step) -> Iterator[tuple[str, str]]:
    """All texts of a step that may hold references, each with the field that it stands in."""
    for item in step.inputs:
        yield input_field(item.location, item.name), item.value
    for comparison in step.when.tests if step.when else ():
        yield WHEN, comparison.value
        yield from ((WHEN, text) for text in comparison.to)


def input_field(location: str, name: str) -> str:
    """How the field of an input is called: "body.location.lat"."""
    return f"{location}.{name}"


WHEN = "when"
"""The field of a step that its condition is."""


def levels(needs: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The steps that can start at once, then those that can start after them, and so on.

    Takes what `dependencies` answers. A step that is on a cycle, or behind one, is in no level.
    """
    waiting = {step_id: len(needed) for step_id, needed in needs.items()}
    followers: dict[str, list[str]] = {step_id: [] for step_id in needs}
    for step_id, needed in needs.items():
        for earlier in needed:
            followers[earlier].append(step_id)
    found: list[tuple[str, ...]] = []
    level = [step_id for step_id, count in waiting.items() if count == 0]
    while level:
        found.append(tuple(level))
        ready: list[str] = []
        for step_id in level:
            for follower in followers[step_id]:
                waiting[follower] -= 1
                if waiting[follower] == 0:
                    ready.append(follower)
        level = ready
    return tuple(found)
