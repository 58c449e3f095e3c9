"""What later steps take from a step, given by a person: where nobody knows what the component answered.

A step that is marked done has no answer, and a skipped one neither; an answer may lack what a later step needs.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.formats.schemas import stated_types
from services.formats.strict_json import NotJson, Path, render_path
from services.plans.model import Plan, Step, references
from services.plans.schemas import FieldStatus, Schema

MAX_AWAITED_VALUES = 40
"""As many values as are asked for: a form has room for them, and for what else it says."""

MAX_LIST_INDEX = 100
"""A list that a person gives one item of has no more items before it than this."""


@dataclass(frozen=True, slots=True)
class AwaitedOutput:
    """A value that later steps take from a step, each named by its description.

    `types` are those of JSON Schema that it may have, none where nothing is said; `options` the only values there
    are, if they are few. `value` is what the step has there now.
    """

    path: Path
    takers: tuple[str, ...]
    types: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()
    value: Any = None

    @property
    def name(self) -> str:
        """The path as a reference has it: `data[0].id`; empty for the whole answer."""
        return render_path(self.path)


class Unfit(Exception):
    """What a person gave is not of the type that the value has."""

    def __init__(self, types: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(types)))
        self.types = types


@dataclass(frozen=True, slots=True)
class StepOutputs:
    """A step, what it is called, and what later steps take from it."""

    title: str
    awaited: tuple[AwaitedOutput, ...]
    schema: Schema

    def read(self, awaited: AwaitedOutput, text: str) -> Any:
        """The value that a text stands for, by the component's schema. Raises Unfit."""
        says, parts = self.schema.find_field(awaited.path)
        if says is not FieldStatus.DECLARES or not awaited.types:
            return text
        part = parts[0] if len(parts) == 1 else {"anyOf": list(parts)}
        try:
            value = self.schema.read(text, part)
        except NotJson:
            raise Unfit(awaited.types) from None
        if self.schema.misfits(value, part):
            raise Unfit(awaited.types)
        return value


def awaited_outputs(plan: Plan, step_id: str, schema: Schema, output: Any) -> tuple[AwaitedOutput, ...]:
    """The values that the other steps of a plan take from one, in the order in which they are first taken."""
    takers: dict[Path, list[str]] = {}
    for step in plan.steps:
        for reference in references(step):
            if reference.source == step_id != step.step_id:
                takers.setdefault(reference.path, []).append(_title(step))
    # Of an object and a member of it, the member: what is given for it is in the object, too.
    leaves = [path for path in takers if not any(_is_inside(other, path) for other in takers)]
    return tuple(_awaited(path, takers[path], schema, output) for path in leaves[:MAX_AWAITED_VALUES])


def with_values(output: Any, values: Iterable[tuple[Sequence[str | int], Any]]) -> Any:
    """The output with these values in it, each at its path; lists and objects on the way are made."""
    whole = copy.deepcopy(output)
    for path, value in values:
        whole = _with(whole, tuple(path), value)
    return whole


def _with(holder: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        items = list(holder) if isinstance(holder, list) else []
        first = min(first, MAX_LIST_INDEX)
        items += [None] * (first + 1 - len(items))
        items[first] = _with(items[first], rest, value)
        return items
    members = dict(holder) if isinstance(holder, Mapping) else {}
    return {**members, first: _with(members.get(first), rest, value)}


def _awaited(path: Path, takers: Sequence[str], schema: Schema, output: Any) -> AwaitedOutput:
    says, parts = schema.find_field(path)
    declared = parts if says is FieldStatus.DECLARES else ()
    types = frozenset().union(*(stated_types(part) or () for part in declared)) - {"null"}
    enums = [part.get("enum") for part in declared if isinstance(part, Mapping)]
    options = enums[0] if len(enums) == 1 and isinstance(enums[0], list) else []
    is_plain = options and all(isinstance(option, str) and option for option in options)
    return AwaitedOutput(
        path,
        tuple(dict.fromkeys(takers)),
        types,
        tuple(options) if is_plain else (),
        _value_at(output, path),
    )


def _value_at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _is_inside(path: Path, other: Path) -> bool:
    return len(path) > len(other) and path[: len(other)] == other


def _title(step: Step) -> str:
    return step.description or step.component_id
