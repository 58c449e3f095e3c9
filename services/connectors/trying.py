"""One call of a component by hand: what it asks for, and what was typed put where the component takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.components.definitions import ComponentDefinition
from services.connectors.requests import InputValues
from services.formats.schemas import stated_types
from services.formats.whole_bodies import as_object, is_whole

_NAME = 200
"""A longer name is no field's."""


@dataclass(frozen=True, slots=True)
class InputField:
    """An input of a component: where it goes ("path", "query", "header" or "body"), and what may be in it."""

    place: str
    name: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def id(self) -> str:
        """Place and name: "query.area"."""
        return f"{self.place}.{self.name}"


def is_tryable(definition: ComponentDefinition) -> bool:
    """Whether a call only reads, so that anybody may make one."""
    return definition.http_method == "GET"


def input_fields(definition: ComponentDefinition) -> tuple[InputField, ...]:
    """What a component takes, those first that it must have; what it says itself is left out."""
    found = [field for field in _fields(definition) if len(field.name) <= _NAME]
    return tuple(sorted(found, key=lambda field: not field.required))


def typed_inputs(definition: ComponentDefinition, texts: Mapping[str, str]) -> InputValues:
    """The inputs as they were typed, by InputField.id; an empty one is left out."""
    found: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}}
    for field in input_fields(definition):
        if text := texts.get(field.id, "").strip():
            found[field.place][field.name] = _value(text, field.schema)
    payload: Any = found["body"] or None
    if is_whole(definition.request_schema) and payload is not None:
        payload = payload.get("body")
    return InputValues(path=found["path"], query=found["query"], headers=found["header"], body=payload)


def _fields(definition: ComponentDefinition) -> Iterator[InputField]:
    places = {"path": definition.path_params, "query": definition.query_params, "header": definition.headers}
    for place, parameters in places.items():
        for name, schema in parameters.items():
            if "const" not in schema and not (place == "header" and "default" in schema):
                yield InputField(place, name, schema, bool(schema.get("required")))
    body = as_object(definition.request_schema)
    required, properties = body.get("required"), body.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping) and "const" not in schema:
            yield InputField("body", name, schema, isinstance(required, list) and name in required)


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    """A text as the schema wants it: JSON, unless a text will do."""
    types = stated_types(schema)
    if types is None or "string" in types:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
