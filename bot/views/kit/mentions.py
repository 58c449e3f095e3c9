"""People, groups and channels as Slack shows them: in what was reported, and where a value is the id of one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, assert_never

from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip
from services.mentions import Part, PartKind
from services.plans.model import Issue

_ID = r"(?:[UC]|W0)(?=[A-Z]*[0-9])[A-Z0-9]{7,12}"
_WHOLE = re.compile(rf"(?:<[@#])?({_ID})(?:\|[^>]*)?>?")
"""The id of a person or a channel, and no word or number of somebody's forms that only begins like one."""

_ANY = re.compile(_ID)
_APART = re.compile(r"[,\s]+")
_LOOKED_AT = 200
_LONGEST = 500
_DEEPEST = 6


def quoted(issue: Issue, longest: int) -> Block:
    """A quotation of the issue, cut where it weighs more than `longest`."""
    return kit.rich_text(kit.quotation(*_elements(issue, clip(issue.text, longest))))


def ids_in(value: Any) -> frozenset[str]:
    """The Slack ids that a JSON value consists of, or that values in it do; those inside a longer text are not.

    So a name in somebody's sentence stays a word of it, and rings for nobody.
    """
    return frozenset(_ids(value, _DEEPEST))


def naming(text: str, ids: Collection[str]) -> list[Element]:
    """A text as rich text, with the people and channels of `ids` by their names."""
    if not ids:
        return [kit.span(text)]
    known = "|".join(map(re.escape, sorted(ids)))
    parts = re.split(rf"(?<![A-Za-z0-9])(?:<[@#])?({known})(?![A-Za-z0-9])(?:\|[^>]*>|>)?", text)
    runs = [_named(part) if index % 2 else kit.span(part) for index, part in enumerate(parts) if part]
    return runs or [kit.span(text)]


def _ids(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        # Most texts have none in them, and to look for one is a fraction of the work.
        if len(value) < _LONGEST and _ANY.search(value):
            found = [_WHOLE.fullmatch(part) for part in _APART.split(value.strip())]
            if all(found):
                yield from (each[1] for each in found if each)
    elif depth and isinstance(value, (list, Mapping)):
        inner = value.values() if isinstance(value, Mapping) else value
        for each in islice(inner, _LOOKED_AT):
            yield from _ids(each, depth - 1)


def _named(slack_id: str) -> Element:
    return kit.place(slack_id) if slack_id.startswith("C") else kit.person(slack_id)


def _elements(issue: Issue, text: str) -> Iterator[Element]:
    # What is kept of an issue is clean already, so the parts are found in the text as they are.
    start = 0
    for part in issue.parts:
        end = start + len(part.text)
        if text[start:end] != part.text:
            break
        yield _element(part)
        start = end
    if start < len(text) or not issue.parts:
        yield kit.span(text[start:])


def _element(part: Part) -> Element:
    match part.kind:
        case PartKind.WORDS:
            return kit.span(part.text)
        case PartKind.PERSON:
            return kit.person(part.id)
        case PartKind.GROUP:
            return kit.group(part.id)
        case PartKind.CHANNEL:
            return kit.place(part.id)
        case PartKind.LINK:
            return kit.link(part.text, part.text)
        case _:
            assert_never(part.kind)
