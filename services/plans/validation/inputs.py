"""Whether a step's inputs are what its component takes: none missing, none unknown, each of them fitting.

Where an input goes decides what speaks for it: `path`, `query` and `header` have a schema for each name; the
payload (`body`, and for what is not REST also `variable`) has one schema, and dots in a name lead into it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from services.components.specs import ComponentSpec
from services.formats.schema_defaults import completed
from services.formats.schemas import stated_types
from services.formats.storable import is_storable
from services.formats.strict_json import NotJson, Path, render_path
from services.plans.input_paths import input_field, payload_path
from services.plans.model import Step, StepInput
from services.plans.references import RESERVED, MalformedReference, Reference, is_whole, scan
from services.plans.schemas import FieldStatus, Schema
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.flows import SCALARS, WORDS, Shape, flow_misfit, flows_of

_PARAMETERS = {"path": "path_params", "query": "query_params", "header": "headers"}
# What the schema `false` fails by, which has no keywords.
_FALSE = "false"
# What these say of the payload as a whole is said of its unknown inputs already.
_SAID_OF_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties", "type", _FALSE})
# With one of these a component has a value of its own.
_OF_THE_COMPONENT = frozenset({"const", "default"})
_ONE_TEXT = {"type": sorted(SCALARS)}
# Stands where a value can't be told yet, as a reference does.
_NOT_KNOWN = "{{issue.text}}"


Sources = Mapping[str, ComponentSpec | None]
_UNKNOWN: Sources = {}


def input_faults(step: Step, spec: ComponentSpec, sources: Sources = _UNKNOWN) -> Iterator[Fault]:
    """Everything wrong with the inputs of one step. `sources` are the components of the plan's steps, by step id.

    What references point to is judged by type: whether it can ever be what the input takes.
    """
    for location, part in _PARAMETERS.items():
        yield from _Parameters(step, spec, sources, location, part).faults()
    yield from _Payload(step, spec, sources).faults()


class _Inputs:
    """What the faults of one step's inputs have in common."""

    def __init__(self, step: Step, spec: ComponentSpec, sources: Sources, part: str) -> None:
        self.step = step
        self.spec = spec
        self.sources = sources
        self.part = part
        self.declared: Any = getattr(spec, part)

    def unjudged(self) -> Fault:
        return fault(FaultCode.UNJUDGED, self.step.step_id, component=self.spec.key, part=self.part)

    def about(self, code: FaultCode, location: str, name: str) -> Fault:
        facts = {"component": self.spec.key, "in": location, "name": name}
        return fault(code, self.step.step_id, input_field(location, name), **facts)

    def duplicate(self, item: StepInput, other: str) -> Fault:
        facts = {"in": item.location, "name": item.name, "other": other}
        field = input_field(item.location, item.name)
        return fault(FaultCode.DUPLICATE_INPUT, self.step.step_id, field, **facts)

    def judge(self, item: StepInput, schema: Schema, part: Any) -> tuple[Any, list[Fault]]:
        """The value that an input's text stands for, and how it fails its own part of a schema.

        A value that fails, or can't be read, is answered as one that is not known yet.
        """
        if is_whole(item.value) or any(isinstance(found, MalformedReference) for found in scan(item.value)):
            return _NOT_KNOWN, []
        try:
            value = schema.read(item.value, part)
        except NotJson as error:
            facts = {"at": "", "keyword": error.reason, "expected": sorted(stated_types(part) or ())}
            return _NOT_KNOWN, [self._invalid(item, facts)]
        if not is_storable(value):
            # The text of a plan is clean, but what it is JSON for need not be: "\\ud83d" is half a pair.
            return _NOT_KNOWN, [self._invalid(item, {"at": "", "keyword": "bad_character", "expected": []})]
        found = schema.misfits(value, part)
        if found is None:
            return value, [self.unjudged()]
        return _NOT_KNOWN if found else value, [self._invalid(item, _facts(misfit)) for misfit in found]

    def flows(self, item: StepInput, takes: Shape) -> Iterator[Fault]:
        """The references of an input that bring what it can never take."""
        field = input_field(item.location, item.name)
        for found, path in flows_of(item.value, takes):
            gives = self._shape(found)
            if gives is None:
                continue
            wrong = flow_misfit(found, path, gives, takes)
            if wrong is not None:
                facts = {"reference": found.text, "source": found.source, "at": wrong.at}
                kinds = {"gives": sorted(wrong.gives), "takes": sorted(wrong.takes)}
                yield fault(FaultCode.FLOW_MISFIT, self.step.step_id, field, name=item.name, **facts, **kinds)

    def _shape(self, found: Reference) -> Shape | None:
        """What a reference brings, as far as anybody says."""
        if found.source in RESERVED:
            return WORDS
        spec = self.sources.get(found.source)
        schema: Any = None if spec is None else spec.response_schema
        return Shape.of(schema).field(found.path) if isinstance(schema, Mapping) and schema else None

    def _invalid(self, item: StepInput, facts: Mapping[str, Any]) -> Fault:
        field = input_field(item.location, item.name)
        about = {"in": item.location, "name": item.name, "value": item.value}
        return fault(FaultCode.INVALID_LITERAL, self.step.step_id, field, **about, **facts)


class _Parameters(_Inputs):
    """The inputs of a step that go into its path, its query or its headers."""

    def __init__(self, step: Step, spec: ComponentSpec, sources: Sources, location: str, part: str) -> None:
        super().__init__(step, spec, sources, part)
        self.location = location

    def faults(self) -> Iterator[Fault]:
        if not isinstance(self.declared, Mapping):
            yield self.unjudged()
            return
        schemas = {self._fold(str(name)): schema for name, schema in self.declared.items()}
        given: dict[str, str] = {}
        for item in self.step.inputs:
            if item.location != self.location:
                continue
            name = self._fold(item.name)
            if name in given:
                yield self.duplicate(item, given[name])
                continue
            given[name] = item.name
            if name not in schemas:
                # A query or a header that nobody knows is ignored; a path has no room for one.
                code = FaultCode.UNKNOWN_INPUT if self.location == "path" else FaultCode.UNLISTED_INPUT
                yield self.about(code, self.location, item.name)
            elif isinstance(schemas[name], Mapping):
                own = self._json_schema(schemas[name])
                yield from self.judge(item, Schema(own), own)[1]
                yield from self.flows(item, self._shape_of(own))
        for name, schema in self.declared.items():
            if self._fold(str(name)) not in given and self._is_required(schema):
                yield self.about(FaultCode.MISSING_INPUT, self.location, str(name))

    def _shape_of(self, own: Mapping[Any, Any]) -> Shape:
        """A path and a header have room for one text; a query may have several of a name."""
        shape = Shape.of(own)
        return shape if self.location == "query" or shape.types is not None else Shape.of(_ONE_TEXT)

    def _fold(self, name: str) -> str:
        """HTTP takes the names of headers in any case."""
        return name.casefold() if self.location == "header" else name

    def _is_required(self, schema: Any) -> bool:
        if not isinstance(schema, Mapping):
            return False
        if self.location == "path":
            # Without a value for each of its parameters there is no path to call.
            is_required = schema.get("required") is not False
        else:
            is_required = schema.get("required") is True
        return is_required and _OF_THE_COMPONENT.isdisjoint(schema)

    def _json_schema(self, schema: Mapping[Any, Any]) -> dict[Any, Any]:
        """What is declared for a parameter, less what is no JSON Schema's: `required` as a truth value.

        Nor does the value that the component gives a header itself belong into a fault: it is shown to a model.
        """
        ours = _OF_THE_COMPONENT if self.location == "header" else frozenset()
        return {
            key: value
            for key, value in schema.items()
            if key not in ours and not (key == "required" and isinstance(value, bool))
        }


class _Payload(_Inputs):
    """The inputs of a step that make up what it sends."""

    def __init__(self, step: Step, spec: ComponentSpec, sources: Sources) -> None:
        super().__init__(step, spec, sources, "request_schema")
        kind = str(spec.type).upper()
        self.places = {"body"} if kind == "REST" else {"body", "variable"}
        self.place = "variable" if kind == "GRAPHQL" else "body"
        self.schema = Schema(self.declared)
        self.value: dict[str, Any] = {}
        self.names: dict[Path, str] = {}
        self.parents: dict[Path, str] = {}

    def faults(self) -> Iterator[Fault]:
        if not isinstance(self.declared, Mapping):
            yield self.unjudged()
            return
        unknown = False
        for item in self.step.inputs:
            if item.location in _PARAMETERS:
                continue
            if item.location not in self.places:
                yield self.about(FaultCode.UNKNOWN_INPUT, item.location, item.name)
                continue
            path = payload_path(item.name, self.declared)
            other = self._clash(path)
            if other is not None:
                yield self.duplicate(item, other)
                continue
            says, parts = self.schema.find_field(path)
            part = (
                {} if says is not FieldStatus.DECLARES else parts[0] if len(parts) == 1 else {"anyOf": list(parts)}
            )
            value, invalid = self.judge(item, self.schema, part)
            self._put(path, value, item.name)
            yield from invalid
            yield from self.flows(item, Shape(self.schema, (part,)))
            if says in (FieldStatus.FORBIDS, FieldStatus.LISTS_OTHERS):
                unknown = True
                code = FaultCode.UNKNOWN_INPUT if says is FieldStatus.FORBIDS else FaultCode.UNLISTED_INPUT
                yield self.about(code, item.location, item.name)
        yield from self._whole_faults(unknown=unknown)

    def _clash(self, path: Path) -> str | None:
        """The name of an input that stands at this path already, above it or below it."""
        for length in range(1, len(path) + 1):
            if path[:length] in self.names:
                return self.names[path[:length]]
        return self.parents.get(path)

    def _put(self, path: tuple[str, ...], value: Any, name: str) -> None:
        parent = self.value
        for length, part in enumerate(path[:-1], start=1):
            self.parents.setdefault(path[:length], name)
            parent = parent.setdefault(part, {})
        parent[path[-1]] = value
        self.names[path] = name

    def _whole_faults(self, *, unknown: bool) -> Iterator[Fault]:
        """What the inputs fail together with what the component adds itself: those that are missing above all."""
        found = self.schema.misfits(completed(self.declared, self.value), self.declared, limit=None)
        if found is None or (self.names and not self.declared):
            yield self.unjudged()
        missing: dict[str, None] = {}
        for misfit in found or ():
            path = tuple(misfit.absolute_path)
            if any(path[:length] in self.names for length in range(1, len(path) + 1)):
                continue  # said of the input itself
            if misfit.validator == "required":
                missing |= dict.fromkeys(_missing_names(misfit))
            elif self._is_given(path) and not (unknown and _keyword(misfit) in _SAID_OF_UNKNOWN):
                facts = {"component": self.spec.key, **_facts(misfit)}
                yield fault(FaultCode.INPUTS_DO_NOT_FIT, self.step.step_id, self.place, **facts)
        for name in missing:
            yield self.about(FaultCode.MISSING_INPUT, self.place, name)

    def _is_given(self, path: Path) -> bool:
        """Whether the plan has something there; what only the component has is not for a plan to mend."""
        value: Any = self.value
        for part in path:
            if not isinstance(value, dict) or part not in value:
                return False
            value = value[part]
        return True


def _missing_names(misfit: ValidationError) -> Iterator[str]:
    required: Any = misfit.validator_value
    given: Any = misfit.instance
    return (".".join(map(str, (*misfit.absolute_path, name))) for name in required if name not in given)


def _keyword(misfit: ValidationError) -> str:
    return str(misfit.validator or _FALSE)


def _facts(misfit: ValidationError) -> dict[str, Any]:
    path = render_path(tuple(misfit.absolute_path))
    return {"at": path, "keyword": _keyword(misfit), "expected": misfit.validator_value}
