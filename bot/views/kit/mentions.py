"""What was reported, with its people, groups and channels as Slack shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from bot.slack.messages import Block, Element
from bot.views.kit import blocks as kit
from bot.views.kit.text import clip
from services.mentions import Part, PartKind
from services.plans.model import Issue


def quoted(issue: Issue, longest: int) -> Block:
    """A quotation of the issue, cut where it weighs more than `longest`."""
    return kit.rich_text(kit.quotation(*_elements(issue, clip(issue.text, longest))))


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
