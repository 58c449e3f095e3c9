"""`allOf`, made one schema where that says the same: a plan maker reads one mapping of properties, not three."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_LARGEST = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_SMALLEST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_FIRST = frozenset({"description", "examples", "default"})
_NONE: Mapping[str, Any] = {}


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One schema for what is true of all parts; those that contradict it stay in its `allOf`."""
    whole: dict[str, Any] = {}
    rest = []
    for part in parts:
        both = _both(whole, part)
        if both is None:
            rest.append(dict(part))
        else:
            whole = both
    if rest:
        whole["allOf"] = [*whole.get("allOf", []), *rest]
    return whole


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """A schema for what is true of both; None if there is none that says so in one."""
    both = dict(one)
    for name, value in other.items():
        if name not in both or both[name] == value:
            both[name] = value
        elif name in _FIRST:
            continue
        elif name in _LARGEST or name in _SMALLEST:
            both[name] = max(both[name], value) if name in _LARGEST else min(both[name], value)
        elif name == "type":
            types = _types(both[name], value)
            if not types:
                return None
            both[name] = types[0] if len(types) == 1 else types
        elif name == "properties":
            both[name] = _properties(both[name], value)
        elif name == "required":
            both[name] = [*both[name], *(each for each in value if each not in both[name])]
        elif name == "enum":
            both[name] = [each for each in both[name] if each in value]
            if not both[name]:
                return None
        elif name == "additionalProperties":
            del both[name]
        elif name == "allOf":
            both[name] = [*both[name], *value]
        else:
            return None
    # One part knows nothing of the properties of the other, and writers mean that all of them may be there.
    is_closed = one.get("additionalProperties") is False or other.get("additionalProperties") is False
    if is_closed and one.get("properties", _NONE).keys() ^ other.get("properties", _NONE).keys() and one:
        both.pop("additionalProperties", None)
    return both


def _types(one: Any, other: Any) -> list[str]:
    ours = one if isinstance(one, list) else [one]
    theirs = other if isinstance(other, list) else [other]
    types = [each for each in ours if each in theirs]
    if not types and {"integer", "number"} <= {*ours, *theirs}:
        return ["integer"]
    return types


def _properties(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(one)
    for name, schema in other.items():
        both[name] = merged([both[name], schema]) if name in both else schema
    return both
