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
from services.plans.model import Step, StepInput, input_field
from services.plans.references import RESERVED, MalformedReference, Reference, is_whole, scan
from services.plans.schemas import FieldStatus, Schema
from services.plans.validation.contracts import PARAMETERS, Contracts, fold
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.flows import WORDS, Shape, flow_misfit, flows_of
from services.plans.validation.refusals import refusal

# What the schema `false` fails by, which has no keywords.
_FALSE = "false"
# What these say of the payload as a whole is said of its unknown inputs already.
_SAID_OF_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties", "type", _FALSE})
# Stands where a value can't be told yet, as a reference does.
_NOT_KNOWN = "{{issue.text}}"


def input_faults(step: Step, spec: ComponentSpec, contracts: Contracts | None = None) -> Iterator[Fault]:
    """Everything wrong with the inputs of one step, given what the components of the plan take and answer.

    What references point to is judged by type: whether it can ever be what the input takes.
    """
    known = contracts or Contracts()
    for location in PARAMETERS:
        yield from _Parameters(step, spec, known, location).faults()
    yield from _Payload(step, spec, known).faults()


class _Inputs:
    """What the faults of one step's inputs have in common."""

    def __init__(self, step: Step, spec: ComponentSpec, contracts: Contracts, part: str) -> None:
        self.step = step
        self.spec = spec
        self.contracts = contracts
        self.part = part
        self.declared: Any = getattr(spec, part)

    def unjudged(self) -> Fault:
        return fault(FaultCode.UNJUDGED, self.step.step_id, component=self.spec.key, part=self.part)

    def about(self, code: FaultCode, location: str, name: str) -> Fault:
        facts: dict[str, Any] = {"component": self.spec.key, "in": location, "name": name}
        if code in (FaultCode.UNKNOWN_INPUT, FaultCode.UNLISTED_INPUT):
            facts |= self.contracts.hints.inputs(location, name, self.spec)
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
        answered = self.contracts.answered(found)
        return answered.shape if answered and answered.status is FieldStatus.DECLARES else None

    def _invalid(self, item: StepInput, facts: Mapping[str, Any]) -> Fault:
        field = input_field(item.location, item.name)
        about = {"in": item.location, "name": item.name, "value": item.value}
        return fault(FaultCode.INVALID_LITERAL, self.step.step_id, field, **about, **facts)


class _Parameters(_Inputs):
    """The inputs of a step that go into its path, its query or its headers."""

    def __init__(self, step: Step, spec: ComponentSpec, contracts: Contracts, location: str) -> None:
        super().__init__(step, spec, contracts, PARAMETERS[location])
        self.location = location
        self.items = [item for item in step.inputs if item.location == location]

    def faults(self) -> Iterator[Fault]:
        if self.declared == {} and not self.items:
            return
        try:
            known = self.contracts.parameters(self.spec, self.location)
        except TypeError:
            yield self.unjudged()
            return
        given: dict[str, str] = {}
        for item in self.items:
            name = fold(self.location, item.name)
            if name in given:
                yield self.duplicate(item, given[name])
                continue
            given[name] = item.name
            if name not in known:
                # A query or a header that nobody knows is ignored; a path has no room for one.
                code = FaultCode.UNKNOWN_INPUT if self.location == "path" else FaultCode.UNLISTED_INPUT
                yield self.about(code, self.location, item.name)
            elif (shape := known[name].shape) is not None:
                schema = known[name].schema
                value, invalid = self.judge(item, schema, schema.root)
                yield from invalid or self._refusals(item, value)
                yield from self.flows(item, shape)
        for name in self.declared:
            folded = fold(self.location, str(name))
            if folded not in given and known[folded].is_required:
                yield self.about(FaultCode.MISSING_INPUT, self.location, str(name))

    def _refusals(self, item: StepInput, value: Any) -> Iterator[Fault]:
        """A value for which no request can be made, whatever its schema says."""
        reason = None if any(True for _ in scan(item.value)) else refusal(self.location, value)
        if reason is not None:
            yield self._invalid(item, {"at": "", "keyword": reason, "expected": []})


class _Payload(_Inputs):
    """The inputs of a step that make up what it sends."""

    def __init__(self, step: Step, spec: ComponentSpec, contracts: Contracts) -> None:
        super().__init__(step, spec, contracts, "request_schema")
        kind = str(spec.type).upper()
        self.places = {"body"} if kind == "REST" else {"body", "variable"}
        self.place = "variable" if kind == "GRAPHQL" else "body"
        self.schema = contracts.payload(spec)
        self.value: dict[str, Any] = {}
        self.names: dict[Path, str] = {}
        self.parents: dict[Path, str] = {}

    def faults(self) -> Iterator[Fault]:
        if not isinstance(self.declared, dict):
            yield self.unjudged()
            return
        unknown = False
        for item in self.step.inputs:
            if item.location in PARAMETERS:
                continue
            if item.location not in self.places:
                yield self.about(FaultCode.UNKNOWN_INPUT, item.location, item.name)
                continue
            member = self.contracts.member(self.spec, item.name)
            other = self._clash(member.path)
            if other is not None:
                yield self.duplicate(item, other)
                continue
            value, invalid = self.judge(item, self.schema, member.part)
            self._put(member.path, value, item.name)
            yield from invalid
            yield from self.flows(item, member.shape)
            says = member.status
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
        if not unknown and self._is_complete():
            return
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

    def _is_complete(self) -> bool:
        """Whether there is nothing to say of the whole: each input has been judged, and none is missing."""
        declared = self.declared
        return (
            bool(declared)
            and declared.keys() <= _OF_MEMBERS_ONLY
            and declared.get("type") == "object"
            and all(len(path) == 1 for path in self.names)
            and all(isinstance(name, str) and name in self.value for name in _required(declared))
            and not any("const" in member or "properties" in member for member in _members(declared))
        )

    def _is_given(self, path: Path) -> bool:
        """Whether the plan has something there; what only the component has is not for a plan to mend."""
        value: Any = self.value
        for part in path:
            if not isinstance(value, dict) or part not in value:
                return False
            value = value[part]
        return True


# With these alone a payload fits if each of its members does and none is missing.
_OF_MEMBERS_ONLY = frozenset({"type", "properties", "required", "additionalProperties", "title", "description"})


def _required(declared: Mapping[str, Any]) -> list[Any]:
    required = declared.get("required", [])
    return required if isinstance(required, list) else [None]


def _members(declared: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas of the members that a payload lists; a broken one counts as empty."""
    properties = declared.get("properties")
    listed = properties.values() if isinstance(properties, dict) else ()
    return (each if isinstance(each, dict) else {} for each in listed)


def _missing_names(misfit: ValidationError) -> Iterator[str]:
    required: Any = misfit.validator_value
    given: Any = misfit.instance
    return (".".join(map(str, (*misfit.absolute_path, name))) for name in required if name not in given)


def _keyword(misfit: ValidationError) -> str:
    return str(misfit.validator or _FALSE)


def _facts(misfit: ValidationError) -> dict[str, Any]:
    path = render_path(tuple(misfit.absolute_path))
    return {"at": path, "keyword": _keyword(misfit), "expected": misfit.validator_value}
