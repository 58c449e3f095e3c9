"""JSON as RFC 8259 has it: no NaN, no infinity, and no deeper than can be walked safely."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

PathPart = str | int

Path = tuple[PathPart, ...]


MAX_DEPTH = 64
"""Levels of nesting. No town API comes near it, and all that recurses over a value stays far from its limit."""


_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)
# No JSON begins like this, and many a text of a plan does.
_TWO_BRACES = re.compile(r"\s*\{\{")
_BRACKET = re.compile(r"[\[\]{}]")


class NotJson(ValueError):
    """The text can't be read as JSON; `reason` is "not_json" or "too_deep"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def loads(text: str) -> Any:
    """The value that `text` is JSON for. Raises NotJson, whatever the text."""
    if _TWO_BRACES.match(text):
        raise NotJson("not_json")
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise NotJson("too_deep") from None
    except ValueError:
        # How deep the decoder goes before it sees the fault is not the same in every Python.
        raise NotJson("too_deep" if _depth(text) > MAX_DEPTH else "not_json") from None
    _check_depth(value)
    return value


def _depth(text: str) -> int:
    """How deep the brackets of a text are nested, those in strings left out."""
    depth = deepest = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise NotJson("too_deep")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def render_path(path: Path) -> str:
    """The path as it is written: `items[0].id`, and `rates["in euro"]` for a name that is no plain word."""
    return "".join(map(_render_part, path)).removeprefix(".")


PLAIN_NAME = re.compile(r"[\w$@#:/-]+")
"""A name that can stand in a path as it is."""


def _render_part(part: PathPart) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if PLAIN_NAME.fullmatch(part) else f"[{json.dumps(part, ensure_ascii=False)}]"
