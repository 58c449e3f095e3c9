r"""Patterns of JSON Schema, which are regular expressions of ECMAScript, where Python reads only some of them.

A schema with a pattern that only ECMAScript knows, such as `^\p{L}+$`, is a good schema. Values are not checked
by that pattern, and by all else of it they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from services.formats.strict_json import Path

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
    if _is_readable(pattern):
        return False
    for theirs, ours in _ECMA:
        pattern = theirs.sub(ours, pattern)
    return _is_readable(pattern)


def _is_readable(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def unread_patterns(schema: Any) -> Iterator[Path]:
    """Where in a schema there are patterns by which values are not checked."""
    stack: list[tuple[Path, Any]] = [((), schema)]
    while stack:
        path, part = stack.pop()
        if isinstance(part, dict):
            if isinstance(part.get("pattern"), str) and is_ecma_only(part["pattern"]):
                yield (*path, "pattern")
            named = part.get("patternProperties")
            for name in named if isinstance(named, dict) else ():
                if is_ecma_only(name):
                    yield (*path, "patternProperties", name)
            stack += [((*path, name), member) for name, member in part.items() if isinstance(name, str)]
        elif isinstance(part, list):
            stack += [((*path, index), item) for index, item in enumerate(part)]


def _pattern(judge: Any, pattern: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if not is_ecma_only(pattern):
        yield from _THEIRS["pattern"](judge, pattern, value, schema)


def _named(judge: Any, named: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    known = {name: member for name, member in named.items() if not is_ecma_only(name)}
    yield from _THEIRS["patternProperties"](judge, known, value, schema)


def _additional(judge: Any, others: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    # Nobody knows which members such a name would have meant, so none is called additional.
    if not any(map(is_ecma_only, schema.get("patternProperties", ()))):
        yield from _THEIRS["additionalProperties"](judge, others, value, schema)


_THEIRS: Mapping[str, Any] = Draft202012Validator.VALIDATORS

JUDGE: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": _pattern, "patternProperties": _named, "additionalProperties": _additional},
)
"""A validator of Draft 2020-12 that leaves such patterns out."""
