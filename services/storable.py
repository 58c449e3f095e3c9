"""What PostgreSQL can keep: neither NUL nor half a surrogate pair, and JSON may hold both."""

from __future__ import annotations

import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"
"""Unicode's own character for what can't be shown."""


def storable(value: Any) -> Any:
    """A JSON value in which each character that can't be kept is replaced; of a depth as strict_json reads it."""
    if isinstance(value, str):
        return _UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): storable(member) for name, member in value.items()}
    return value


def is_storable(value: Any) -> bool:
    """Whether all of a JSON value can be kept as it is."""
    return bool(storable(value) == value)
