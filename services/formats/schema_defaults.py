"""What a component fills in itself of a request: its constants, and the defaults of what it requires.

The validator and the connector both go by this, so that what the one misses the other would not have sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def fixed_parameters(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a component says itself of its parameters; a constant counts whatever was given."""
    own: dict[str, Any] = {}
    for name, schema in declared.items():
        if "const" in schema:
            own[name] = schema["const"]
        elif name not in given and schema.get("required") is True and "default" in schema:
            own[name] = schema["default"]
    return own


def completed(schema: Any, value: Any) -> Any:
    """A payload with the constants and required defaults that its schema lists, and so in the objects in it.

    A constant counts whatever stands there. A required object that is not there is made where it gets a member.
    """
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not isinstance(value, dict):
        return value
    required = schema.get("required", ())
    whole = dict(value)
    for name, member in properties.items():
        if not isinstance(member, dict):
            continue
        if "const" in member:
            whole[name] = member["const"]
        elif name in whole:
            whole[name] = completed(member, whole[name])
        elif name in required:
            whole |= _own_member(name, member)
    return whole


def _own_member(name: str, member: Mapping[str, Any]) -> dict[str, Any]:
    """A required member that was not given, as far as the component has one itself."""
    if "default" in member:
        return {name: member["default"]}
    made = completed(member, {})
    return {name: made} if made else {}
