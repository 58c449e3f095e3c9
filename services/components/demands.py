"""Where the value of an input may come from: the keyword `from` in its schema, beside JSON Schema's own.

It is "person", "registry", or a list of both. JSON Schema knows no such keyword and passes over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.formats.strict_json import Path

FROM = "from"
"""The keyword."""

DEMANDS = ("person", "registry")
"""All that it may ask for."""

_MAPS = frozenset({"properties", "$defs", "definitions"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SINGLE = frozenset({"items", "additionalProperties"})
# What stands under these is not looked up when a plan is judged: a demand there would be kept by nobody.
_NOT_FOLLOWED_MAPS = frozenset({"patternProperties", "dependentSchemas"})
_NOT_FOLLOWED = frozenset(
    {"if", "then", "else", "not", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"}
)


def demanded(schema: Mapping[str, Any]) -> frozenset[str] | None:
    """What one schema itself demands; None if nothing. What can't be read demands what nothing can meet."""
    if FROM not in schema:
        return None
    return frozenset(_listed(schema[FROM])) if _is_legal(schema[FROM]) else frozenset()


def has_demands(value: Any) -> bool:
    """Whether the word stands anywhere in a schema, be it the name of a member."""
    stack = [value] if value else []
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if FROM in item:
                return True
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return False


def demand_problems(schema: Any) -> Iterator[tuple[Path, bool]]:
    """Where a schema has the keyword wrong, and whether that is its place rather than its value."""
    if not has_demands(schema):
        return
    stack: list[tuple[Path, Any, bool]] = [((), schema, True)]
    while stack:
        path, part, is_followed = stack.pop()
        if not isinstance(part, dict):
            continue
        if FROM in part and not (is_followed and _is_legal(part[FROM])):
            yield (*path, FROM), not is_followed
        for name, value in part.items():
            follows = is_followed and name not in _NOT_FOLLOWED | _NOT_FOLLOWED_MAPS
            stack.extend(((*path, *below), inner, follows) for below, inner in _subschemas(name, value))


def _subschemas(name: str, value: Any) -> Iterator[tuple[Path, Any]]:
    if name in _MAPS | _NOT_FOLLOWED_MAPS and isinstance(value, dict):
        yield from (((name, key), inner) for key, inner in value.items())
    elif name in _LISTS and isinstance(value, list):
        yield from (((name, index), inner) for index, inner in enumerate(value))
    elif name in _SINGLE | _NOT_FOLLOWED:
        yield (name,), value


def _is_legal(value: Any) -> bool:
    listed = _listed(value)
    return bool(listed) and all(each in DEMANDS for each in listed) and len({*listed}) == len(listed)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
