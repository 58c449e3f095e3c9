"""What the kind of a component settles by itself: whether it reads or writes, and how its inputs are typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from services.components.demands import FROM
from services.components.refusals import DefinitionFaultCode, Refusal, refuse

if TYPE_CHECKING:
    from services.components.graphql import Template

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

BINARY = "binary"
"""The format by which a schema says that a value is a file, as OpenAPI has it."""

_FILE: Mapping[str, Any] = {
    "type": "object",
    "format": BINARY,
    # Nobody else's: what an API answered, or a model wrote, could name any file that the bot may see.
    FROM: "person",
    "required": ["id"],
    "properties": {name: {"type": "string"} for name in ("id", "name", "mimetype", "permalink")},
}
_SAID = "a file that a person has sent: {{STEP.files[0]}} of a step that asked for a photo"


def method_of(members: Mapping[str, Any]) -> Method:
    """The method of a component that states none; that of a GraphQL query is GET, since it reads."""
    kind, template = members.get("type", "REST"), members.get("graphql")
    if kind == "REST" or (kind == "GRAPHQL" and template and _read(template).is_query):
        return "GET"
    return "POST"


def check_template(text: str, members: Mapping[str, Any]) -> str:
    """A template that a GraphQL component can be called by. Raises what a validator raises."""
    if text and members.get("type") != "GRAPHQL":
        refuse([Refusal(DefinitionFaultCode.UNKNOWN_MEMBER)])
    if text:
        _read(text)
    return text


def typed_request(schema: dict[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """The request schema with what the kind says of it: a template's variables, the files of a multipart body."""
    template = members.get("graphql")
    if members.get("type") == "GRAPHQL" and template:
        return _with_variables(schema, template)
    return _with_files(schema) if members.get("body_format") == "multipart" else schema


def typed_response(schema: dict[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    """The response schema; without one at least the names of what a template asks for."""
    template = members.get("graphql")
    if schema or not template or members.get("type") != "GRAPHQL":
        return schema
    return {"type": "object", "properties": {name: {} for name in _read(template).fields}}


def _read(text: str) -> Template:
    # It takes a tenth of a second to load what parses them, which the process that reads documents has no use for.
    from services.components.graphql import read_template

    return read_template(text)


def is_file(schema: Any) -> bool:
    """Whether a schema is that of a file."""
    return isinstance(schema, Mapping) and schema.get("format") == BINARY


def _with_variables(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """Variables are typed by the template; what the pack says of one counts beside that, or instead."""
    template = _read(text)
    stated = schema.get("properties", {})
    refuse(
        Refusal(DefinitionFaultCode.NOT_A_VARIABLE, ("properties", name))
        for name in stated
        if name not in template.variables
    )
    properties = {name: {**own, **stated.get(name, {})} for name, own in template.variables.items()}
    return {
        **schema,
        "type": "object",
        "additionalProperties": False,
        "required": list(template.required),
        "properties": properties,
    }


def _with_files(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    return {**schema, "properties": {name: _with_file(each) for name, each in properties.items()}}


def _with_file(schema: Any) -> Any:
    if is_file(schema):
        return {**_FILE, "description": schema.get("description", _SAID)}
    if isinstance(schema, dict) and is_file(schema.get("items")):
        return {**schema, "items": _with_file(schema["items"])}
    return schema
