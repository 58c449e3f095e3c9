"""Why an API says no, found in the answers that APIs give: RFC 9457, OData, FastAPI, Open311, SOAP, plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_REASON_CHARACTERS = 500

_WORDS = (
    "message",
    "error_description",
    "errorMessage",
    "error_message",
    "Message",
    "detail",
    "description",
    "faultstring",
    "reason",
    "msg",
    "error",
    "#text",
    "value",
    "title",
)
"""Members that hold a sentence, the most telling first."""

_HOLDERS = (
    "error",
    "errors",
    "Error",
    "fault",
    "Fault",
    "detail",
    "details",
    "Body",
    "Envelope",
    "data",
    "message",
)
"""Members that hold what holds it."""

_DEEPEST = 5
_MOST = 3
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def reason_in(body: Any) -> str:
    """What the other side says of it, clipped; empty if it says nothing that people could read."""
    return " ".join(_reason(body, _DEEPEST).split())[:MAX_REASON_CHARACTERS]


def _reason(body: Any, depth: int) -> str:
    if isinstance(body, str):
        return _of_text(body)
    if not depth:
        return ""
    if isinstance(body, list):
        found = [text for item in body[:_MOST] if (text := _reason(item, depth - 1))]
        return "; ".join(dict.fromkeys(found))
    return _of_object(body, depth) if isinstance(body, Mapping) else ""


def _of_object(body: Mapping[str, Any], depth: int) -> str:
    texts = {name: value for name in _WORDS if isinstance(value := body.get(name), str) and value.strip()}
    if "title" in texts and "detail" in texts:  # RFC 9457
        return f"{texts['title'].rstrip('.')}: {texts['detail']}"
    said = next(iter(texts.values()), "")
    inner = (_reason(body[name], depth - 1) for name in _HOLDERS if isinstance(body.get(name), Mapping | list))
    held = next(filter(None, inner), "")
    if held and said and held not in said and list(texts) in (["error"], ["title"], ["message"]):
        return f"{said.rstrip('.')}: {held}"  # a heading, and what it heads
    if said or held:
        return said or held
    only = next(iter(body.values())) if len(body) == 1 else None
    return _reason(only, depth - 1) if isinstance(only, Mapping | list) else ""


def _of_text(text: str) -> str:
    if "<" not in text:
        return text
    title = _TITLE.search(text)
    return _TAG.sub(" ", title[2] if title else text)
