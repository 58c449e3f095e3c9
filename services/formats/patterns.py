r"""Patterns of JSON Schema, which are regular expressions of ECMAScript, where Python reads only some of them.

A schema with a pattern that only ECMAScript knows, such as `^\p{L}+$`, is a good schema. Values are not checked
by that pattern, and by all else of it they are. The same holds for one with look-around or back-references:
patterns are searched for by RE2, which takes time linear in the value, while Python's own engine takes exponential
time for some, such as `^(a+)+$`, and would hold up everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import re2
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from services.formats.schema_words import is_ecma_only, is_readable
from services.formats.strict_json import Path


def is_unread(pattern: str) -> bool:
    """Whether values are not checked by a pattern, which is a good one all the same."""
    return is_ecma_only(pattern) or (is_readable(pattern) and _linear(pattern) is None)


@lru_cache(maxsize=1024)
def _linear(pattern: str) -> Any:
    """The pattern as RE2 has it; None if it can't be searched for in linear time."""
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error:
        return None


_QUIET = re2.Options()
_QUIET.log_errors = False


def _holds(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text. Raises re.error for one that nobody can read."""
    searched = _linear(pattern)
    # Half a surrogate pair can't be written in UTF-8, which RE2 reads.
    return bool((searched or re.compile(pattern)).search(text.encode(errors="replace").decode()))


def unread_patterns(schema: Any) -> Iterator[Path]:
    """Where in a schema there are patterns by which values are not checked."""
    stack: list[tuple[Path, Any]] = [((), schema)]
    while stack:
        path, part = stack.pop()
        if isinstance(part, dict):
            if isinstance(part.get("pattern"), str) and is_unread(part["pattern"]):
                yield (*path, "pattern")
            named = part.get("patternProperties")
            for name in named if isinstance(named, dict) else ():
                if is_unread(name):
                    yield (*path, "patternProperties", name)
            stack += [((*path, name), member) for name, member in part.items() if isinstance(name, str)]
        elif isinstance(part, list):
            stack += [((*path, index), item) for index, item in enumerate(part)]


def _pattern(judge: Any, pattern: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    if isinstance(value, str) and not is_unread(pattern) and not _holds(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _named(judge: Any, named: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    for pattern, member in named.items() if isinstance(value, dict) else ():
        if not is_unread(pattern):
            for name in (each for each in value if _holds(pattern, each)):
                yield from judge.descend(value[name], member, path=name, schema_path=pattern)


def _additional(judge: Any, others: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    patterns = schema.get("patternProperties", ())
    # Nobody knows which members an unread one would have meant, so none is called additional.
    if isinstance(value, dict) and not any(map(is_unread, patterns)):
        rest = {name: each for name, each in value.items() if not any(_holds(one, name) for one in patterns)}
        unnamed = {keyword: each for keyword, each in schema.items() if keyword != "patternProperties"}
        yield from _THEIRS["additionalProperties"](judge, others, rest, unnamed)


_THEIRS: Mapping[str, Any] = Draft202012Validator.VALIDATORS

JUDGE: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {"pattern": _pattern, "patternProperties": _named, "additionalProperties": _additional},
)
"""A validator of Draft 2020-12 that leaves such patterns out."""
