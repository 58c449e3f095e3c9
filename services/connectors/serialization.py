"""Query parameters that are lists or objects, in the ways that OpenAPI has for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from services.connectors.errors import RequestRefused
from services.connectors.requests import as_text

_BETWEEN = {"comma": ",", "space": " ", "pipe": "|"}


def query_pairs(values: Mapping[str, Any], ways: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The pairs of a query. Raises RequestRefused for what has no place in one.

    `ways` says how a parameter is written (see services.components.definitions.Serialization); one that is not in
    it may be a list, whose items are written one by one, and no object.
    """
    for name, value in values.items():
        if value is not None:
            yield from _pairs(name, value, ways.get(name, ""))


def _pairs(name: str, value: Any, way: str) -> Iterator[tuple[str, str]]:
    if way == "json":
        yield name, json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    elif isinstance(value, Mapping):
        yield from _members(name, value, way)
    elif way in _BETWEEN and isinstance(value, list):
        texts = [as_text(f"query.{name}", item) for item in value if item is not None]
        if texts:
            yield name, _BETWEEN[way].join(texts)
    else:
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield name, as_text(f"query.{name}", item)


def _members(name: str, value: Mapping[str, Any], way: str) -> Iterator[tuple[str, str]]:
    given = {member: inner for member, inner in value.items() if inner is not None}
    if way == "form":
        for member, inner in given.items():
            yield from _pairs(member, inner, "")
    elif way == "deepObject":
        for member, inner in given.items():
            yield from _pairs(f"{name}[{member}]", inner, way)
    elif way in _BETWEEN:
        parts = [part for member, inner in given.items() for part in (member, as_text(f"query.{name}", inner))]
        if parts:
            yield name, _BETWEEN[way].join(parts)
    else:
        raise RequestRefused(f"query.{name}", "not_a_text")
