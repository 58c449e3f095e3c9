"""Headers of an answer that a component names, as fields for later steps: `{{order.headers.location}}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FIELD = "headers"
BODY = "body"


def with_headers(body: Any, headers: Mapping[str, str]) -> Any:
    """A body with these headers among its fields; one that has no fields is a field of its own."""
    if isinstance(body, dict):
        return {**body, FIELD: dict(headers)}
    return {FIELD: dict(headers)} if body is None else {BODY: body, FIELD: dict(headers)}


def schema_with_headers(schema: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Any]:
    """What `with_headers` makes of a body of this schema."""
    if not names:
        return schema
    fields = {"type": "object", "properties": {name.lower(): {"type": "string"} for name in names}}
    if not schema or schema.get("type") == "object" or "properties" in schema:
        return {**schema, "type": "object", "properties": {**schema.get("properties", {}), FIELD: fields}}
    return {"type": "object", "properties": {BODY: schema, FIELD: fields}}
