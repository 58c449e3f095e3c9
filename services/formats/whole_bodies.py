"""Bodies that are no object: a list of orders, or a text. In a plan such a body is one input, named `body`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.formats.schemas import stated_types

NAME = "body"

_SHARED = ("$defs", "definitions")
"""What references inside a schema point to, from its root."""


def is_whole(request_schema: Mapping[str, Any]) -> bool:
    """Whether the body that a schema is of can be no object."""
    types = stated_types(request_schema)
    return types is not None and "object" not in types


def as_object(request_schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the inputs that a plan gives: that of an object with the one member, if the body is none."""
    if not is_whole(request_schema):
        return request_schema
    shared = {name: request_schema[name] for name in _SHARED if name in request_schema}
    whole = {name: value for name, value in request_schema.items() if name not in _SHARED}
    return {
        "type": "object",
        "properties": {NAME: whole},
        "required": [NAME],
        "additionalProperties": False,
        **shared,
    }
