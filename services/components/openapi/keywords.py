"""The keywords of one schema that are taken over as they are, and what OpenAPI 3.0 says in other words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NamedTuple

from services.components.openapi.model import Cut, CutCode, Cuts
from services.components.openapi.references import listing, mapping
from services.components.written import text_of
from services.formats.schema_words import TYPES, is_ecma_only, is_readable
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

MOST_WORDS = 300
"""Characters of a description."""

_MOST_VALUES = 100
_LONGEST_VALUE = 200


_LIMITS = frozenset({*_NUMBERS, *_COUNTS, *_TEXTS, "uniqueItems"})
_VALUES = frozenset({"const", "enum", "default", "example", "examples"})
_NUMBER = (int, float)
_PLAIN = (str, *_NUMBER)
_STATED_BESIDE = frozenset({"exclusiveMinimum", "exclusiveMaximum", "nullable"})
_LEFT_OUT = frozenset(_NOT_TAKEN)
_PARTS = frozenset({"properties", "required", "items", "prefixItems", "additionalProperties"})
COMPOSED = frozenset({"allOf", "oneOf", "anyOf"})
"""Keywords by which a schema is made of others for the same value."""


class Own(NamedTuple):
    """What a schema says of a value itself, and that as JSON; `is_leaf`: that is all it says.

    `is_sure`: nothing in it need be looked at again, for a pattern is all that can be wrong with these keywords.
    `words` are the characters of its description.
    """

    keywords: Mapping[str, Any]
    text: str
    words: int
    cuts: Sequence[Cut]
    is_leaf: bool
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties of a schema that are `stated`, those that go in one direction, and the names it requires."""

    stated: Mapping[str, Any]
    declared: Mapping[str, Any]
    required: Sequence[str]


class Keywords:
    """What the schemas of one document say themselves. Large documents refer to the same ones again and again.

    What is given is given to all who ask, and is not to be changed.
    """

    def __init__(self, *, is_30: bool) -> None:
        self.is_30 = is_30
        # By id: all of them are kept as long as this is, so none is another's.
        self._kept: list[Any] = []
        self._whole: dict[int, Own] = {}
        self._alike: dict[tuple[tuple[str, str], ...], Own] = {}
        self._shortened: dict[tuple[int, int], Own] = {}
        self.leaves: dict[int, Own] = {}
        """Those without parts, by their ids, that have been met, and of which there is nothing else to say."""
        self._shapes: dict[tuple[int, str], Shape] = {}
        self._beside: dict[int, dict[str, Any]] = {}
        self._texts: dict[int, str] = {}

    def of(self, schema: Mapping[str, Any], words: int) -> Own:
        """The keywords of a schema, its parts left out; descriptions of `words` characters, 300 at most."""
        whole = self._whole.get(id(schema)) or self._said(schema)
        if whole.words <= words:
            return whole
        own = self._shortened.get((id(schema), words))
        if own is None:
            keywords = {name: value for name, value in whole.keywords.items() if name != "description"}
            if words:
                keywords["description"] = clip(whole.keywords["description"], words)
            own = whole._replace(keywords=keywords, text=self.text(keywords), words=words)
            self._shortened[(id(schema), words)] = own
            if own.is_leaf:
                self._texts[id(keywords)] = own.text
        return own

    def leaf(self, schema: Any) -> Own | None:
        """One of the `leaves`, if a schema that was not met before is one."""
        if not isinstance(schema, dict) or "$ref" in schema or id(schema) in self._whole:
            return None
        self._said(schema)
        return self.leaves.get(id(schema))

    def shape(self, schema: Mapping[str, Any], hidden: str) -> Shape:
        """The properties of a schema without those that are `hidden`: "readOnly" or "writeOnly"."""
        shape = self._shapes.get((id(schema), hidden))
        if shape is None:
            stated = mapping(schema.get("properties"))
            declared = {name: each for name, each in stated.items() if mapping(each).get(hidden) is not True}
            required = dict.fromkeys(name for name in listing(schema.get("required")) if isinstance(name, str))
            shape = self._shapes[(id(schema), hidden)] = Shape(stated, declared, [*required])
            self._kept.append(schema)
        return shape

    def beside(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """What stands beside a reference and counts."""
        found = self._beside.get(id(schema))
        if found is None:
            # In 3.0 what stands beside a reference is to be passed over; a description there does no harm.
            names = ("description",) if self.is_30 else tuple(name for name in schema if name != "$ref")
            found = self._beside[id(schema)] = {name: schema[name] for name in names if name in schema}
            self._kept.append(schema)
        return found

    def text(self, value: Any) -> str:
        """A schema that was made of these, as JSON: as `text_of` writes it, with what has been written before."""
        parts: list[str] = []
        self._write(value, parts)
        return "".join(parts)

    def _write(self, value: Any, parts: list[str]) -> None:
        before = "["
        if isinstance(value, dict):
            before = "{"
            for name in sorted(value):
                member = value[name]
                if known := self._texts.get(id(member)):
                    parts.append(f"{before}{_quoted(name)}: {known}")
                elif isinstance(member, str):
                    parts.append(f"{before}{_quoted(name)}: {_quoted(member)}")
                else:
                    parts.append(f"{before}{_quoted(name)}: ")
                    self._write(member, parts)
                before = ", "
            parts.append("{}" if before == "{" else "}")
        elif isinstance(value, list):
            for member in value:
                parts.append(before)
                self._write(member, parts)
                before = ", "
            parts.append("[]" if before == "[" else "]")
        else:
            parts.append(text_of(value))

    def _said(self, schema: Mapping[str, Any]) -> Own:
        # Many a schema is word for word what another is. Numbers are no words: 1, 1.0 and true are equal.
        words = tuple(schema.items()) if all(type(value) is str for value in schema.values()) else None
        own = None if words is None else self._alike.get(words)
        if own is None:
            own = self._read(schema)
            if words is not None:
                self._alike[words] = own
        self._whole[id(schema)] = own
        self._kept.append(schema)
        if own.is_leaf and own.is_sure and not own.cuts:
            self.leaves[id(schema)] = own
        return own

    def _read(self, schema: Mapping[str, Any]) -> Own:
        cuts = Cuts()
        keywords = _own_keywords(schema, cuts, is_30=self.is_30)
        is_leaf = _PARTS.isdisjoint(schema) and COMPOSED.isdisjoint(schema)
        pattern = keywords.get("pattern")
        is_sure = pattern is None or is_readable(pattern) or is_ecma_only(pattern)
        words = min(len(keywords.get("description", "")), MOST_WORDS)
        own = Own(keywords, self.text(keywords), words, cuts.found, is_leaf, is_sure)
        if is_leaf:
            self._texts[id(keywords)] = own.text
        return own


def _own_keywords(schema: Mapping[str, Any], cuts: Cuts, *, is_30: bool) -> dict[str, Any]:
    own: dict[str, Any] = {}
    if description := line(schema.get("description"), MOST_WORDS):
        own["description"] = description
    stated = schema.get("type")
    if isinstance(stated, str) and stated in TYPES:
        own["type"] = stated
    elif types := _types(stated):
        own["type"] = types[0] if len(types) == 1 else types
    # Most schemas have few keywords, and a large document has tens of thousands of schemas.
    if not _LIMITS.isdisjoint(schema):
        _limits(schema, own)
    if not _VALUES.isdisjoint(schema):
        _values(schema, own, cuts)
    if not _LEFT_OUT.isdisjoint(schema):
        for name in _NOT_TAKEN:
            if name in schema:
                cuts.add(CutCode.KEYWORD, "", name)
    return _as_31(schema, own) if is_30 else own


def _limits(schema: Mapping[str, Any], own: dict[str, Any]) -> None:
    """What a number, the number of items or a text must be like."""
    for name in _NUMBERS:
        if name in schema and _is_number(schema[name]) and (name != "multipleOf" or schema[name] > 0):
            own[name] = schema[name]
    for name in _COUNTS:
        if name in schema and _is_number(schema[name]) and schema[name] >= 0:
            own[name] = int(schema[name])
    own |= {name: schema[name] for name in _TEXTS if isinstance(schema.get(name), str)}
    if schema.get("uniqueItems") is True:
        own["uniqueItems"] = True


def _values(schema: Mapping[str, Any], own: dict[str, Any], cuts: Cuts) -> None:
    """Constants, choices, defaults and examples."""
    if "const" in schema and _is_small(schema["const"]):
        own["const"] = schema["const"]
    choices = listing(schema.get("enum"))
    if len(choices) > _MOST_VALUES or (choices and not _is_small(choices, _MOST_VALUES * _LONGEST_VALUE)):
        cuts.add(CutCode.ENUM, "", str(len(choices)))
    elif choices:
        own["enum"] = choices
    if schema.get("default") is not None and _is_small(schema["default"]):
        own["default"] = schema["default"]
    examples = [schema["example"]] if "example" in schema else listing(schema.get("examples"))
    if examples and isinstance(examples[0], _PLAIN) and _is_small(examples[0], _LONGEST_VALUE // 2):
        own["examples"] = examples[:1]


def _as_31(schema: Mapping[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Limits that OpenAPI 3.0 states by a truth value beside them, and null."""
    if _STATED_BESIDE.isdisjoint(schema):
        return own
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
    return isinstance(value, _NUMBER) and not isinstance(value, bool)


def _is_small(value: Any, limit: int = _LONGEST_VALUE) -> bool:
    if isinstance(value, str):
        return len(value) <= limit
    return isinstance(value, _NUMBER) or len(json.dumps(value)) <= limit
