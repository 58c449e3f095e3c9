"""What a component answered, in one plain line; never its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from bot.languages import _, ngettext
from bot.views.kit.text import clip, join, one_line, spaced
from bot.views.kit.values import as_text
from services.components.builtins import ASK_PERSON, BUILTINS, WAIT_UNTIL
from services.components.specs import ComponentSpec

MAX_LINE_CHARACTERS = 200
_VALUE = 60
_NAME = 40
_FIELDS = 4
_LOOKED_AT = 100
_READ = 2_000
"""Of a text, in characters: more than any line shows."""

_DEEPEST = 4
_TOLD = {ASK_PERSON: "answer", WAIT_UNTIL: "value"}

_KINDS = (
    re.compile(r"(^| )(id|ids|number|no|reference|ref|ticket)$"),
    re.compile(r"(^| )(status|state|result|outcome)$"),
    re.compile(r"(^| )(name|title|crew|area|district)$"),
    re.compile(r"(^| )(count|total|available|recipients|eta|minutes|amount|price)( |$)"),
)
"""What people want to know first, by the words of a field's name: which one, how it stands, what it is called."""

_LATE = re.compile(r"(^| )(at|date|datetime|time|url|uri|href|description|notes|notice|text|message)$")
"""Fields that are told only where there are no others."""

_UNTOLD = re.compile(r"\b(token|secret|password|key|credential|signature|hash|etag)s?\b")
"""Nothing that may open a door is put in a channel."""


def answer_summary(output: Any, spec: ComponentSpec | None, *, limit: int = MAX_LINE_CHARACTERS) -> str:
    """An answer in plain words, "work order id WO-17, status open"; empty where it says nothing that fits a line.

    `spec` is the component as it was when the run began: of fields alike, those that it declares come first.
    """
    if spec is not None and spec.key in BUILTINS:
        return clip(one_line(_of_our_own(output, spec.key)), limit)
    declared = _declared(spec.response_schema) if spec else {}
    found = _said(output, declared, _DEEPEST)
    if output == [] and spec and spec.http_method.upper() == "GET":
        found = _("nothing found")
    return clip(one_line(found), limit)


def is_untold(name: str) -> bool:
    """Whether a field of this name may hold what opens a door: its value is not put in a channel."""
    return _UNTOLD.search(spaced(one_line(name))) is not None


def _of_our_own(output: Any, key: str) -> str:
    """What a built-in step tells: an answer, the names of photos, the value that it waited for; else nothing."""
    if not isinstance(output, Mapping):
        return ""
    if key == ASK_PERSON and output.get("files"):
        return join([file["name"] for file in output["files"]])
    told = output.get(_TOLD.get(key, ""))
    words = "" if told is None or isinstance(told, (Mapping, list)) else _text(told)
    return _("“{text}”", text=words) if words and key == ASK_PERSON else words


def _said(output: Any, declared: Mapping[str, int], depth: int) -> str:
    if isinstance(output, Mapping):
        return _document(output, declared, depth)
    if isinstance(output, list):
        return _list(output, declared, depth)
    return _text(output)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return as_text(value[:_READ] if isinstance(value, str) else value)


def _document(document: Mapping[str, Any], declared: Mapping[str, int], depth: int) -> str:
    last = len(declared)
    fields = sorted(_fields(document), key=lambda field: (field[0].kind, declared.get(field[0].words, last)))
    telling = [field for field in fields if not field[0].is_late] or fields
    if telling:
        return ", ".join(
            f"{clip(name.words, _NAME)} {clip(one_line(text), _VALUE)}" for name, text in telling[:_FIELDS]
        )
    if not depth:
        return ""
    inner = islice((value for value in document.values() if isinstance(value, (Mapping, list))), _FIELDS)
    return next(filter(None, (_said(value, declared, depth - 1) for value in inner)), "")


def _list(items: list[Any], declared: Mapping[str, int], depth: int) -> str:
    first = _said(items[0], declared, depth - 1) if items and depth else ""
    if len(items) < 2:
        return first
    if not first:
        return ngettext("{count} result", "{count} results", len(items))
    return ngettext(
        "{count} result, the first: {first}", "{count} results, the first: {first}", len(items), first=first
    )


def _fields(document: Mapping[str, Any]) -> Iterator[tuple[_Name, str]]:
    """The fields that fit a line: each one's name, and its value."""
    for key, value in islice(document.items(), _LOOKED_AT):
        name = _kept(str(key)) if len(str(key)) <= _NAME else _read(str(key))
        if isinstance(value, (Mapping, list)) or name.is_untold:
            continue
        text = _text(value).strip()
        if text:
            yield name, text


@dataclass(frozen=True, slots=True)
class _Name:
    """A field's name in `words`, and its `kind`: the lower, the sooner it is told."""

    words: str
    kind: int
    is_late: bool
    is_untold: bool


def _read(key: str) -> _Name:
    words = spaced(one_line(key))
    kind = next((rank for rank, wanted in enumerate(_KINDS) if wanted.search(words)), len(_KINDS))
    return _Name(words, kind, is_late=_LATE.search(words) is not None, is_untold=is_untold(words))


# The same few names stand in the answers of all steps, and each is drawn over and over.
_kept = lru_cache(maxsize=4_096)(_read)


def _declared(schema: Mapping[str, Any]) -> dict[str, int]:
    """The fields that a schema declares, of its items where it is of a list, in order and in words."""
    items = schema.get("items")
    properties = (items if isinstance(items, Mapping) else schema).get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {spaced(name): place for place, name in enumerate(islice(properties, _LOOKED_AT))}
