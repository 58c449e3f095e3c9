"""Reading JSON as models write it: in a fence, with words round it, or with raw line breaks in its strings.

What is missing is not made up: a document that was cut off stays unreadable, for half a plan may look whole. That
is why no library that repairs JSON is used here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from services.formats import strict_json
from services.formats.strict_json import NotJson

_FENCE = re.compile(r"```[A-Za-z0-9]*\s*\n(.*?)```", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_LINE_END = re.compile(r"\r\n?|\n")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_MOST_BEGINNINGS = 20
"""So many braces and brackets are tried as the beginning of the document."""

_DECODER = json.JSONDecoder(strict=False)


def loads(text: str) -> Any:
    """The JSON document in a text, read strictly if that is possible. Raises NotJson."""
    try:
        return strict_json.loads(text)
    except NotJson as error:
        refused = error
    for candidate in _candidates(text):
        try:
            return strict_json.loads(candidate)
        except NotJson:
            continue
    raise refused


def _candidates(text: str) -> Iterator[str]:
    for inner in (*_FENCE.findall(text), text):
        tidy = _tidy(inner)
        yield tidy.strip()
        yield from _documents(tidy)


def _tidy(text: str) -> str:
    """The text with line breaks in its strings escaped, and without commas that nothing follows."""
    parts: list[str] = []
    end = 0
    for string in _STRING.finditer(text):
        parts.append(_TRAILING_COMMA.sub(r"\1", text[end : string.start()]))
        parts.append(
            string[0].replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n").replace("\t", "\\t")
        )
        end = string.end()
    parts.append(_TRAILING_COMMA.sub(r"\1", text[end:]))
    return "".join(parts)


def _documents(text: str) -> Iterator[str]:
    """The objects and lists in a text, each from a brace or bracket to the one that closes it, the first first."""
    beginnings = (found.start() for found in re.finditer(r"[{\[]", text))
    end = 0
    for _, start in zip(range(_MOST_BEGINNINGS), beginnings, strict=False):
        if start < end:
            continue
        try:
            _, end = _DECODER.raw_decode(text, start)
        except RecursionError:
            return
        except json.JSONDecodeError as error:
            if text[start + 1 : error.pos].strip():
                return  # a document, and a broken one: what stands further in is but a part of it
            continue
        yield text[start:end]
