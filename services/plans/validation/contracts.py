"""What the components of a plan take and answer: each place of their schemas is looked up once for all steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.components.specs import ComponentSpec
from services.formats.strict_json import Path, PathPart
from services.plans.input_paths import payload_path
from services.plans.origins import Demands
from services.plans.references import RESERVED, Reference
from services.plans.schemas import ANY_TEXT, FieldStatus, Schema, TextRule
from services.plans.validation.flows import SCALARS, WORDS, Shape
from services.plans.validation.nearest import Hints, field_paths
from services.plans.validation.reading import ReadInput

PARAMETERS = {"path": "path_params", "query": "query_params", "header": "headers"}
"""The part of a component that speaks for each place of a request outside its payload."""

# With one of these a component has a value of its own.
_OF_THE_COMPONENT = frozenset({"const", "default"})
_ONE_TEXT = Shape.of({"type": sorted(SCALARS)})


class Answered:
    """A place in the answer of a component, and what is said of it; where it has none, `shape` is what is above.

    `brings` is the shape of what stands there, None where nobody declares anything there.
    `lacks`: why the answer may have nothing there, "list" or "optional"; None if it will, as far as anybody says.
    """

    __slots__ = ("_below", "brings", "lacks", "shape", "status")

    def __init__(self, status: FieldStatus, shape: Shape, lacks: str | None = None) -> None:
        self.status = status
        self.shape = shape
        self.brings = shape if status is FieldStatus.DECLARES else None
        self.lacks = lacks
        self._below: dict[PathPart, Answered] = {}

    def at(self, path: Path) -> Answered:
        """A place below. Each is looked up once."""
        here = self
        for part in path:
            if here.status is not FieldStatus.DECLARES:
                break
            below = here._below.get(part)
            if below is None:
                below = here._below[part] = here._look_up(part)
            here = below
        return here

    def _look_up(self, part: PathPart) -> Answered:
        status, parts = self.shape.schema.find_field((part,), start=self.shape.parts)
        return Answered(status, Shape(self.shape.schema, parts), self.lacks or _may_lack(self.shape, part))


@dataclass(slots=True)
class Value:
    """What a value has to be: a part of a schema. `rule` is what it asks of a text, if it is one and no more."""

    schema: Schema
    part: Any
    rule: TextRule | None

    @classmethod
    def of(cls, schema: Schema, part: Any) -> Value:
        """A part of a schema."""
        is_text = isinstance(part, dict) and part.get("type") == "string"
        rule = TextRule.of(part) if is_text else None
        if rule is not None and rule is not ANY_TEXT and not schema.is_sound:
            rule = None
        return cls(schema, part, rule)


@dataclass(slots=True)
class Member:
    """Where in the payload an input stands, what is said of it there, and what it takes."""

    path: tuple[str, ...]
    status: FieldStatus
    value: Value
    shape: Shape


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a component takes in its path, its query or a header; `shape` is None where nobody says."""

    value: Value
    shape: Shape | None
    is_required: bool


# With these alone a payload fits if each of its members does and none is missing.
_OF_MEMBERS_ONLY = frozenset({"type", "properties", "required", "additionalProperties", "title", "description"})


@dataclass(frozen=True, slots=True)
class Payload:
    """The payload of a component: its schema, where in a plan it is given, and what that place is called.

    `complete_with`: with these given, and each input fitting, the whole fits; None where that takes a look.
    """

    schema: Schema
    places: frozenset[str]
    place: str
    complete_with: tuple[str, ...] | None

    @classmethod
    def of(cls, spec: ComponentSpec) -> Payload:
        """By the type of the component and its schema."""
        kind = str(spec.type).upper()
        places = frozenset({"body"} if kind == "REST" else {"body", "variable"})
        place = "variable" if kind == "GRAPHQL" else "body"
        return cls(Schema(spec.request_schema), places, place, _complete_with(spec.request_schema))


class Contract:
    """What one component takes and answers. Each place of its schemas is looked up once, when asked for."""

    def __init__(self, spec: ComponentSpec) -> None:
        self.spec = spec
        self.payload = Payload.of(spec)
        self.answer = Answered(FieldStatus.DECLARES, Shape.of(spec.response_schema))
        self.is_read = False
        self._members: dict[str, Member] = {}
        self._parameters: dict[str, dict[str, Parameter]] = {}

    @cached_property
    def places(self) -> frozenset[str]:
        """The places outside of the payload of which the component says anything."""
        return frozenset(location for location, part in PARAMETERS.items() if getattr(self.spec, part) != {})

    @cached_property
    def demands(self) -> Demands:
        """From where the component takes its inputs."""
        return Demands(self.spec)

    def member(self, name: str) -> Member:
        """Where an input of this name stands in the payload."""
        found = self._members.get(name)
        if found is None:
            found = self._members[name] = _member(self.payload.schema, name)
        return found

    def parameters(self, location: str) -> dict[str, Parameter]:
        """What is taken at a place outside of the payload, by name; names of headers in small letters.

        Raises TypeError where the component has no list of names there.
        """
        if location not in self._parameters:
            declared = getattr(self.spec, PARAMETERS[location])
            if not isinstance(declared, dict):
                raise TypeError(declared)
            self._parameters[location] = {
                fold(location, str(name)): _parameter(location, schema) for name, schema in declared.items()
            }
        return self._parameters[location]

    def read(self) -> None:
        """Look up what plans will ask for: each field that the schemas name, as far as there are not very many."""
        self.is_read = True
        _ = self.demands
        for location in self.places:
            with suppress(TypeError):
                self.parameters(location)
        for path in field_paths(self.spec.request_schema):
            if all(isinstance(part, str) for part in path):
                self.member(".".join(map(str, path)))
        for path in field_paths(self.spec.response_schema):
            self.answer.at(path)


_MOST_KEPT = 2_000
"""Components whose contracts are kept; with more, all are read anew. One of 30 fields takes some 20 kB."""


class Contracts:
    """The contracts of components, by their keys, kept from plan to plan; of one that was changed, a new one."""

    def __init__(self) -> None:
        self._by_key: dict[str, Contract] = {}

    def of(self, spec: ComponentSpec) -> Contract:
        """The contract of a component."""
        found = self._by_key.get(spec.key)
        if found is None or (found.spec is not spec and found.spec != spec):
            if len(self._by_key) >= _MOST_KEPT:
                self._by_key.clear()
            found = self._by_key[spec.key] = Contract(spec)
        return found

    def read(self, specs: Iterable[ComponentSpec]) -> None:
        """Read components ahead of the first plan of them: most of what judging that would take."""
        for spec in specs:
            contract = self.of(spec)
            if not contract.is_read:
                contract.read()


class Sources:
    """What the steps of one plan answer. `components` are those of its steps, by step id.

    `hints` say what may have been meant where a name does not exist.
    """

    def __init__(self, contracts: Contracts, components: Mapping[str, ComponentSpec | None]) -> None:
        self.contracts = contracts
        self.hints = Hints()
        self._of = {name: contracts.of(spec) for name, spec in components.items() if spec is not None}

    def answered(self, found: Reference) -> Answered | None:
        """What is said of the field that a reference points to; None if nobody says anything of that step."""
        contract = self._of.get(found.source)
        return None if contract is None else contract.answer.at(found.path)

    def answers(self, read: ReadInput) -> Sequence[Answered | None]:
        """The same for all that an input refers to, malformed or not. Three checks ask; it is looked up once."""
        if read.answers is None:
            read.answers = [self.answered(each) if type(each) is Reference else None for each in read.found]
        return read.answers

    def brings(self, found: Reference) -> Shape | None:
        """What a reference brings, as far as anybody says."""
        if found.source in RESERVED:
            return WORDS
        answered = self.answered(found)
        return None if answered is None else answered.brings


def fold(location: str, name: str) -> str:
    """HTTP takes the names of headers in any case."""
    return name.casefold() if location == "header" else name


def _member(schema: Schema, name: str) -> Member:
    path = payload_path(name, schema.root)
    status, parts = schema.find_field(path)
    part: Any = {}
    if status is FieldStatus.DECLARES:
        part = parts[0] if len(parts) == 1 else {"anyOf": list(parts)}
    return Member(path, status, Value.of(schema, part), Shape(schema, (part,)))


def _parameter(location: str, schema: Any) -> Parameter:
    if not isinstance(schema, dict):
        return Parameter(Value.of(Schema({}), {}), None, is_required=False)
    own = _json_schema(location, schema)
    shape = Shape.of(own)
    if location != "query" and shape.types is None:
        # A path and a header have room for one text; a query may have several of a name.
        shape = _ONE_TEXT
    return Parameter(Value.of(Schema(own), own), shape, _is_required(location, schema))


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


def _may_lack(above: Shape, part: PathPart) -> str | None:
    """Whether there may be no such member or item, as far as a schema says anything of that."""
    if isinstance(part, int):
        has_them = all(isinstance(each, dict) and _least(each) > part for each in above.parts)
        return None if has_them else "list"
    # The author of a schema may say which members are always there; most say it of none.
    required = above.required
    return "optional" if required and part not in required else None


def _least(part: Mapping[str, Any]) -> int:
    """So many items a list has at least. One whose items are listed one by one is meant to have them."""
    least, listed = part.get("minItems"), part.get("prefixItems")
    return max(least if isinstance(least, int) else 0, len(listed) if isinstance(listed, list) else 0)


def _complete_with(declared: Any) -> tuple[str, ...] | None:
    if not isinstance(declared, dict) or declared.get("type") != "object":
        return None
    required, properties = declared.get("required", []), declared.get("properties")
    members = properties.values() if isinstance(properties, dict) else ()
    if (
        not declared.keys() <= _OF_MEMBERS_ONLY
        or not isinstance(required, list)
        or not all(isinstance(name, str) for name in required)
        or any("const" in each or "properties" in each for each in members if isinstance(each, dict))
    ):
        return None
    return tuple(required)
