"""What a step sends, once all that it refers to is known.

The text of an input is read by its schema as the validator reads it, and only then filled in. What is filled in is
never searched for references again: an answer that holds `{{...}}` is an answer like any other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.connectors.errors import RequestRefused, UnresolvedReference
from services.connectors.requests import InputValues
from services.formats.schemas import stated_types
from services.formats.storable import postgres_safe
from services.formats.strict_json import NotJson
from services.formats.whole_bodies import NAME, as_object, is_whole
from services.plans.input_paths import payload_path
from services.plans.model import Step, StepInput, input_field
from services.plans.origins import Takes
from services.plans.references import OPEN, RESERVED, MalformedReference, Reference, parse
from services.plans.schemas import FieldStatus, Schema
from services.steps.fitting import fitted

__all__ = ["InputValues", "RequestRefused", "Schemas", "UnresolvedReference", "Values", "resolve_inputs"]


class Schemas(Takes, Protocol):
    """What a component says of its inputs, and of what kind it is: a ComponentSpec or a ComponentDefinition."""

    @property
    def type(self) -> str:
        """REST, GRAPHQL or RPC."""


@dataclass(frozen=True, slots=True)
class Values:
    """What references can point to. `outputs`: what the steps that are done answered, by step id.

    `components` are the keys of the components that answered.
    """

    outputs: Mapping[str, Any]
    issue_text: str = ""
    issue_reporter: str = ""
    issue_channel: str = ""
    issue_place: str = ""
    issue_urgency: str = ""
    run_id: str = ""
    components: Mapping[str, str] = field(default_factory=dict)

    def find(self, reference: Reference) -> Any:
        """The value that a reference points to; None where there is none."""
        value: Any = self._reserved() if reference.source in RESERVED else self.outputs
        value = value.get(reference.source)
        for part in reference.path:
            value = _member(value, part)
        return value

    def knows(self, text: str) -> bool:
        """Whether all that the text of an input refers to can be judged now."""
        return True

    def _reserved(self) -> dict[str, Any]:
        issue = {
            "text": self.issue_text,
            "reporter": self.issue_reporter,
            "channel": self.issue_channel,
            "place": self.issue_place,
            "urgency": self.issue_urgency,
        }
        return {"issue": {name: text or None for name, text in issue.items()}, "run": {"id": self.run_id or None}}


def resolve_inputs(step: Step, component: Schemas, values: Values) -> InputValues:
    """The inputs of a step of a valid plan, with all references filled in.

    A value that is one reference keeps its JSON type; inside a longer text it becomes text. A null is no value,
    unless it is a whole input whose schema takes null. A header that the component does not declare is left out:
    what a model may send to a host is the component's business. Raises UnresolvedReference, and RequestRefused
    or InputMisfit where an input does not fit the component.
    """
    payload = _Payload(as_object(component.request_schema))
    parameters: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    declared = {"path": component.path_params, "query": component.query_params, "header": component.headers}
    for item in step.inputs:
        if item.location not in parameters:
            payload.put(item, values)
            continue
        name, own = _declaration(declared[item.location], item)
        if own is not None or item.location != "header":
            parameters[item.location][name] = _filled(item, Schema(own or {}), own or {}, values)
    is_graphql = component.type == "GRAPHQL"
    body = payload.value.get(NAME) if is_whole(component.request_schema) else payload.value or None
    return InputValues(
        path=parameters["path"],
        query=parameters["query"],
        headers=parameters["header"],
        body=None if is_graphql else body,
        variables=payload.value if is_graphql else {},
    )


class _Payload:
    """The object that inputs with dotted names are put into."""

    def __init__(self, request_schema: Mapping[str, Any]) -> None:
        self.schema = Schema(request_schema)
        self.value: dict[str, Any] = {}

    def put(self, item: StepInput, values: Values) -> None:
        *parents, last = path = payload_path(item.name, self.schema.root)
        says, parts = self.schema.find_field(tuple(path))
        part = {} if says is not FieldStatus.DECLARES else parts[0] if len(parts) == 1 else {"anyOf": list(parts)}
        parent: Any = self.value
        for name in parents:
            parent = parent.setdefault(name, {}) if isinstance(parent, dict) else None
        if not isinstance(parent, dict) or last in parent:
            raise RequestRefused(input_field(item.location, item.name), "clash")
        parent[last] = _filled(item, self.schema, part, values)


def _declaration(declared: Mapping[str, Any], item: StepInput) -> tuple[str, dict[str, Any] | None]:
    """The name and schema that a component has for a parameter; HTTP takes the names of headers in any case."""
    name = item.name
    if item.location == "header":
        name = next((other for other in declared if other.casefold() == name.casefold()), name)
    schema = declared.get(name)
    if not isinstance(schema, Mapping):
        return name, None
    # As a truth value `required` is about the parameter, and no JSON Schema's.
    return name, {key: value for key, value in schema.items() if key != "required" or not isinstance(value, bool)}


def _filled(item: StepInput, schema: Schema, part: Any, values: Values) -> Any:
    name = input_field(item.location, item.name)
    try:
        value = schema.read(item.value, part)
    except NotJson as error:
        raise RequestRefused(name, error.reason) from None
    takes_null = "null" in (stated_types(part) or ())
    # The text of a plan is clean, but what it is JSON for need not be: "\\ud83d" is half a pair.
    filled = _Filler(values, name).fill(postgres_safe(value), takes_null=takes_null)
    # What stands in the plan itself was judged with the plan.
    return fitted(name, filled, schema, part) if OPEN in item.value and values.knows(item.value) else filled


@dataclass(frozen=True, slots=True)
class _Filler:
    """Fills in the references of one input. JSON is at most as deep as strict_json reads it."""

    values: Values
    input: str

    def fill(self, value: Any, *, takes_null: bool = False) -> Any:
        if isinstance(value, str):
            return self._text(value, takes_null=takes_null)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {_as_text(self.fill(name)): self.fill(member) for name, member in value.items()}
        return value

    def _text(self, text: str, *, takes_null: bool) -> Any:
        parts = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            value = self.values.find(parts[0])
            if value is None and not (takes_null and self._is_there(parts[0])):
                raise self._unresolved(parts[0])
            return value
        return "".join(self._part(part) for part in parts)

    def _part(self, part: str | Reference | MalformedReference) -> str:
        if isinstance(part, str):
            return part
        value = self.values.find(part) if isinstance(part, Reference) else None
        if value is None:
            raise self._unresolved(part)
        return _as_text(value)

    def _is_there(self, reference: Reference) -> bool:
        """Whether the answer says null itself, rather than nothing."""
        if reference.source in RESERVED or not reference.path:
            return False
        *parents, last = reference.path
        holder = self.values.find(Reference(reference.source, tuple(parents), whole=True, text=reference.text))
        if isinstance(holder, list):
            return isinstance(last, int) and last < len(holder)
        return isinstance(holder, dict) and last in holder

    def _unresolved(self, part: Reference | MalformedReference) -> UnresolvedReference:
        return UnresolvedReference(reference=part.text, input=self.input)


def _member(value: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return value[part] if isinstance(value, list) and part < len(value) else None
    return value.get(part) if isinstance(value, Mapping) else None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
