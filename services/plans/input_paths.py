"""Where in a request an input of a plan goes."""

from __future__ import annotations

from typing import Any

from services.plans.schemas import Schema

_MAX_DOTS = 32


def payload_path(name: str, request_schema: Any) -> tuple[str, ...]:
    """Where in the payload an input of this name goes: along its dots, unless the schema lists it as it is.

    A member may itself have dots in its name (`fields.System.Title`): at each level the longest name that the
    schema lists there counts, be it listed behind a `$ref` or in a part of an `allOf`.
    """
    parts = name.split(".", _MAX_DOTS)
    if not 1 < len(parts) <= _MAX_DOTS or not all(parts):
        return (name,)
    schema = Schema(request_schema)
    path: tuple[str, ...] = ()
    while parts:
        listed = schema.listed_names(path)
        width = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in listed), 1)
        path += (".".join(parts[:width]),)
        parts = parts[width:]
    return path
