"""Values that a connector always refuses, so that a plan with one of them could never be carried out.

The same as `services/connectors/rest.py` and `requests.py` refuse when a request is made.
"""

from __future__ import annotations

import re
from typing import Any

_NOT_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def refusal(location: str, value: Any) -> str | None:
    """Why no request can hold this value at that place (path, query, header), in a word; None if it can."""
    if location == "query":
        items = value if isinstance(value, list) else [value]
        return "not_a_text" if any(isinstance(item, list | dict) for item in items) else None
    if value is None or isinstance(value, list | dict):
        return "not_a_text"
    text = value if isinstance(value, str) else ""
    if location == "header":
        return "control_character" if _NOT_IN_HEADER.search(text) else None
    if isinstance(value, str) and not value.strip():
        return "blank"
    return "dot_segment" if text in (".", "..") else None
