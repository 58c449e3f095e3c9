"""A schema of a document becomes one of ours: JSON Schema 2020-12 without references, no larger than it may be.

It is walked as it is needed. What is too deep, too large or comes back to itself on its own path is cut off there,
and noted. A cut makes a schema allow more and never less, so no value is refused for it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from services.components.openapi.keywords import COMPOSED, MOST_WORDS, Keywords
from services.components.openapi.merging import merged
from services.components.openapi.model import CutCode, Cuts
from services.components.openapi.references import References, listing, mapping

_MOST_LEVELS = 80
"""Schemas inside of schemas, references and compositions counted too: Python's own limit is far beyond."""

RECURSIVE = "recursive, cut here"

_UNCOUNTED = math.inf

Direction = Literal["request", "response"]
_HIDDEN: Mapping[Direction, str] = {"request": "readOnly", "response": "writeOnly"}


@dataclass(slots=True)
class Limits:
    """How much an operation may take: depth of objects and lists, characters of descriptions; what is left."""

    depth: int = 8
    words: int = MOST_WORDS
    properties: int = 200
    nodes: int = 3_000


class _At(NamedTuple):
    """Where in a schema the walk is, by which references, and how deep: objects and lists, and steps."""

    where: str
    path: frozenset[str] = frozenset()
    depth: int = 0
    level: int = 0

    def inside(self, name: str) -> _At:
        """At a property, or an item."""
        return _At(f"{self.where}{name}", self.path, self.depth + 1, self.level + 1)

    def beside(self, reference: str | None = None) -> _At:
        """At another schema for the same value, where a reference led there by that."""
        path = self.path if reference is None else self.path | {reference}
        return _At(self.where, path, self.depth, self.level + 1)


class TooLong(Exception):
    """A schema takes more room than there is, whatever else there is in it."""


class Converter:
    """Converts the schemas of one operation, in one direction, out of one allowance.

    `is_sure` stays true as long as nothing in them need be looked at again, to be a good schema.
    """

    def __init__(
        self, references: References, keywords: Keywords, limits: Limits, cuts: Cuts, direction: Direction
    ) -> None:
        self._references = references
        self._keywords = keywords
        self._limits = limits
        self._cuts = cuts
        self._hidden = _HIDDEN[direction]
        self._room = _UNCOUNTED
        self.is_sure = True

    @property
    def words(self) -> int:
        """Characters that a description may have."""
        return self._limits.words

    def convert(self, schema: Any, where: str, room: float = _UNCOUNTED) -> dict[str, Any]:
        """A schema of ours. Raises OperationRefused for a reference to nowhere, or out of the document.

        Raises TooLong as soon as it is sure to have more than `room` characters as JSON.
        """
        self._room = room
        return dict(self._schema(schema, _At(where)))

    def _schema(self, schema: Any, at: _At) -> Mapping[str, Any]:
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, dict):
            return {}
        self._limits.nodes -= 1
        if self._limits.nodes < 0 or at.level > _MOST_LEVELS:
            self._cuts.add(CutCode.NODES, at.where)
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(schema, reference, at)
        known = self._keywords.of(schema, self._limits.words)
        self.is_sure &= known.is_sure
        for cut in known.cuts:
            self._cuts.add(cut.code, at.where, cut.about)
        if known.is_leaf:
            self._take(len(known.text))
            return known.keywords
        own = dict(known.keywords)
        if COMPOSED.isdisjoint(schema):
            self._take(len(known.text))
            self._members(schema, own, at)
            self._items(schema, own, at)
            return own
        # What several say of a value is said once in the end: how much room it takes shows then.
        room, self._room = self._room, _UNCOUNTED
        self._members(schema, own, at)
        self._items(schema, own, at)
        whole = self._composed(schema, own, at)
        self._room = room
        return whole

    def _referred(self, schema: Mapping[str, Any], reference: str, at: _At) -> Mapping[str, Any]:
        if reference in at.path:
            self._cuts.add(CutCode.RECURSIVE, at.where, reference)
            return {"description": RECURSIVE}
        beside = self._keywords.beside(schema)
        if not beside:
            return self._schema(self._references.target(reference), at.beside(reference))
        room, self._room = self._room, _UNCOUNTED
        target = self._schema(self._references.target(reference), at.beside(reference))
        whole = merged([self._schema(beside, at.beside()), target])
        self._room = room
        return whole

    def _take(self, characters: int) -> None:
        self._room -= characters
        if self._room < 0:
            raise TooLong

    def _members(self, schema: Mapping[str, Any], own: dict[str, Any], at: _At) -> None:
        shape = self._keywords.shape(schema, self._hidden)
        declared = shape.declared
        kept = self._kept(declared, shape.required, at) if declared else ()
        if declared:
            own["properties"] = self._properties(declared, kept, at) if kept else {}
        # A name that is required and has no schema of its own stays, but for what the other side fills in.
        names = [name for name in shape.required if name in kept or name not in shape.stated]
        if names:
            own["required"] = names
        more = schema.get("additionalProperties")
        if more is False and len(kept) == len(declared) and "patternProperties" not in schema:
            own["additionalProperties"] = False
        elif isinstance(more, dict) and more and at.depth < self._limits.depth:
            own["additionalProperties"] = self._schema(more, at.inside(".*"))

    def _properties(self, declared: Mapping[str, Any], kept: Collection[str], at: _At) -> dict[str, Any]:
        """Most properties of most schemas are leaves, and have been met before."""
        made: dict[str, Any] = {}
        leaves, limits = self._keywords.leaves, self._limits
        may_be_known = at.level < _MOST_LEVELS
        for name in kept:
            schema = declared[name]
            leaf = leaves.get(id(schema)) or self._keywords.leaf(schema)
            if leaf is not None and leaf.words <= limits.words and may_be_known and limits.nodes > 0:
                limits.nodes -= 1
                made[name] = leaf.keywords
                self._room -= len(name) + 4 + len(leaf.text)
            else:
                self._take(len(name) + 4)
                made[name] = self._schema(schema, at.inside(f".{name}"))
        self._take(0)
        return made

    def _kept(self, declared: Mapping[str, Any], required: Collection[str], at: _At) -> Collection[str]:
        """The names of the properties that there is room for, those that are required first."""
        if at.depth >= self._limits.depth:
            self._cuts.add(CutCode.DEPTH, at.where, str(len(declared)))
            return ()
        room = max(0, self._limits.properties)
        self._limits.properties -= min(room, len(declared))
        if len(declared) <= room:
            return declared.keys()
        self._cuts.add(CutCode.PROPERTIES, at.where, str(len(declared) - room))
        if not room:
            return ()
        first = frozenset(required)
        chosen = {*sorted(declared, key=lambda name: name not in first)[:room]}
        return [name for name in declared if name in chosen]

    def _items(self, schema: Mapping[str, Any], own: dict[str, Any], at: _At) -> None:
        items = schema.get("items")
        firsts = listing(schema.get("prefixItems"))
        if (isinstance(items, dict) or firsts) and at.depth >= self._limits.depth:
            self._cuts.add(CutCode.DEPTH, at.where)
            return
        if firsts:
            own["prefixItems"] = [self._schema(each, at.inside("[]")) for each in firsts]
        if isinstance(items, dict):
            own["items"] = self._schema(items, at.inside("[]"))

    def _composed(self, schema: Mapping[str, Any], own: dict[str, Any], at: _At) -> Mapping[str, Any]:
        """The schema with what its allOf, oneOf and anyOf say."""
        parts = [own, *(self._schema(part, at.beside()) for part in listing(schema.get("allOf")))]
        parts += [
            _any_of([self._branch(schema, each, at.beside()) for each in listing(schema[name])])
            for name in ("oneOf", "anyOf")
            if listing(schema.get(name))
        ]
        if len(parts) == 1:
            return own
        whole = merged(parts)
        # 3.0 says "or null" beside a composition, where there is no type to say it of.
        if self._keywords.is_30 and schema.get("nullable") is True and "type" not in schema:
            return _any_of([whole, {"type": "null"}])
        return whole

    def _branch(self, schema: Mapping[str, Any], branch: Any, at: _At) -> Mapping[str, Any]:
        """One of several alternatives; a discriminator is said by a constant in it."""
        made = self._schema(branch, at)
        discriminator = mapping(schema.get("discriminator"))
        name, reference = discriminator.get("propertyName"), mapping(branch).get("$ref")
        if not isinstance(name, str) or not isinstance(reference, str) or "properties" not in made:
            return made
        values = [key for key, each in mapping(discriminator.get("mapping")).items() if each == reference]
        own = made["properties"].get(name, {})
        if "enum" in own or "const" in own:
            return made
        value = values[0] if values else reference.rpartition("/")[2]
        return {**made, "properties": {**made["properties"], name: {**own, "const": value}}}


def _any_of(branches: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """One of these. Not `oneOf`, for with something cut off a value may fit two of them."""
    different: list[Mapping[str, Any]] = []
    for branch in branches:
        if branch not in different:
            different.append(branch)
    if {} in different:
        return {}
    return different[0] if len(different) == 1 else {"anyOf": different}
