"""What a component's JSON Schemas say: of a field, and of a value that may hold references.

The schemas were written by others. Nothing here raises for what stands in one, nor fetches what one points to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import islice
from math import inf
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from services.formats import strict_json
from services.formats.schemas import MAX_MISFITS, UNJUDGEABLE, compiled, stated_types
from services.formats.strict_json import Path, PathPart
from services.formats.string_formats import FORMATS
from services.plans.references import OPEN, is_whole

_MAX_NESTING = 16
_COMBINING = frozenset({"allOf", "anyOf", "oneOf", "$ref"})
# What these add to a schema is not followed: a schema that has one may allow anything.
_NOT_FOLLOWED = frozenset({"$dynamicRef", "if", "dependentSchemas", "patternProperties"})
# These fail on an object or array whatever stands in it.
_STRUCTURAL = frozenset(
    {
        "type",
        "required",
        "dependentRequired",
        "additionalProperties",
        "minProperties",
        "maxProperties",
        "minItems",
        "maxItems",
    }
)
_CONDITIONAL = frozenset({"then", "else"})


class FieldStatus(IntEnum):
    """What a schema says of a field. Where several schemas must all hold, the greatest counts."""

    NOTHING = 0
    LISTS_OTHERS = 1
    ALLOWS = 2
    FORBIDS = 3
    DECLARES = 4


FieldLookup = tuple[FieldStatus, tuple[Any, ...]]
"""What is said of a field, and the schemas that are declared for it."""


class Schema:
    """A JSON Schema (Draft 2020-12) of a component, whatever its author wrote there.

    Its parts, as `find_field` finds them, may point into it by `$ref`.
    """

    def __init__(self, root: Any) -> None:
        self.root = root

    def find_field(self, path: Path, *, start: tuple[Any, ...] | None = None) -> FieldLookup:
        """What is said of the field at `path`, below the root or below other parts of the schema.

        The schemas are those of the field if it is declared, else those of the deepest declared field above it.
        """
        schemas: tuple[Any, ...] = (self.root,) if start is None else start
        for part in path:
            if len(schemas) == 1:
                says, inner = self._field(schemas[0], part, 0)
            else:
                says, inner = _either([self._field(schema, part, 0) for schema in schemas])
            if says is not FieldStatus.DECLARES:
                return says, schemas
            schemas = inner
        return FieldStatus.DECLARES, schemas

    def listed_names(self, path: Path) -> frozenset[str]:
        """The names that the schemas of the field at `path` list, those that they are combined with included."""
        says, schemas = self.find_field(path)
        return self._listed(schemas, 0) if says is FieldStatus.DECLARES else frozenset()

    def read(self, text: str, part: Any) -> Any:
        """The JSON value that the text of an input stands for under a part; references stay as they are.

        Text is text where the part's type is "string", and JSON where it is another. Where both are possible it
        is JSON if that fits; where no type is stated, an object or array is JSON if that fits, and anything else
        is JSON only if the text does not fit. Raises strict_json.NotJson where it has to be JSON and is not.
        """
        kinds = stated_types(part)
        if kinds == frozenset({"string"}) or is_whole(text):
            return text
        try:
            value = strict_json.loads(text)
        except strict_json.NotJson:
            if kinds is None or "string" in kinds:
                return text
            raise
        if kinds is not None and "string" not in kinds:
            return value
        json_first = kinds is not None or isinstance(value, dict | list)
        first, second = (value, text) if json_first else (text, value)
        return second if self.misfits(first, part) and not self.misfits(second, part) else first

    def misfits(self, value: Any, part: Any, *, limit: int | None = MAX_MISFITS) -> list[ValidationError] | None:
        """How a JSON value fails a part, whatever its references turn out to be; the first `limit` of them.

        None: the schema is broken, or points where it can't be followed, so that it can't be judged.
        """
        if part == {} or _is_plain(value, part):
            return []
        if self._validator is None:
            return None
        if isinstance(value, str) and (rule := TextRule.of(part)) is not None and rule.allows(value):
            return []
        certain_only = _holds_reference(value)
        try:
            errors = self._validator.evolve(schema=part).iter_errors(value)
            return list(islice((error for error in errors if not certain_only or _is_certain(error)), limit))
        except UNJUDGEABLE:
            return None

    @property
    def is_sound(self) -> bool:
        """Whether anything can be judged by it that takes a validator."""
        return self._validator is not None

    @cached_property
    def _validator(self) -> Draft202012Validator | None:
        return compiled(self.root, formats=FORMATS)

    def _field(self, schema: Any, key: PathPart, nesting: int) -> FieldLookup:
        """What one schema and those that it is combined with say of a member (str) or an item (int)."""
        if nesting > _MAX_NESTING or not isinstance(schema, dict):
            return (FieldStatus.FORBIDS if schema is False else FieldStatus.NOTHING), ()
        own = _own_field(schema, key)
        if _COMBINING.isdisjoint(schema):
            return own
        either = [branches for keyword in ("anyOf", "oneOf") if (branches := _list(schema, keyword))]
        findings = [
            own,
            *(self._field(part, key, nesting + 1) for part in _list(schema, "allOf")),
            *(_either([self._field(branch, key, nesting + 1) for branch in branches]) for branches in either),
        ]
        if "$ref" in schema:
            target = self.target(schema["$ref"])
            findings.append((FieldStatus.ALLOWS, ()) if target is None else self._field(target, key, nesting + 1))
        return max(says for says, _ in findings), tuple(inner for _, found in findings for inner in found)

    def _listed(self, schemas: Iterable[Any], nesting: int) -> frozenset[str]:
        """The names of the properties of schemas, and of what they are combined with."""
        names: set[str] = set()
        for schema in schemas:
            if nesting > _MAX_NESTING or not isinstance(schema, dict):
                continue
            names |= set(declared_names([schema]))
            for keyword in ("allOf", "anyOf", "oneOf"):
                names |= self._listed(_list(schema, keyword), nesting + 1)
            if "$ref" in schema:
                names |= self._listed([self.target(schema["$ref"])], nesting + 1)
        return frozenset(names)

    def target(self, pointer: Any) -> Any:
        """What a `$ref` into this schema points to; None if it is not of that kind or points to nothing."""
        if not isinstance(pointer, str) or (pointer != "#" and not pointer.startswith("#/")):
            return None
        target = self.root
        for part in pointer.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
        return target


def declared_names(schemas: Iterable[Any]) -> list[str]:
    """The names of the properties that the schemas themselves list, for a hint."""
    listed = (schema.get("properties") for schema in schemas if isinstance(schema, dict))
    return [str(name) for properties in listed if isinstance(properties, dict) for name in properties]


_PYTHON_TYPES: Mapping[Any, type] = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}
_SAYS_NO_MORE = frozenset({"type", "title", "description", "examples", "example"})
_SAID_OF_TEXTS = _SAYS_NO_MORE | {"enum", "minLength", "maxLength"}


def _is_plain(value: Any, part: Any) -> bool:
    """Whether a part asks for a type only, and the value is of it. Most are; so most need no validator."""
    if not isinstance(part, dict) or not part.keys() <= _SAYS_NO_MORE:
        return False
    stated = part.get("type")
    return isinstance(stated, str) and type(value) is _PYTHON_TYPES.get(stated)


@dataclass(slots=True)
class TextRule:
    """What a part of a schema asks of a text, where that can be seen without a validator: a length, or a list."""

    least: float = 0
    most: float = inf
    listed: Sequence[Any] | None = None

    @classmethod
    def of(cls, part: Any) -> TextRule | None:
        """None where it asks for more, or for something that is no text."""
        if not isinstance(part, dict) or not part.keys() <= _SAID_OF_TEXTS:
            return None
        if part.get("type", "string") != "string":
            return None
        if part.keys() <= _SAYS_NO_MORE:
            return ANY_TEXT
        least, most, listed = part.get("minLength", 0), part.get("maxLength", inf), part.get("enum")
        are_sound = all(isinstance(number, int | float) for number in (least, most))
        return cls(least, most, listed) if are_sound and (listed is None or isinstance(listed, list)) else None

    def allows(self, text: str) -> bool:
        """Whether a text fits, as far as anybody knows."""
        if OPEN in text:
            return True  # How long it will be, and what it will be, nobody knows yet.
        return self.least <= len(text) <= self.most and (self.listed is None or text in self.listed)


ANY_TEXT = TextRule()


def _either(findings: Sequence[FieldLookup]) -> FieldLookup:
    """What is said where any one of several schemas may hold: the least, but a declaration counts."""
    schemas = tuple(schema for _, found in findings for schema in found)
    if schemas:
        return FieldStatus.DECLARES, schemas
    said = {says for says, _ in findings}
    return FieldStatus.ALLOWS if FieldStatus.ALLOWS in said else min(said), ()


def _own_field(schema: Mapping[Any, Any], key: PathPart) -> FieldLookup:
    kinds = stated_types(schema) or implied_types(schema)
    if kinds and ("array" if isinstance(key, int) else "object") not in kinds:
        return FieldStatus.FORBIDS, ()
    says, found = _item(schema, key) if isinstance(key, int) else _member(schema, key)
    if says is not FieldStatus.DECLARES and not _NOT_FOLLOWED.isdisjoint(schema):
        return FieldStatus.ALLOWS, ()
    return says, found


def implied_types(schema: Mapping[Any, Any]) -> frozenset[str]:
    """The types that are meant where none is stated: who lists properties means an object."""
    kinds = {"object"} if "properties" in schema else set()
    return frozenset(kinds | {"array"} if "items" in schema or "prefixItems" in schema else kinds)


def _member(schema: Mapping[Any, Any], name: str) -> FieldLookup:
    properties = schema.get("properties")
    if isinstance(properties, dict) and name in properties:
        return (
            (FieldStatus.FORBIDS, ()) if properties[name] is False else (FieldStatus.DECLARES, (properties[name],))
        )
    others = schema.get("additionalProperties")
    if others is False or schema.get("unevaluatedProperties") is False:
        return FieldStatus.FORBIDS, ()
    if isinstance(others, dict) and others:
        return FieldStatus.DECLARES, (others,)
    if others is not None:
        return FieldStatus.ALLOWS, ()
    return (FieldStatus.LISTS_OTHERS if properties else FieldStatus.NOTHING), ()


def _item(schema: Mapping[Any, Any], index: int) -> FieldLookup:
    first = _list(schema, "prefixItems")
    if index < len(first):
        return FieldStatus.DECLARES, (first[index],)
    rest = schema.get("items")
    if rest is False:
        return FieldStatus.FORBIDS, ()
    return (FieldStatus.DECLARES, (rest,)) if isinstance(rest, dict) else (FieldStatus.NOTHING, ())


def _list(schema: Mapping[Any, Any], keyword: str) -> list[Any]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def _holds_reference(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str) and OPEN in item:
            return True
        if isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def _is_certain(error: ValidationError) -> bool:
    """Whether a value fails like this whatever its references turn out to be."""
    # Which of "then" and "else" holds may hang on a reference; where one is `false`, nothing tells it by name.
    if error.validator is None or not _CONDITIONAL.isdisjoint(error.absolute_schema_path):
        return False
    if error.context:
        branches: dict[Any, bool] = {}
        for inner in error.context:
            # Only a branch that is `false` fails without a path, and it fails whatever comes.
            branch, certain = (inner.schema_path[0], _is_certain(inner)) if inner.schema_path else (None, True)
            branches[branch] = branches.get(branch, False) or certain
        return all(branches.values())
    if isinstance(error.instance, str):
        # A reference inside a longer text makes text of it, which is enough to know its type.
        return OPEN not in error.instance or (error.validator == "type" and not is_whole(error.instance))
    return error.validator in _STRUCTURAL or not _holds_reference(error.instance)
