"""A schema of a document becomes one of ours: JSON Schema 2020-12 without references, no larger than it may be.

It is walked as it is needed. What is too deep, too large or comes back to itself on its own path is cut off there,
and noted. A cut makes a schema allow more and never less, so no value is refused for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.components.openapi.keywords import Keywords
from services.components.openapi.merging import merged
from services.components.openapi.model import CutCode, Cuts, OperationRefused, Reason
from services.components.openapi.references import References, listing, mapping

_MOST_LEVELS = 80
"""Schemas inside of schemas, references and compositions counted too: Python's own limit is far beyond."""

RECURSIVE = "recursive, cut here"

Direction = Literal["request", "response"]
_HIDDEN: Mapping[Direction, str] = {"request": "readOnly", "response": "writeOnly"}


@dataclass(slots=True)
class Limits:
    """How much an operation may take: depth of objects and lists, characters of descriptions; what is left."""

    depth: int = 8
    words: int = 300
    properties: int = 200
    nodes: int = 3_000


class Converter:
    """Converts the schemas of one operation, in one direction, out of one allowance."""

    def __init__(
        self, references: References, keywords: Keywords, limits: Limits, cuts: Cuts, direction: Direction
    ) -> None:
        self._references = references
        self._limits = limits
        self._cuts = cuts
        self._direction = direction
        self._hidden = _HIDDEN[direction]
        self._keywords = keywords
        self._is_30 = keywords.is_30

    @property
    def words(self) -> int:
        """Characters that a description may have."""
        return self._limits.words

    def convert(self, schema: Any, where: str) -> dict[str, Any]:
        """A schema of ours. Raises OperationRefused for a reference to nowhere, or out of the document."""
        return self._schema(schema, where, frozenset(), 0, 0)

    def _schema(self, schema: Any, where: str, path: frozenset[str], depth: int, level: int) -> dict[str, Any]:
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, dict):
            return {}
        self._limits.nodes -= 1
        if self._limits.nodes < 0 or level > _MOST_LEVELS:
            self._cuts.add(CutCode.NODES, where)
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(schema, reference, where, path, depth, level)
        known = self._keywords.of(schema, self._limits.words)
        for cut in known.cuts:
            self._cuts.add(cut.code, where, cut.about)
        own = dict(known.keywords)
        if known.is_leaf:
            return own
        self._members(schema, own, where, path, depth, level)
        self._items(schema, own, where, path, depth, level)
        return self._composed(schema, own, where, path, depth, level)

    def _referred(
        self, schema: Mapping[str, Any], reference: str, where: str, path: frozenset[str], depth: int, level: int
    ) -> dict[str, Any]:
        if reference in path:
            self._cuts.add(CutCode.RECURSIVE, where, reference)
            return {"description": RECURSIVE}
        target = self._schema(self._references.target(reference), where, path | {reference}, depth, level + 1)
        # In 3.0 what stands beside a reference is to be passed over; a description there does no harm.
        beside = ("description",) if self._is_30 else tuple(name for name in schema if name != "$ref")
        siblings = {name: schema[name] for name in beside if name in schema}
        if not siblings:
            return target
        return merged([self._schema(siblings, where, path, depth, level + 1), target])

    def _members(
        self,
        schema: Mapping[str, Any],
        own: dict[str, Any],
        where: str,
        path: frozenset[str],
        depth: int,
        level: int,
    ) -> None:
        declared = {
            name: each
            for name, each in mapping(schema.get("properties")).items()
            if not (isinstance(each, dict) and each.get(self._hidden) is True)
        }
        required = [name for name in listing(schema.get("required")) if isinstance(name, str)]
        is_whole = True
        if declared:
            kept = self._kept(declared, required, where, depth)
            is_whole = len(kept) == len(declared)
            own["properties"] = {
                name: self._schema(declared[name], f"{where}.{name}", path, depth + 1, level + 1) for name in kept
            }
        # A name that is required and has no schema of its own stays, but for what the other side fills in.
        hidden = mapping(schema.get("properties")).keys() - declared.keys()
        names = [name for name in required if name not in hidden and name in own.get("properties", {name: ()})]
        if names:
            own["required"] = list(dict.fromkeys(names))
        more = schema.get("additionalProperties")
        if more is False and is_whole and "patternProperties" not in schema:
            own["additionalProperties"] = False
        elif isinstance(more, dict) and more and depth < self._limits.depth:
            own["additionalProperties"] = self._schema(more, f"{where}.*", path, depth + 1, level + 1)

    def _kept(self, declared: Mapping[str, Any], required: Iterable[str], where: str, depth: int) -> Iterable[str]:
        """The names of the properties that there is room for, those that are required first."""
        if depth >= self._limits.depth:
            names: list[str] = []
            self._cuts.add(CutCode.DEPTH, where, str(len(declared)))
        else:
            ranked = (
                sorted(declared, key=lambda name: name not in needed) if (needed := {*required}) else [*declared]
            )
            names = ranked[: max(0, self._limits.properties)]
            self._limits.properties -= len(names)
            if len(names) < len(declared):
                self._cuts.add(CutCode.PROPERTIES, where, str(len(declared) - len(names)))
        if self._direction == "request" and (
            lost := [name for name in required if name in declared.keys() - names]
        ):
            raise OperationRefused(Reason.TOO_LARGE, f"{where}.{lost[0]}")
        chosen = {*names}
        return [name for name in declared if name in chosen]

    def _items(
        self,
        schema: Mapping[str, Any],
        own: dict[str, Any],
        where: str,
        path: frozenset[str],
        depth: int,
        level: int,
    ) -> None:
        items = schema.get("items")
        firsts = listing(schema.get("prefixItems"))
        if (isinstance(items, dict) or firsts) and depth >= self._limits.depth:
            self._cuts.add(CutCode.DEPTH, where)
            return
        if firsts:
            own["prefixItems"] = [self._schema(each, f"{where}[]", path, depth + 1, level + 1) for each in firsts]
        if isinstance(items, dict):
            own["items"] = self._schema(items, f"{where}[]", path, depth + 1, level + 1)

    def _composed(
        self,
        schema: Mapping[str, Any],
        own: dict[str, Any],
        where: str,
        path: frozenset[str],
        depth: int,
        level: int,
    ) -> dict[str, Any]:
        """The schema with what its allOf, oneOf and anyOf say."""
        parts = [
            own,
            *(self._schema(part, where, path, depth, level + 1) for part in listing(schema.get("allOf"))),
        ]
        for name in ("oneOf", "anyOf"):
            if branches := listing(schema.get(name)):
                found = [self._branch(schema, each, where, path, depth, level + 1) for each in branches]
                parts.append(_any_of(found))
        whole = merged(parts) if len(parts) > 1 else own
        # 3.0 says "or null" beside a composition or a reference, where there is no type to say it of.
        if self._is_30 and schema.get("nullable") is True and "type" not in schema and len(parts) > 1:
            return _any_of([whole, {"type": "null"}])
        return whole

    def _branch(
        self, schema: Mapping[str, Any], branch: Any, where: str, path: frozenset[str], depth: int, level: int
    ) -> dict[str, Any]:
        """One of several alternatives; a discriminator is said by a constant in it."""
        made = self._schema(branch, where, path, depth, level)
        discriminator = mapping(schema.get("discriminator"))
        name, reference = discriminator.get("propertyName"), mapping(branch).get("$ref")
        if not isinstance(name, str) or not isinstance(reference, str) or "properties" not in made:
            return made
        values = [key for key, each in mapping(discriminator.get("mapping")).items() if each == reference]
        value = values[0] if values else reference.rpartition("/")[2]
        own = made["properties"].get(name, {})
        if "enum" in own or "const" in own:
            return made
        return {**made, "properties": {**made["properties"], name: {**own, "const": value}}}


def _any_of(branches: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One of these. Not `oneOf`, for with something cut off a value may fit two of them."""
    different: list[dict[str, Any]] = []
    for branch in branches:
        if branch not in different:
            different.append(branch)
    if {} in different:
        return {}
    return different[0] if len(different) == 1 else {"anyOf": different}
