"""The environment variables that a component takes its secrets from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAMED = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


def variables(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Their names: of its credentials, and of constants in its headers and query; each once."""
    stated = [definition.get("auth")]
    for member in ("headers", "query_params"):
        stated += [each.get("const") for each in definition.get(member, {}).values()]
    return tuple(dict.fromkeys(name for value in stated for name in _names(value)))


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _names(inner)
    elif isinstance(value, str) and (found := _NAMED.fullmatch(value)):
        yield found[1]
