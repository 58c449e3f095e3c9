"""Types of flows: whether what a reference brings can ever be what an input takes.

Only what can never fit is a misfit. Where a schema is silent or open, or where some value would fit, the request
itself is looked at before it is sent (`services/steps/fitting.py`).

What is converted on the way fits: numbers and truth values into text, and text into a number, if it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.formats import strict_json
from services.formats.schema_words import TYPES
from services.formats.strict_json import Path, render_path
from services.plans.references import OPEN, Reference, parse
from services.plans.schemas import FieldStatus, Schema, implied_types
from services.plans.validation.reading import ReadInput

SCALARS = frozenset({"string", "integer", "number", "boolean"})
NUMBERS = frozenset({"integer", "number"})
MAX_NESTING = 16
_BESIDES = frozenset({"enum", "const", "allOf", "anyOf", "oneOf", "$ref"})
# Of JSON only a list, an object or a text can hold a reference.
_MAY_BE_JSON = re.compile(r"\s*(?:[\[\"]|\{(?!\{))")


def _plain_type(part: Any) -> str | None:
    kind = part.get("type") if isinstance(part, dict) else None
    return kind if isinstance(kind, str) and kind in SCALARS and _BESIDES.isdisjoint(part) else None


class Shape:
    """A place in a schema: any of `parts` may hold there. `is_words`: the text of people, or an id; no number.

    `plain` is the type where that is all there is to know of it: a scalar, and nothing besides that matters.
    """

    def __init__(self, schema: Schema, parts: tuple[Any, ...], *, is_words: bool = False) -> None:
        self.schema = schema
        self.parts = parts
        self.is_words = is_words
        self.plain = _plain_type(parts[0]) if len(parts) == 1 else None

    @classmethod
    def of(cls, schema: Any) -> Shape:
        """A whole schema."""
        return cls(Schema(schema), (schema,))

    def field(self, path: Path) -> Shape | None:
        """A place below; None where nothing is declared there."""
        says, parts = self.schema.find_field(path, start=self.parts)
        return Shape(self.schema, parts) if says is FieldStatus.DECLARES else None

    def forbids(self, name: str) -> bool:
        """Whether there can be no such member."""
        return self.schema.find_field((name,), start=self.parts)[0] is FieldStatus.FORBIDS

    @cached_property
    def types(self) -> frozenset[str] | None:
        """The JSON types of what may stand there; None: any. Where a number may, a whole number may."""
        return _any_of(self._types(part, 0) for part in self.parts)

    @property
    def values(self) -> list[Any] | None:
        """The only values that may stand there, where they are listed."""
        lists = [_listed(part) for part in self.parts]
        return None if any(each is None for each in lists) else [value for each in lists for value in each or ()]

    @property
    def required(self) -> frozenset[str]:
        """The members that must be there, whichever part holds."""
        sets = [frozenset(filter(_is_name, _list(part, "required"))) for part in self.parts]
        return frozenset.intersection(*sets) if sets else frozenset()

    def _types(self, part: Any, nesting: int) -> frozenset[str] | None:
        if part is False:
            return frozenset()
        if nesting > MAX_NESTING or not isinstance(part, dict):
            return None
        found = [_stated(part), _types_of(_listed(part))]
        found += [
            _any_of(self._types(each, nesting + 1) for each in _list(part, key)) for key in ("anyOf", "oneOf")
        ]
        found += [self._types(each, nesting + 1) for each in _list(part, "allOf")]
        if "$ref" in part:
            found.append(self._types(self.schema.target(part["$ref"]), nesting + 1))
        known = [types for types in found if types is not None]
        return frozenset.intersection(*known) if known else None


@dataclass(frozen=True, slots=True)
class Misfit:
    """What comes, and what is taken, by JSON types; `at`: where in the value, empty for the value itself."""

    gives: frozenset[str]
    takes: frozenset[str]
    path: Path = ()

    @property
    def at(self) -> str:
        """The place in words of the plan, such as `[0].id`."""
        return render_path(self.path)


def misfit(gives: Shape, takes: Shape, nesting: int = 0) -> Misfit | None:
    """Why a value of one shape can never stand where another is taken; None if some value could."""
    if _are_plain(gives, takes):
        return None
    comes, wanted = gives.types, takes.types
    if comes is None or wanted is None or nesting > MAX_NESTING:
        return None
    if "null" in comes & wanted:
        return None
    # A null is no value: the step would not be sent.
    comes -= {"null"}
    inner: Misfit | None = None
    for kind in sorted(comes):
        if not _is_taken(kind, wanted, is_words=gives.is_words):
            continue
        below = _misfit_below(kind, gives, takes, nesting) if kind in wanted else None
        if below is None and _shares_a_value(gives, takes):
            return None
        inner = inner or below
    return inner or Misfit(comes, wanted)


WORDS = Shape(Schema({"type": "string"}), ({"type": "string"},), is_words=True)
"""What the issue and the run hold: what people wrote, and ids."""


def flows_of(read: ReadInput, takes: Shape) -> Iterable[tuple[Reference, Path]]:
    """The references of an input, and where in its value each of them stands."""
    text = read.item.value
    if read.is_whole:
        return [(read.found[0], ())] if isinstance(read.found[0], Reference) else ()
    if OPEN not in text:
        return ()
    if not _MAY_BE_JSON.match(text):
        return [(found, ()) for found in read.found if isinstance(found, Reference)]
    value: Any = text
    if takes.types is None or not takes.types <= frozenset({"string", "null"}):
        with suppress(strict_json.NotJson):
            value = strict_json.loads(text)
    return _flows_in(value, ())


def _flows_in(value: Any, path: Path) -> Iterator[tuple[Reference, Path]]:
    if isinstance(value, str):
        yield from ((found, path) for found in parse(value) if isinstance(found, Reference))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flows_in(item, (*path, index))
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _flows_in(member, (*path, name))


def flow_misfit(found: Reference, path: Path, gives: Shape, takes: Shape) -> Misfit | None:
    """Why what a reference brings can never stand at a path of an input's value."""
    if not found.whole:
        # Inside a longer text it becomes text, which a list or a set of values is not.
        return None if is_for_text(gives) else Misfit(gives.types or frozenset(), SCALARS, path)
    taken = takes.field(path) if path else takes
    wrong = None if taken is None else misfit(gives, taken)
    return Misfit(wrong.gives, wrong.takes, (*path, *wrong.path)) if wrong else None


def is_for_text(gives: Shape) -> bool:
    """Whether what comes can stand inside a longer text: something that is no list and no set of values."""
    if gives.plain is not None:
        return True
    comes = gives.types
    return comes is None or bool(comes & SCALARS)


def _are_plain(gives: Shape, takes: Shape) -> bool:
    """Whether both are one scalar type and nothing else, and fit; most flows are, so they are looked at first."""
    given, taken = gives.plain, takes.plain
    if given is None or taken is None:
        return False
    return given == taken or _is_taken(given, frozenset({taken}), is_words=gives.is_words)


def _is_taken(kind: str, wanted: frozenset[str], *, is_words: bool) -> bool:
    if kind in wanted:
        return True
    if "string" in wanted and kind in SCALARS:
        return True
    return kind == "string" and bool(wanted & NUMBERS) and not is_words


def _misfit_below(kind: str, gives: Shape, takes: Shape, nesting: int) -> Misfit | None:
    """What does not fit inside of a list or of an object."""
    if kind == "array":
        return _misfit_at((0,), gives, takes, nesting)
    if kind == "object":
        for name in sorted(takes.required):
            if gives.forbids(name):
                wanted = takes.field((name,))
                return Misfit(frozenset(), (wanted.types if wanted else None) or frozenset(), (name,))
            if found := _misfit_at((name,), gives, takes, nesting):
                return found
    return None


def _misfit_at(path: Path, gives: Shape, takes: Shape, nesting: int) -> Misfit | None:
    given, taken = gives.field(path), takes.field(path)
    if given is None or taken is None:
        return None
    found = misfit(given, taken, nesting + 1)
    return Misfit(found.gives, found.takes, (*path, *found.path)) if found else None


def _shares_a_value(gives: Shape, takes: Shape) -> bool:
    """Whether one of the values that may come is one of those that are taken, where both are listed."""
    coming, taken = gives.values, takes.values
    if coming is None or taken is None:
        return True
    return bool({_as_text(value) for value in coming} & {_as_text(value) for value in taken})


def _as_text(value: Any) -> str:
    return str(value).casefold() if isinstance(value, bool) else str(value)


def _any_of(each: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """The types where any one of several parts may hold; None if one of them may be anything, or there is none."""
    found = list(each)
    if not found or any(types is None for types in found):
        return None
    return frozenset().union(*(types for types in found if types is not None))


def _stated(part: Mapping[Any, Any]) -> frozenset[str] | None:
    stated = part.get("type")
    names = stated if isinstance(stated, list) else [stated]
    types = frozenset(name for name in names if isinstance(name, str) and name in TYPES)
    if len(types) < len(names):
        types = implied_types(part)
    if not types:
        return None
    types |= {"integer"} if "number" in types else frozenset()
    # OpenAPI 3.0 has this in place of a type "null".
    return types | {"null"} if part.get("nullable") is True else types


def _listed(part: Any) -> list[Any] | None:
    if not isinstance(part, dict):
        return None
    if "const" in part:
        return [part["const"]]
    values = part.get("enum")
    return values if isinstance(values, list) and values else None


def _types_of(values: list[Any] | None) -> frozenset[str] | None:
    return None if values is None else frozenset().union(*(_type_of(value) for value in values))


def _type_of(value: Any) -> frozenset[str]:
    match value:
        case None:
            return frozenset({"null"})
        case bool():
            return frozenset({"boolean"})
        case int():
            return NUMBERS
        case float():
            return NUMBERS if value.is_integer() else frozenset({"number"})
        case str():
            return frozenset({"string"})
        case list():
            return frozenset({"array"})
        case _:
            return frozenset({"object"})


def _list(part: Any, keyword: str) -> list[Any]:
    value = part.get(keyword) if isinstance(part, dict) else None
    return value if isinstance(value, list) else []


def _is_name(value: Any) -> bool:
    return isinstance(value, str)
