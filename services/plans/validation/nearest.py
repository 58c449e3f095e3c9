"""What was meant, perhaps: the names nearest to one that does not exist, for whoever mends the plan."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from services.components.specs import ComponentSpec
from services.formats.strict_json import Path, render_path
from services.plans.schemas import Schema

MOST = 3
"""So many names are offered."""

_CUTOFF = 0.6
_MAX_NAMES = 2_000
_MAX_PATHS = 500
_MAX_DEPTH = 6
_MAX_LENGTH = 80


class Hints:
    """What may have been meant by names that do not exist, as the detail of a fault; of one plan.

    A plan that is wrong throughout is not helped by a thousand of them, and they take time.
    """

    def __init__(self, most: int = 40) -> None:
        self._left = most

    def names(self, name: str, known: Iterable[str]) -> dict[str, list[str]]:
        """Names that one may be a slip of."""
        return _hint(nearest_names(name, known)) if self._may() else {}

    def paths(self, path: Path, schema: Any) -> dict[str, list[str]]:
        """Fields of an answer that a path may be a slip of."""
        return _hint(nearest_paths(path, schema)) if self._may() else {}

    def inputs(self, location: str, name: str, spec: ComponentSpec) -> dict[str, list[str]]:
        """Inputs of a component that one may be a slip of: of this name elsewhere, or of a similar name there."""
        return _hint(nearest_inputs(location, name, spec)) if self._may() else {}

    def _may(self) -> bool:
        self._left -= 1
        return self._left >= 0


def _hint(names: list[str]) -> dict[str, list[str]]:
    return {"nearest": names} if names else {}


def nearest_inputs(location: str, name: str, spec: ComponentSpec) -> list[str]:
    """The inputs of a component that one may be a slip of; those of another place are named with it."""
    payload = "variable" if spec.type == "GRAPHQL" else "body"
    places = {"path": spec.path_params, "query": spec.query_params, "header": spec.headers}
    elsewhere = [
        f"{place}.{name}" for place, names in places.items() if place != location and name in _named(names)
    ]
    near = nearest_names(name, _named(places[location])) if location in places else []
    prefix = "" if location == payload else f"{payload}."
    members = [f"{prefix}{each}" for each in nearest_paths(tuple(name.split(".")), spec.request_schema)]
    return [*elsewhere, *near, *members][:MOST]


def _named(names: Any) -> list[str]:
    return [str(name) for name in names] if isinstance(names, dict) else []


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
    if not names or not isinstance(schema, dict):
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
    if depth > _MAX_DEPTH or not isinstance(part, dict):
        return
    if "$ref" in part:
        yield from _paths(schema, schema.target(part["$ref"]), path, depth + 1)
    properties = part.get("properties")
    for name, member in properties.items() if isinstance(properties, dict) else ():
        yield (*path, str(name))
        yield from _paths(schema, member, (*path, str(name)), depth + 1)
    if isinstance(part.get("items"), dict):
        yield from _paths(schema, part["items"], (*path, 0), depth + 1)
