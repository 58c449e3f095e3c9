"""References: the `{{...}}` by which a step's input takes what the issue, the run or an earlier step holds.

A reference is `{{source.path}}`. The source is a step id, `issue` or `run`; the path is made of `.name`,
`[index]` and `["a name"]`. Space inside the braces is allowed, anything else is malformed: there are no filters
and no sums.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from services.formats import strict_json
from services.formats.strict_json import PLAIN_NAME, Path, PathPart

STEP_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What a step id looks like; a reference's source is written the same way."""

RESERVED: dict[str, tuple[str, ...]] = {
    "issue": ("text", "reporter", "channel", "place", "urgency"),
    "run": ("id",),
}
"""The sources that are no steps, and all that they hold. Not every issue says a place and how urgent it is."""

LEGAL_FORM = "{{step_id.field}}"
"""What a reference looks like, for whoever wrote one that can't be read."""

OPEN, _CLOSE = "{{", "}}"
# No JSON begins with two braces, so a reference is not tried as JSON.
_JSON_CONTAINER = re.compile(r"\s*(\[|\{(?!\{))")
# What nearly all references are: names, with nothing that has to be quoted.
_PLAIN = re.compile(rf"({STEP_ID.pattern})((?:\.{PLAIN_NAME.pattern})*)")
# What most texts with one are: one of these, and before and after it words without a brace.
_ONE = re.compile(rf"([^{{]*)(\{{\{{{_PLAIN.pattern}\}}\}})([^{{]*)")
_PATH_PART = re.compile(
    rf"\.({PLAIN_NAME.pattern})|\[([0-9]{{1,6}})\]"
    # As in JavaScript and Python: for names with spaces, dots and the like.
    r"""|\["((?:[^"\\]|\\["\\/'])+)"\]|\['((?:[^'\\]|\\['\\/"])+)'\]"""
)


class Flaw(StrEnum):
    """Why something that begins like a reference is none."""

    UNCLOSED = "unclosed"
    EMPTY = "empty"
    BAD_SOURCE = "bad_source"
    BAD_PATH = "bad_path"


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference, with its text as written.

    `path` is empty where all that the source holds is meant. `whole`: the string is this reference and nothing
    else, so the value keeps its JSON type.
    """

    source: str
    path: Path
    whole: bool
    text: str


@dataclass(frozen=True, slots=True)
class MalformedReference:
    """What begins like a reference and is none, as written."""

    text: str
    flaw: Flaw


def parse(text: str) -> tuple[str | Reference | MalformedReference, ...]:
    """Split a string into its plain parts, its references and what is malformed, in order and without loss.

    Takes time linear in the text: no stretch of it is searched more than a few times.
    """
    if len(text) <= _SHORT:
        return _kept(text)
    return _kept_long(text) if len(text) <= _LONG else _split(text)


@lru_cache(maxsize=8192)
def _kept(text: str) -> tuple[str | Reference | MalformedReference, ...]:
    """The same for short texts: of each input of a plan this is asked a dozen times."""
    return _split(text)


@lru_cache(maxsize=512)
def _kept_long(text: str) -> tuple[str | Reference | MalformedReference, ...]:
    """The same for the longer ones, of which fewer are kept."""
    return _split(text)


_SHORT, _LONG = 300, 20_000


def _split(text: str) -> tuple[str | Reference | MalformedReference, ...]:
    if one := _ONE.fullmatch(text):
        before, written, source, names, after = one.groups()
        path = tuple(names.split(".")[1:])
        if not before and not after:
            return (Reference(source, path, whole=True, text=text),)
        found = Reference(source, path, whole=False, text=written)
        if before and after:
            return (before, found, after)
        return (before, found) if before else (found, after)
    parts: list[str | Reference | MalformedReference] = []
    position = 0
    while (opening := text.find(OPEN, position)) != -1:
        if opening > position:
            parts.append(text[position:opening])
        start = opening + len(OPEN)
        closing = text.find(_CLOSE, start)
        if closing == -1:
            parts.append(MalformedReference(text[opening:], Flaw.UNCLOSED))
            return tuple(parts)
        if (nearest := text.rfind(OPEN, start, closing)) != -1:
            # The braces that close belong to the nearest that open.
            parts.append(MalformedReference(text[opening:nearest], Flaw.UNCLOSED))
            position = nearest
        else:
            position = closing + len(_CLOSE)
            parts.append(_reference(text[opening:position], whole=opening == 0 and position == len(text)))
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


def is_whole(text: str) -> bool:
    """Whether the string is one reference and nothing else."""
    parts = parse(text)
    return len(parts) == 1 and isinstance(parts[0], Reference)


def may_refer(text: str) -> bool:
    """Whether there can be a reference in a text, as in few there is; in JSON the braces may be escaped."""
    return OPEN in text or "\\" in text


def scan(text: str) -> tuple[Reference | MalformedReference, ...]:
    """All references in the text of an input's value, as it stands on the wire.

    A text that is a JSON object or array is searched string by string, since that is how it will be filled in.
    """
    if not may_refer(text):
        return ()
    return references_in(text, parse(text))


def references_in(
    text: str, parts: tuple[str | Reference | MalformedReference, ...]
) -> tuple[Reference | MalformedReference, ...]:
    """The same for a text that is split into its parts already."""
    if _JSON_CONTAINER.match(text):
        with suppress(strict_json.NotJson):
            return tuple(walk(strict_json.loads(text)))
    return tuple([part for part in parts if not isinstance(part, str)])


def walk(value: Any) -> Iterator[Reference | MalformedReference]:
    """All references in the strings of a JSON value, members' names included, in order."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield from (part for part in parse(item) if not isinstance(part, str))
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(part for member in reversed(item.items()) for part in reversed(member))


def readable_part(text: str) -> tuple[str, int]:
    """The legal reference that something malformed begins with, if any, and the position of the first character
    that can't stand there: `{{ask.id}}` and 8 for `{{ask.id|upper}}`.
    """
    body = text.removeprefix(OPEN).removesuffix(_CLOSE)
    start = len(body) - len(body.lstrip())
    source, _, end = _read(body.strip())
    legal = f"{OPEN}{body.strip()[:end]}{_CLOSE}" if source else ""
    return legal, len(OPEN) + start + end


def _reference(text: str, *, whole: bool) -> Reference | MalformedReference:
    body = text.removeprefix(OPEN).removesuffix(_CLOSE).strip()
    if not body:
        return MalformedReference(text, Flaw.EMPTY)
    source, path, end = _read(body)
    if not source:
        return MalformedReference(text, Flaw.BAD_SOURCE)
    if end < len(body):
        return MalformedReference(text, Flaw.BAD_PATH)
    return Reference(source, path, whole, text)


def _read(body: str) -> tuple[str, Path, int]:
    """The source and the path that a text begins with, and where they end; no source if it begins with none."""
    plain = _PLAIN.fullmatch(body)
    if plain is not None:
        source, names = plain.groups()
        return source, tuple(names.split(".")[1:]), len(body)
    begins = STEP_ID.match(body)
    if begins is None:
        return "", (), 0
    path: list[PathPart] = []
    position = begins.end()
    while part := _PATH_PART.match(body, position):
        name, index, *quoted = part.groups()
        if index is not None:
            path.append(int(index))
        else:
            path.append(name or re.sub(r"\\(.)", r"\1", next(filter(None, quoted))))
        position = part.end()
    return begins.group(), tuple(path), position
