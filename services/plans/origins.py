"""Where the values of a step's inputs come from, and whether its component takes them from there.

A person: the report, what people answered, and what they typed into the plan itself. The registry: what a
component's schema lists, and the run's id. A component: what it answered in an earlier step. The model: everything
else that stands in a plan.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from services.components.builtins import ASK_PERSON
from services.components.demands import DEMANDS, demanded, has_demands
from services.formats.strict_json import NotJson, PathPart
from services.formats.whole_bodies import as_object
from services.plans.input_paths import payload_path
from services.plans.model import Step, StepInput, input_field
from services.plans.references import OPEN, Reference, is_whole, parse
from services.plans.schemas import FieldStatus, Schema, declared_names

_MAX_NESTING = 16


class Origin(StrEnum):
    """Who made a value."""

    PERSON = "person"
    REGISTRY = "registry"
    COMPONENT = "component"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a part of a value comes from; `step` is the step that was answered, if one was."""

    origin: Origin
    step: str = ""


@dataclass(frozen=True, slots=True)
class Breach:
    """An input ("body", "to") with a value from elsewhere than its component takes it from."""

    location: str
    name: str
    origins: tuple[Origin, ...]
    allowed: tuple[Origin, ...]

    @property
    def field(self) -> str:
        """How the input is called: "body.to"."""
        return input_field(self.location, self.name)


class Takes(Protocol):
    """What a component says of its inputs: a ComponentSpec or a ComponentDefinition."""

    @property
    def path_params(self) -> Mapping[str, Any]:
        """A schema for each name."""

    @property
    def query_params(self) -> Mapping[str, Any]:
        """A schema for each name."""

    @property
    def headers(self) -> Mapping[str, Any]:
        """A schema for each name."""

    @property
    def request_schema(self) -> Mapping[str, Any]:
        """One schema for the payload."""


def origins_of(text: str, components: Mapping[str, str]) -> tuple[Source, ...]:
    """The sources of a text with references in it, each once, in order. `components`: step id -> component key."""
    found: dict[Source, None] = {}
    for part in parse(text):
        if isinstance(part, Reference):
            found[_source(part, components)] = None
        elif not isinstance(part, str) or part.strip():
            found[Source(Origin.MODEL)] = None
    return tuple(found)


class Demands:
    """From where one component takes its inputs. Each place of its schemas is looked up once, for all steps.

    `are_made`: whether it says that of any.
    """

    def __init__(self, component: Takes) -> None:
        declared = (component.path_params, component.query_params, component.headers, component.request_schema)
        self._component = component
        self.are_made = any(map(has_demands, declared))
        self._places: dict[tuple[str, str], _Place] = {}

    def breaches(self, step: Step, components: Mapping[str, str], *, at_gate: bool) -> Iterator[Breach]:
        """The inputs of a step that come from elsewhere.

        `components` are the keys of the plan's components by step id. `at_gate`: a person sees the values and
        agrees to them, which is as good as if they came from one. Never raises, whatever a step or a schema holds.
        """
        for item in step.inputs if self.are_made else ():
            place = self._place(item)
            for found, demand in _Judge(place.schema, components).places(item.value, place):
                sources = tuple(map(_by_person, found)) if item.typed else found
                by_person = at_gate and Origin.PERSON in demand
                if not by_person and any(source.origin not in demand for source in sources):
                    origins = tuple(dict.fromkeys(source.origin for source in sources))
                    allowed = tuple(Origin(each) for each in DEMANDS if each in demand)
                    yield Breach(item.location, item.name, origins, allowed)
                    break

    def _place(self, item: StepInput) -> _Place:
        key = item.location, item.name
        if key not in self._places:
            self._places[key] = _place(self._component, item)
        return self._places[key]


_Parts = tuple[Any, ...]
_Demand = frozenset[str] | None
"""From where a value may come; None: from anywhere."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an input stands in the schemas of its component: what is said of it there, and what is demanded."""

    schema: Schema
    parts: _Parts
    demand: _Demand


def _by_person(source: Source) -> Source:
    """The same of what a person typed: what stands there for itself is theirs."""
    return Source(Origin.PERSON) if source.origin is Origin.MODEL else source


def _source(reference: Reference, components: Mapping[str, str]) -> Source:
    if reference.source == "issue":
        return Source(Origin.PERSON)
    if reference.source == "run":
        return Source(Origin.REGISTRY)
    asked = components.get(reference.source) == ASK_PERSON
    return Source(Origin.PERSON if asked else Origin.COMPONENT, reference.source)


def _place(component: Takes, item: StepInput) -> _Place:
    schema, path = _declaration(component, item)
    parts: _Parts = (schema.root,)
    demand = _narrowed(None, schema, parts)
    for name in path:
        parts = _below(schema, parts, name)
        demand = _narrowed(demand, schema, parts)
    return _Place(schema, parts, demand)


def _declaration(component: Takes, item: StepInput) -> tuple[Schema, tuple[str, ...]]:
    """The schema that speaks for an input, and where in it the input stands."""
    parameters = {"path": component.path_params, "query": component.query_params, "header": component.headers}
    if item.location not in parameters:
        root = component.request_schema
        whole = as_object(root) if isinstance(root, Mapping) else {}
        return Schema(whole), payload_path(item.name, whole)
    declared: Any = parameters[item.location]
    for name, schema in declared.items() if isinstance(declared, Mapping) else ():
        same = str(name).casefold() == item.name.casefold() if item.location == "header" else name == item.name
        if same and isinstance(schema, Mapping):
            # As a truth value `required` is about the parameter, and no JSON Schema's.
            return Schema({key: value for key, value in schema.items() if key != "required"}), ()
    return Schema({}), ()


class _Judge:
    """Finds what is demanded of the value of one input, place by place; of several demands all count."""

    def __init__(self, schema: Schema, components: Mapping[str, str]) -> None:
        self._schema = schema
        self._components = components

    def places(self, text: str, place: _Place) -> Iterator[tuple[tuple[Source, ...], frozenset[str]]]:
        """The places of an input's value of which anything is demanded: what is there, and what may be."""
        for sources, wanted in self._places(self._read(text, place.parts), place.parts, place.demand):
            if wanted is not None:
                yield sources, wanted

    def _places(self, value: Any, parts: _Parts, demand: _Demand) -> Iterator[tuple[tuple[Source, ...], _Demand]]:
        if self._is_listed(value, parts):
            yield (Source(Origin.REGISTRY),), demand
        elif isinstance(value, dict):
            own = declared_names(_flat(self._schema, parts))
            for name, member in value.items():
                if name not in own:
                    yield origins_of(name, self._components), demand
                yield from self._inner(name, member, parts, demand)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._inner(index, item, parts, demand)
        elif isinstance(value, str):
            # What one reference brings may be a list or an object, with all that is demanded inside of it.
            inner = _reachable(self._schema, parts) if is_whole(value) else ()
            yield origins_of(value, self._components), _narrowed(demand, self._schema, inner)
        elif value is not None:
            yield (Source(Origin.MODEL),), demand

    def _inner(
        self, key: PathPart, value: Any, parts: _Parts, demand: _Demand
    ) -> Iterator[tuple[tuple[Source, ...], _Demand]]:
        below = _below(self._schema, parts, key)
        return self._places(value, below, _narrowed(demand, self._schema, below))

    def _read(self, text: str, parts: _Parts) -> Any:
        """The value that a text stands for, as it is read when it is sent."""
        part: Any = parts[0] if len(parts) == 1 else {"anyOf": list(parts)} if parts else {}
        try:
            return self._schema.read(text, part)
        except NotJson:
            return text

    def _is_listed(self, value: Any, parts: _Parts) -> bool:
        """Whether a value is, as it stands, one of those that its schema lists."""
        written = _written(value)
        if OPEN in written:
            return False
        return any(
            written == _written(each)
            for part in _flat(self._schema, parts)
            for each in [*(part[name] for name in ("const", "default") if name in part), *_list(part, "enum")]
        )


def _below(schema: Schema, parts: _Parts, key: PathPart) -> _Parts:
    if not parts:
        return ()  # Nothing is said of what is above, so nothing is of what is in it.
    says, inner = schema.find_field((key,), start=parts)
    return inner if says is FieldStatus.DECLARES else ()


def _narrowed(demand: _Demand, schema: Schema, parts: Iterable[Any]) -> _Demand:
    for part in _flat(schema, parts):
        own = demanded(part)
        if own is not None:
            demand = own if demand is None else demand & own
    return demand


def _flat(schema: Schema, parts: Iterable[Any], nesting: int = 0) -> Iterator[dict[str, Any]]:
    """Parts of a schema, with those that they are combined with or point to."""
    for part in parts:
        if not isinstance(part, dict) or nesting > _MAX_NESTING:
            continue
        yield part
        for keyword in ("allOf", "anyOf", "oneOf"):
            yield from _flat(schema, _list(part, keyword), nesting + 1)
        if "$ref" in part:
            yield from _flat(schema, [schema.target(part["$ref"])], nesting + 1)


def _reachable(schema: Schema, parts: _Parts) -> list[dict[str, Any]]:
    """All parts of a schema that speak of what may stand inside of a value."""
    found: dict[int, dict[str, Any]] = {}
    work: list[Any] = list(parts)
    while work:
        for part in _flat(schema, [work.pop()]):
            if id(part) not in found:
                found[id(part)] = part
                work += _inside(part)
    return list(found.values())


def _inside(part: Mapping[str, Any]) -> list[Any]:
    """The schemas of the members and items that one schema speaks of."""
    properties = part.get("properties")
    members = list(properties.values()) if isinstance(properties, dict) else []
    return [*members, *_list(part, "prefixItems"), part.get("items"), part.get("additionalProperties")]


def _list(part: Mapping[str, Any], keyword: str) -> list[Any]:
    value = part.get(keyword)
    return value if isinstance(value, list) else []


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
