"""What the components of a plan take and answer: each place of their schemas is looked up once for all steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.components.specs import ComponentSpec
from services.formats.strict_json import Path
from services.plans.input_paths import payload_path
from services.plans.references import Reference
from services.plans.schemas import FieldStatus, Schema
from services.plans.validation.flows import SCALARS, Shape
from services.plans.validation.nearest import Hints

PARAMETERS = {"path": "path_params", "query": "query_params", "header": "headers"}
"""The part of a component that speaks for each place of a request outside its payload."""

# With one of these a component has a value of its own.
_OF_THE_COMPONENT = frozenset({"const", "default"})
_ONE_TEXT = Shape.of({"type": sorted(SCALARS)})


@dataclass(frozen=True, slots=True)
class Answered:
    """What a component says of a field in its answer; where it has none, `shape` is what is above it."""

    status: FieldStatus
    shape: Shape


@dataclass(frozen=True, slots=True)
class Member:
    """Where in the payload an input stands, what is said of it there, and what it takes."""

    path: tuple[str, ...]
    status: FieldStatus
    part: Any
    shape: Shape


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a component takes in its path, its query or a header; `shape` is None where nobody says."""

    schema: Schema
    shape: Shape | None
    is_required: bool


class Contracts:
    """Looks up the schemas of components. `sources` are those of the plan's steps, by step id.

    `hints` say what may have been meant where a name does not exist.
    """

    def __init__(self, sources: Mapping[str, ComponentSpec | None] | None = None) -> None:
        self.hints = Hints()
        self._sources = sources or {}
        self._answers: dict[tuple[str, Path], Answered | None] = {}
        self._lacking: dict[tuple[str, Path], str | None] = {}
        self._payloads: dict[str, Schema] = {}
        self._members: dict[tuple[str, str], Member] = {}
        self._parameters: dict[tuple[str, str], dict[str, Parameter]] = {}

    def answered(self, found: Reference) -> Answered | None:
        """What is said of the field that a reference points to; None if nobody says anything of that step."""
        spec = self._sources.get(found.source)
        if spec is None:
            return None
        place = spec.key, found.path
        if place not in self._answers:
            self._answers[place] = _answered(spec.response_schema, found.path)
        return self._answers[place]

    def lacking(self, found: Reference) -> str | None:
        """Why the answer may have nothing where a reference points to: "list" or "optional"; None if it will."""
        spec = self._sources.get(found.source)
        if spec is None:
            return None
        place = spec.key, found.path
        if place not in self._lacking:
            self._lacking[place] = _may_lack(Shape.of(spec.response_schema), found.path)
        return self._lacking[place]

    def payload(self, spec: ComponentSpec) -> Schema:
        """The schema of a component's payload."""
        if spec.key not in self._payloads:
            self._payloads[spec.key] = Schema(spec.request_schema)
        return self._payloads[spec.key]

    def member(self, spec: ComponentSpec, name: str) -> Member:
        """Where an input of this name stands in the payload of a component."""
        place = spec.key, name
        if place not in self._members:
            schema = self.payload(spec)
            path = payload_path(name, spec.request_schema)
            status, parts = schema.find_field(path)
            part: Any = {}
            if status is FieldStatus.DECLARES:
                part = parts[0] if len(parts) == 1 else {"anyOf": list(parts)}
            self._members[place] = Member(path, status, part, Shape(schema, (part,)))
        return self._members[place]

    def parameters(self, spec: ComponentSpec, location: str) -> dict[str, Parameter]:
        """What a component takes at a place outside of its payload, by name; names of headers in small letters.

        Raises TypeError where the component has no list of names there.
        """
        place = spec.key, location
        if place not in self._parameters:
            declared = getattr(spec, PARAMETERS[location])
            if not isinstance(declared, dict):
                raise TypeError(declared)
            self._parameters[place] = {
                fold(location, str(name)): _parameter(location, schema) for name, schema in declared.items()
            }
        return self._parameters[place]


def fold(location: str, name: str) -> str:
    """HTTP takes the names of headers in any case."""
    return name.casefold() if location == "header" else name


def _answered(schema: Any, path: Path) -> Answered | None:
    if not isinstance(schema, dict | bool):
        return None
    whole = Schema(schema)
    status, parts = whole.find_field(path)
    return Answered(status, Shape(whole, parts))


def _parameter(location: str, schema: Any) -> Parameter:
    if not isinstance(schema, dict):
        return Parameter(Schema({}), None, is_required=False)
    own = _json_schema(location, schema)
    shape = Shape.of(own)
    if location != "query" and shape.types is None:
        # A path and a header have room for one text; a query may have several of a name.
        shape = _ONE_TEXT
    return Parameter(Schema(own), shape, _is_required(location, schema))


def _is_required(location: str, schema: Mapping[str, Any]) -> bool:
    # Without a value for each of its parameters there is no path to call.
    stated = schema.get("required")
    is_required = stated is not False if location == "path" else stated is True
    return is_required and _OF_THE_COMPONENT.isdisjoint(schema)


def _json_schema(location: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """What is declared for a parameter, less what is no JSON Schema's: `required` as a truth value.

    Nor does the value that the component gives a header itself belong into a fault: it is shown to a model.
    """
    ours = _OF_THE_COMPONENT if location == "header" else frozenset()
    return {
        key: value
        for key, value in schema.items()
        if key not in ours and not (key == "required" and isinstance(value, bool))
    }


def _may_lack(shape: Shape, path: Path) -> str | None:
    """Whether an answer may have nothing at a path, as far as its schema says anything of that."""
    for length, part in enumerate(path):
        here = shape.field(path[:length]) if length else shape
        if here is None:
            return None
        if isinstance(part, int):
            if not all(isinstance(each, dict) and _least(each) > part for each in here.parts):
                return "list"
        elif _names_required(here) and part not in here.required:
            return "optional"
    return None


def _least(part: Mapping[str, Any]) -> int:
    """So many items a list has at least. One whose items are listed one by one is meant to have them."""
    least, listed = part.get("minItems"), part.get("prefixItems")
    return max(least if isinstance(least, int) else 0, len(listed) if isinstance(listed, list) else 0)


def _names_required(shape: Shape) -> bool:
    """Whether the author of a schema says which members are always there; most say it of none."""
    return bool(shape.required)
