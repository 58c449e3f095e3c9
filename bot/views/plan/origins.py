"""Where values come from, in words."""

from __future__ import annotations

from typing import Any

from bot.views.kit.text import join

_MAKERS = {
    "person": "a person",
    "registry": "its own list of values",
    "component": "the answer of another component",
    "model": "the plan maker",
}


def makers(origins: Any, *, last: str = "and") -> str:
    """Who made a value, or may have: "a person and the plan maker". Facts are taken as they come."""
    listed = origins if isinstance(origins, list) else []
    return join([_MAKERS[each] for each in map(str, listed) if each in _MAKERS], last=last) or "nobody"
