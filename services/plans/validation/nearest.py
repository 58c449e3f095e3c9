"""What was meant, perhaps: the names nearest to one that does not exist, for whoever mends the plan."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from services.formats.strict_json import Path, render_path
from services.plans.schemas import Schema

MOST = 3
"""So many names are offered."""

_CUTOFF = 0.6
_MAX_NAMES = 2_000
_MAX_PATHS = 500
_MAX_DEPTH = 6
_MAX_LENGTH = 80


def nearest_names(name: str, known: Iterable[str]) -> list[str]:
    """Those of `known` that `name` may be a slip of, the nearest first."""
    by_form = {each.casefold(): each for each in islice(known, _MAX_NAMES) if len(each) <= _MAX_LENGTH}
    if len(name) > _MAX_LENGTH:
        return []
    found = difflib.get_close_matches(name.casefold(), by_form, n=MOST, cutoff=_CUTOFF)
    return [by_form[each] for each in found]


def nearest_paths(path: Path, schema: Any) -> list[str]:
    """The fields of an answer that a path may be a slip of: at another level first, then of a similar name."""
    names = [part for part in path if isinstance(part, str)]
    if not names or not isinstance(schema, Mapping):
        return []
    paths = field_paths(schema)
    same = [each for each in paths if each[-1] == names[-1]]
    by_text = {render_path(each): each for each in paths}
    similar = nearest_names(render_path(path), by_text)
    return list(dict.fromkeys([*map(render_path, same), *similar]))[:MOST]


def field_paths(schema: Any) -> list[Path]:
    """The paths of the named fields that a schema declares, a list by its first item; of very many the first."""
    return list(islice(_paths(Schema(schema), schema, (), 0), _MAX_PATHS))


def _paths(schema: Schema, part: Any, path: Path, depth: int) -> Iterator[Path]:
    """The paths of all named fields, a list by its first item."""
    if depth > _MAX_DEPTH or not isinstance(part, Mapping):
        return
    if "$ref" in part:
        yield from _paths(schema, schema.target(part["$ref"]), path, depth + 1)
    properties = part.get("properties")
    for name, member in properties.items() if isinstance(properties, Mapping) else ():
        yield (*path, str(name))
        yield from _paths(schema, member, (*path, str(name)), depth + 1)
    if isinstance(part.get("items"), Mapping):
        yield from _paths(schema, part["items"], (*path, 0), depth + 1)
