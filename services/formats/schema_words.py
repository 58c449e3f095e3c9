"""Words of JSON Schema that are judged one by one, without what judges whole schemas: that takes long to load."""

from __future__ import annotations

import re
from functools import lru_cache

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")

# What ECMAScript writes otherwise, with what Python reads in its place: enough to see that all else is well.
_ECMA = (
    (re.compile(r"\\[pP]\{[A-Za-z0-9_=]{1,60}\}"), r"\\w"),
    (re.compile(r"\\u\{[0-9A-Fa-f]{1,6}\}"), "x"),
    (re.compile(r"\\c[A-Za-z]"), "x"),
    (re.compile(r"\\k<(\w{1,60})>"), "x"),
    (re.compile(r"\(\?<(?=[A-Za-z_$])"), "(?P<"),
    (re.compile(r"\[\^\]"), "."),
    (re.compile(r"\\([A-Za-z])"), lambda match: match.group() if match[1] in _PYTHON_ESCAPES else "x"),
)
_PYTHON_ESCAPES = "AbBdDsSwWZafnrtvxuUN"


@lru_cache(maxsize=1024)
def is_ecma_only(pattern: str) -> bool:
    """Whether a pattern is one of ECMAScript's that Python can't read. One that nobody can read is none."""
    if is_readable(pattern):
        return False
    for theirs, ours in _ECMA:
        pattern = theirs.sub(ours, pattern)
    return is_readable(pattern)


@lru_cache(maxsize=1024)
def is_readable(pattern: str) -> bool:
    """Whether Python can read a pattern."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True
