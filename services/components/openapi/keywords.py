"""The keywords of one schema that are taken over as they are, and what OpenAPI 3.0 says in other words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.components.openapi.model import Cut, CutCode, Cuts
from services.components.openapi.references import listing
from services.formats.schemas import TYPES
from services.formats.storable import seen
from services.formats.text import clip

_NUMBERS = ("multipleOf", "maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum")
_COUNTS = ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties")
_TEXTS = ("pattern", "format", "contentEncoding", "contentMediaType")
_NOT_TAKEN = (
    *("not", "if", "then", "else", "dependentSchemas", "dependentRequired", "patternProperties", "propertyNames"),
    *("contains", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"),
)
"""What few writers use and no model needs: a value that breaks one of these is refused by the API itself."""

_MOST_VALUES = 100
_LONGEST_VALUE = 200


_PARTS = frozenset({"properties", "required", "items", "prefixItems", "additionalProperties"})
_COMPOSED = frozenset({"allOf", "oneOf", "anyOf"})


@dataclass(frozen=True, slots=True)
class Own:
    """What a schema says of a value itself; `is_leaf`: that is all it says. `schema` is kept for its id."""

    schema: Mapping[str, Any]
    keywords: Mapping[str, Any]
    cuts: Sequence[Cut]
    is_leaf: bool


class Keywords:
    """What the schemas of one document say themselves. Large documents refer to the same ones again and again."""

    def __init__(self, *, is_30: bool) -> None:
        self.is_30 = is_30
        self._known: dict[tuple[int, int], Own] = {}

    def of(self, schema: Mapping[str, Any], words: int) -> Own:
        """The keywords of a schema, its parts left out; descriptions of `words` characters. Not to be changed."""
        known = self._known.get((id(schema), words))
        if known is None:
            cuts = Cuts()
            own = _own_keywords(schema, cuts, is_30=self.is_30, words=words)
            is_leaf = _PARTS.isdisjoint(schema) and _COMPOSED.isdisjoint(schema)
            known = self._known[(id(schema), words)] = Own(schema, own, cuts.found, is_leaf)
        return known


def _own_keywords(schema: Mapping[str, Any], cuts: Cuts, *, is_30: bool, words: int) -> dict[str, Any]:
    own: dict[str, Any] = {}
    types = _types(schema.get("type"))
    if types:
        own["type"] = types[0] if len(types) == 1 else types
    if description := line(schema.get("description"), words):
        own["description"] = description
    for name in _NUMBERS:
        if name in schema and _is_number(schema[name]) and (name != "multipleOf" or schema[name] > 0):
            own[name] = schema[name]
    for name in _COUNTS:
        if name in schema and _is_number(schema[name]) and schema[name] >= 0:
            own[name] = int(schema[name])
    own |= {name: schema[name] for name in _TEXTS if isinstance(schema.get(name), str)}
    if schema.get("uniqueItems") is True:
        own["uniqueItems"] = True
    _values(schema, own, cuts)
    for name in _NOT_TAKEN:
        if name in schema:
            cuts.add(CutCode.KEYWORD, "", name)
    return _as_31(schema, own) if is_30 else own


def _values(schema: Mapping[str, Any], own: dict[str, Any], cuts: Cuts) -> None:
    """Constants, choices, defaults and examples."""
    if "const" in schema and _is_small(schema["const"]):
        own["const"] = schema["const"]
    choices = listing(schema.get("enum"))
    if len(choices) > _MOST_VALUES or not _is_small(choices, _MOST_VALUES * _LONGEST_VALUE):
        cuts.add(CutCode.ENUM, "", str(len(choices)))
    elif choices:
        own["enum"] = choices
    if schema.get("default") is not None and _is_small(schema["default"]):
        own["default"] = schema["default"]
    examples = [schema["example"]] if "example" in schema else listing(schema.get("examples"))
    if examples and isinstance(examples[0], str | int | float) and _is_small(examples[0], _LONGEST_VALUE // 2):
        own["examples"] = examples[:1]


def _as_31(schema: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Limits that OpenAPI 3.0 states by a truth value beside them, and null."""
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and limit in own:
            own[exclusive] = own.pop(limit)
    if schema.get("nullable") is True:
        if "type" in own:
            types = own["type"] if isinstance(own["type"], list) else [own["type"]]
            own["type"] = [*types, *(() if "null" in types else ("null",))]
        if "enum" in own and None not in own["enum"]:
            own["enum"] = [*own["enum"], None]
    return own


def line(value: Any, limit: int) -> str:
    """A text as one line of `limit` characters, without what nobody sees."""
    return clip(" ".join(seen(value).split()), limit) if isinstance(value, str) and limit else ""


def _types(value: Any) -> list[str]:
    types = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(each for each in types if isinstance(each, str) and each in TYPES))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_small(value: Any, limit: int = _LONGEST_VALUE) -> bool:
    if isinstance(value, str):
        return len(value) <= limit
    return isinstance(value, int | float) or len(json.dumps(value)) <= limit
