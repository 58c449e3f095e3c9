"""What an operation takes as its body and gives as its answer: which media type, and its schema."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.components.openapi.converting import Converter
from services.components.openapi.model import CutCode, Cuts, OperationRefused, Reason
from services.components.openapi.references import References, mapping
from services.formats.text import clip

_JSON = re.compile(r"application/([A-Za-z0-9.+-]+\+)?json", re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_FORMATS = {_FORM: "form", _MULTIPART: "multipart"}
_ANY = ("*/*", "application/*")
_GOOD = re.compile(r"2(\d\d|XX)")


@dataclass(frozen=True, slots=True)
class Body:
    """The members of a component that come of its body."""

    request_schema: Mapping[str, Any] = field(default_factory=dict)
    body_format: str = "json"
    content_type: str = ""


def body_of(
    method: str, stated: Any, references: References, converter: Converter, cuts: Cuts, room: float
) -> Body:
    """What an operation takes as its body. Raises OperationRefused if it needs one that can't be written.

    Raises TooLong if its schema surely takes more than `room`.
    """
    body = references.resolved(stated)
    content = mapping(body.get("content"))
    if not content:
        return Body()
    if method == "GET":
        return _without(body, Reason.BODY_OF_GET, "GET", cuts)
    media = _chosen(content)
    if media is None:
        return _without(body, Reason.BODY_TYPE, clip(", ".join(content), 100), cuts)
    schema = converter.convert(mapping(content[media]).get("schema", {}), "body", room)
    if not schema:
        schema = {"type": "object"}
    kind = media.partition(";")[0].strip().lower()
    if kind in _FORMATS:
        return Body(schema, _FORMATS[kind])
    own = kind != "application/json" and bool(_JSON.fullmatch(kind))
    return Body(schema, "json", kind if own else "")


def response_of(
    responses: Any, references: References, converter: Converter, cuts: Cuts, room: float
) -> dict[str, Any]:
    """The schema of the first good answer; empty where it has none that is JSON.

    Raises TooLong if it surely takes more than `room`.
    """
    stated = mapping(responses)
    good = sorted(status for status in map(str, stated) if _GOOD.fullmatch(status))
    if not good:
        return {}
    content = mapping(references.resolved(stated[good[0]]).get("content"))
    media = next((each for each in content if _is_json(each)), None)
    if media is None:
        if content:
            cuts.add(CutCode.RESPONSE, "response", clip(", ".join(content), 100))
        return {}
    item = mapping(content[media])
    return converter.convert(item.get("schema", {}), "response", room)


def _without(body: Mapping[str, Any], reason: Reason, about: str, cuts: Cuts) -> Body:
    if body.get("required") is True:
        raise OperationRefused(reason, about)
    cuts.add(CutCode.BODY, "body", about)
    return Body()


def _chosen(content: Iterable[str]) -> str | None:
    """The media type that is sent: JSON, then a JSON of its own kind, then a form, then one with files."""
    media = list(content)
    tests = (
        lambda each: each.partition(";")[0].strip().lower() in ("application/json", "text/json"),
        lambda each: bool(_JSON.fullmatch(each.partition(";")[0].strip())),
        lambda each: each.partition(";")[0].strip().lower() == _FORM,
        lambda each: each.partition(";")[0].strip().lower() == _MULTIPART,
        lambda each: each in _ANY,
    )
    return next((each for test in tests for each in media if test(each)), None)


def _is_json(media: str) -> bool:
    kind = media.partition(";")[0].strip().lower()
    return bool(_JSON.fullmatch(kind)) or kind == "text/json" or kind in _ANY
