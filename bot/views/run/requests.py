"""What a step sends, as people read it: to which address, and each value under its name.

A request is taken as `services.connectors.preview` has it: method, url, query, headers and body, and no secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from bot.views.kit.text import clip, one_line

EMPTY = "(empty)"
_NAME = 80
_ORIGIN = 120
_DEEPEST = 6
"""Values nested deeper than this are not taken apart: no form that people fill in goes further."""

_ON_ONE_LINE = 20
_ENOUGH = 1_000
"""Values are counted up to here: a list of a million must not hold up the event loop."""


def address(request: Mapping[str, Any], limit: int) -> str:
    """Where a request goes, without the scheme and the query: `POST works.example.gov/work-orders`."""
    url = str(request.get("url") or "")
    place = (url.partition("://")[2] or url).partition("?")[0]
    return clip(one_line(f"{request.get('method') or ''} {place}"), limit)


class Origins(Protocol):
    """Says where values come from."""

    def of(self, place: str, name: str) -> str:
        """Of one in the "query", the "body" or a "header": "from the report"; empty if from the plan itself."""

    def in_address(self) -> Iterator[tuple[str, str]]:
        """Of those in the address, each with its name."""


def fields(request: Mapping[str, Any], most: int, limit: int, origins: Origins | None = None) -> list[str]:
    """The values of query and body as "name: value", each at most `limit` long, and how many there are besides.

    With `origins` each says where it comes from, those in the address too: "to (from the report): U0PRIYA001".
    """
    found = list(islice(_fields(request, origins), _ENOUGH))
    shown = [
        f"{clip(one_line(name), _NAME)}{_from(words, limit)}: {clip(one_line(value), limit)}"
        for name, value, words in found[:most]
    ]
    left_out = len(found) - most
    if left_out <= 0:
        return shown
    more = f"{left_out:,}" if len(found) < _ENOUGH else f"more than {left_out - 1:,}"
    return [*shown, f"…and {more} more {'value' if left_out == 1 else 'values'}"]


def as_text(value: Any) -> str:
    """A single value as it is read: yes and no for the two truths, nothing for none."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
    return str(value)


def flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value that may be nested as values of their own, each under its name: `location.lat`, `crews[0].name`."""
    return _flat(name, value, _DEEPEST)


def _from(words: str, limit: int) -> str:
    return f" ({clip(words, min(limit, _ORIGIN))})" if words else ""


def _fields(request: Mapping[str, Any], origins: Origins | None) -> Iterator[tuple[str, str, str]]:
    """What the plan puts into the address, the query, the body and headers; after each where it comes from."""
    if origins is not None:
        yield from ((name, "see the address", words) for name, words in origins.in_address())
    for place, name, value in _placed(request):
        shown = f"{name} (header)" if place == "header" else name
        yield shown, value, "" if origins is None else origins.of(place, name)


def _placed(request: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, value in request.get("query") or ():
        yield "query", str(name), as_text(value) or EMPTY
    body = request.get("body")
    if body and _is_nested(body):
        yield from (("body", *each) for each in flat("", body))
    elif body not in (None, ""):
        yield "body", "text", as_text(body)
    for name, value in (request.get("headers") or {}).items():
        yield "header", str(name), as_text(value)


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Nested values under dotted names: `location.lat`, `crews[0].name`; a short list of plain ones in a line."""
    if isinstance(value, list) and 0 < len(value) <= _ON_ONE_LINE and not any(map(_is_nested, value)):
        yield (name, ", ".join(map(as_text, value)))
    elif depth and value and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner, depth - 1)
    elif depth and value and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{name}[{index}]", inner, depth - 1)
    elif _is_nested(value):
        yield (name, "…" if value else EMPTY)
    else:
        yield (name, as_text(value) or EMPTY)


def _is_nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list))
