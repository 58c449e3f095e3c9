"""Whether a step's inputs are what its component takes: none missing, none unknown, each of them fitting.

Where an input goes decides what speaks for it: `path`, `query` and `header` have a schema for each name; the
payload (`body`, and for what is not REST also `variable`) has one schema, and dots in a name lead into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError

from services.components.specs import ComponentSpec
from services.formats.schema_defaults import completed
from services.formats.schemas import stated_types
from services.formats.storable import is_storable
from services.formats.strict_json import NotJson, Path, render_path
from services.plans.model import Step, StepInput, input_field
from services.plans.references import RESERVED, MalformedReference, Reference
from services.plans.schemas import FieldStatus
from services.plans.validation.contracts import PARAMETERS, Contract, Contracts, Sources, Value, fold
from services.plans.validation.faults import Fault, FaultCode, fault
from services.plans.validation.flows import Shape, flow_misfit, flows_of
from services.plans.validation.reading import ReadInput, ReadStep, read_step
from services.plans.validation.refusals import refusal

# What the schema `false` fails by, which has no keywords.
_FALSE = "false"
# What these say of the payload as a whole is said of its unknown inputs already.
_SAID_OF_UNKNOWN = frozenset({"additionalProperties", "unevaluatedProperties", "type", _FALSE})
# Stands where a value can't be told yet, as a reference does.
_NOT_KNOWN = "{{issue.text}}"


def input_faults(step: Step, spec: ComponentSpec) -> Iterator[Fault]:
    """Everything wrong with the inputs of one step by itself, whatever the other steps of its plan answer."""
    return read_input_faults(read_step(step), spec, Sources(Contracts(), {}))


def read_input_faults(read: ReadStep, spec: ComponentSpec, sources: Sources) -> Iterator[Fault]:
    """Everything wrong with the inputs of one step, given what the components of the plan take and answer.

    What references point to is judged by type: whether it can ever be what the input takes.
    """
    contract = sources.contracts.of(spec)
    places = contract.places
    for each in read.inputs:
        if each.item.location in PARAMETERS and each.item.location not in places:
            places |= {each.item.location}
    if places:
        for location in PARAMETERS:
            if location in places:
                yield from _Parameters(read, contract, sources, location).faults()
    yield from _Payload(read, contract, sources).faults()


class _Inputs:
    """What the faults of one step's inputs have in common."""

    def __init__(self, read: ReadStep, contract: Contract, sources: Sources, part: str) -> None:
        self.read = read
        self.step_id = read.step.step_id
        self.contract = contract
        self.sources = sources
        self.part = part
        self.declared: Any = getattr(contract.spec, part)

    def unjudged(self) -> Fault:
        return fault(FaultCode.UNJUDGED, self.step_id, component=self.contract.spec.key, part=self.part)

    def about(self, code: FaultCode, location: str, name: str) -> Fault:
        facts: dict[str, Any] = {"component": self.contract.spec.key, "in": location, "name": name}
        if code in (FaultCode.UNKNOWN_INPUT, FaultCode.UNLISTED_INPUT):
            facts |= self.sources.hints.inputs(location, name, self.contract.spec)
        return fault(code, self.step_id, input_field(location, name), **facts)

    def duplicate(self, item: StepInput, other: str) -> Fault:
        facts = {"in": item.location, "name": item.name, "other": other}
        field = input_field(item.location, item.name)
        return fault(FaultCode.DUPLICATE_INPUT, self.step_id, field, **facts)

    def judge(self, read: ReadInput, takes: Value) -> tuple[Any, Sequence[Fault]]:
        """The value that an input's text stands for, and how it fails its own part of a schema.

        A value that fails, or can't be read, is answered as one that is not known yet.
        """
        if read.is_whole or (read.found and any(isinstance(each, MalformedReference) for each in read.found)):
            return _NOT_KNOWN, ()
        item = read.item
        if takes.rule is not None and takes.rule.allows(item.value):
            return item.value, ()
        try:
            value = takes.schema.read(item.value, takes.part)
        except NotJson as error:
            facts = {"at": "", "keyword": error.reason, "expected": sorted(stated_types(takes.part) or ())}
            return _NOT_KNOWN, [self._invalid(item, facts)]
        if not is_storable(value):
            # The text of a plan is clean, but what it is JSON for need not be: "\\ud83d" is half a pair.
            return _NOT_KNOWN, [self._invalid(item, {"at": "", "keyword": "bad_character", "expected": []})]
        found = takes.schema.misfits(value, takes.part)
        if found is None:
            return value, [self.unjudged()]
        if not found:
            return value, ()
        return _NOT_KNOWN, [self._invalid(item, _facts(misfit)) for misfit in found]

    def flows(self, read: ReadInput, takes: Shape) -> Iterable[Fault]:
        """The references of an input that bring what it can never take."""
        return () if self._are_plain(read, takes) else self._flows(read, takes)

    def _are_plain(self, read: ReadInput, takes: Shape) -> bool:
        """Whether it is a scalar that is taken just so, or words with scalars in them; most flows are."""
        first = read.parts[0]
        # A list or an object may have references inside of it, and begins with none of these.
        if not read.is_whole and not (isinstance(first, str) and first[:1].isalnum()):
            return False
        for found, answered in zip(read.found, self.sources.answers(read), strict=True):
            gives = None if answered is None else answered.brings
            if gives is None or gives.plain is None or (read.is_whole and gives.plain != takes.plain):
                return False
            if not isinstance(found, Reference) or found.source in RESERVED:
                return False
        return True

    def _flows(self, read: ReadInput, takes: Shape) -> Iterator[Fault]:
        for found, path in flows_of(read, takes):
            gives = self.sources.brings(found)
            if gives is None:
                continue
            wrong = flow_misfit(found, path, gives, takes)
            if wrong is not None:
                facts = {"reference": found.text, "source": found.source, "at": wrong.at}
                kinds = {"gives": sorted(wrong.gives), "takes": sorted(wrong.takes)}
                name = read.item.name
                yield fault(FaultCode.FLOW_MISFIT, self.step_id, read.field, name=name, **facts, **kinds)

    def _invalid(self, item: StepInput, facts: Mapping[str, Any]) -> Fault:
        field = input_field(item.location, item.name)
        about = {"in": item.location, "name": item.name, "value": item.value}
        return fault(FaultCode.INVALID_LITERAL, self.step_id, field, **about, **facts)


class _Parameters(_Inputs):
    """The inputs of a step that go into its path, its query or its headers."""

    def __init__(self, read: ReadStep, contract: Contract, sources: Sources, location: str) -> None:
        super().__init__(read, contract, sources, PARAMETERS[location])
        self.location = location

    def faults(self) -> Iterator[Fault]:
        try:
            known = self.contract.parameters(self.location)
        except TypeError:
            yield self.unjudged()
            return
        given: dict[str, str] = {}
        for read in self.read.inputs:
            item = read.item
            if item.location != self.location:
                continue
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
                value, invalid = self.judge(read, known[name].value)
                yield from invalid or self._refusals(read, value)
                yield from self.flows(read, shape)
        for name in self.declared:
            folded = fold(self.location, str(name))
            if folded not in given and known[folded].is_required:
                yield self.about(FaultCode.MISSING_INPUT, self.location, str(name))

    def _refusals(self, read: ReadInput, value: Any) -> Iterator[Fault]:
        """A value for which no request can be made, whatever its schema says."""
        reason = None if read.found else refusal(self.location, value)
        if reason is not None:
            yield self._invalid(read.item, {"at": "", "keyword": reason, "expected": []})


class _Payload(_Inputs):
    """The inputs of a step that make up what it sends."""

    def __init__(self, read: ReadStep, contract: Contract, sources: Sources) -> None:
        super().__init__(read, contract, sources, "request_schema")
        self.payload = contract.payload
        self.value: dict[str, Any] = {}
        self.names: dict[Path, str] = {}
        self.parents: dict[Path, str] = {}

    def faults(self) -> Iterator[Fault]:
        if not isinstance(self.declared, dict):
            yield self.unjudged()
            return
        unknown = False
        for read in self.read.inputs:
            item = read.item
            if item.location in PARAMETERS:
                continue
            if item.location not in self.payload.places:
                yield self.about(FaultCode.UNKNOWN_INPUT, item.location, item.name)
                continue
            member = self.contract.member(item.name)
            path = member.path
            is_apart = len(path) == 1 and not self.parents and path not in self.names
            other = None if is_apart else self._clash(path)
            if other is not None:
                yield self.duplicate(item, other)
                continue
            value, invalid = (_NOT_KNOWN, ()) if read.is_whole else self.judge(read, member.value)
            if is_apart:
                self.value[path[0]] = value
                self.names[path] = item.name
            else:
                self._put(path, value, item.name)
            if invalid:
                yield from invalid
            if read.found:
                yield from self.flows(read, member.shape)
            says = member.status
            if says in (FieldStatus.FORBIDS, FieldStatus.LISTS_OTHERS):
                unknown = True
                code = FaultCode.UNKNOWN_INPUT if says is FieldStatus.FORBIDS else FaultCode.UNLISTED_INPUT
                yield self.about(code, item.location, item.name)
        if unknown or not self._is_complete():
            yield from self._whole_faults(unknown=unknown)

    def _clash(self, path: Path) -> str | None:
        """The name of an input that stands at this path already, above it or below it."""
        if path in self.names:
            return self.names[path]
        if len(path) == 1 and not self.parents:
            return None
        for length in range(1, len(path)):
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

    def _is_complete(self) -> bool:
        """Whether there is nothing to say of the whole: each input has been judged, and none is missing."""
        needed = self.payload.complete_with
        return needed is not None and not self.parents and all(name in self.value for name in needed)

    def _whole_faults(self, *, unknown: bool) -> Iterator[Fault]:
        """What the inputs fail together with what the component adds itself: those that are missing above all."""
        found = self.payload.schema.misfits(completed(self.declared, self.value), self.declared, limit=None)
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
                facts = {"component": self.contract.spec.key, **_facts(misfit)}
                yield fault(FaultCode.INPUTS_DO_NOT_FIT, self.step_id, self.payload.place, **facts)
        for name in missing:
            yield self.about(FaultCode.MISSING_INPUT, self.payload.place, name)

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
