"""What a step sends, as people read it: each value under its name, and to which address.

A request is taken as `services.connectors.preview` has it: method, url, query, headers and body, and no secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Protocol
from urllib.parse import quote

from bot.languages import N_, _
from bot.views.kit.mentions import ids_in
from bot.views.kit.text import clip, one_line
from bot.views.kit.values import EMPTY, as_text, flat, is_nested
from bot.views.plan.sent import ENOUGH, Known, Value, addressed, ordered
from bot.views.plan.steps import PlanStepView
from services.components.specs import ComponentSpec

IN_ADDRESS = N_("see Details")
"""For a value in the address that can't be told any more from what it was made of."""


def address(request: Mapping[str, Any], limit: int) -> str:
    """Where a request goes, without the scheme and the query: `POST works.example.gov/work-orders`."""
    url = str(request.get("url") or "")
    place = (url.partition("://")[2] or url).partition("?")[0]
    return clip(one_line(f"{request.get('method') or ''} {place}"), limit)


class Origins(Protocol):
    """Says where values come from."""

    def of(self, place: str, name: str) -> str:
        """Of one in the "path", the "query", the "body" or a "header"; empty if from the plan itself."""


def values(
    step: PlanStepView,
    spec: ComponentSpec | None,
    request: Mapping[str, Any],
    known: Known,
    origins: Origins | None = None,
    *,
    is_made: bool = True,
) -> list[Value]:
    """What a request holds, in the order in which people read it: the values in its address, query, body, headers.

    With `origins` each says where it comes from. Unless it `is_made`, its address is not known yet.
    """
    found = [
        *_in_address(step, request, known, origins, is_made=is_made),
        *(
            Value(
                _("{name} (header)", name=name) if place == "header" else name,
                text,
                "" if origins is None else origins.of(place, name),
                ids_in(text),
            )
            for place, name, text in islice(_placed(request), ENOUGH)
        ),
    ]
    return ordered([addressed(step, value, known) for value in found], spec)


def _in_address(
    step: PlanStepView, request: Mapping[str, Any], known: Known, origins: Origins | None, *, is_made: bool
) -> Iterator[Value]:
    url = str(request.get("url") or "")
    for item in step.step.inputs:
        if item.location == "path":
            value = known.value(item.name, item.value)
            is_told = not is_made or quote(value.text, safe="", errors="replace") in url
            origin = "" if origins is None else origins.of("path", item.name)
            yield Value(value.name, value.text if is_told else _(IN_ADDRESS), origin, value.ids)


def _placed(request: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, value in request.get("query") or ():
        yield "query", str(name), as_text(value) or _(EMPTY)
    body = request.get("body")
    if body and is_nested(body):
        yield from (("body", *each) for each in flat("", body))
    elif body not in (None, ""):
        yield "body", "text", as_text(body)
    for name, value in (request.get("headers") or {}).items():
        yield "header", str(name), as_text(value)
