"""What pictures and reports are made of: plain words and shapes, no markup, nothing of Slack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Look(StrEnum):
    """How a box is drawn: its mark, its line and its colour, each of which tells the same."""

    PLAN = "plan"
    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Box:
    """A step. `label` is its number as it is shown, `state` how it stands and `gate` that it asks, in words.

    `note` says when it is carried out at all. `also` are the numbers of other steps that the same box stands for.
    """

    number: int
    label: str
    title: str
    look: Look = Look.PLAN
    state: str = ""
    note: str = ""
    gated: bool = False
    gate: str = ""
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrow:
    """That a step comes after another, both by their numbers; it `carries` a value, or is there for the order.

    `faded`: it leads to or from a step that was not carried out.
    """

    start: int
    end: int
    carries: bool = True
    faded: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """What a mark or a line means. `sign` is a Look, or "value", "order" or "gate"."""

    sign: str
    words: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A plan or a run to be drawn. `several` says how many steps one box stands for: "{count} steps"."""

    title: str
    standing: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    legend: tuple[Sign, ...]
    several: str = "{count}"
    alt: str = ""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Graph:
        """What `dataclasses.asdict` made of one, and JSON of that."""
        boxes = (
            Box(**{**box, "look": Look(box["look"]), "also": tuple(box["also"])}) for box in document["boxes"]
        )
        return cls(
            **{
                **document,
                "boxes": tuple(boxes),
                "arrows": tuple(Arrow(**arrow) for arrow in document["arrows"]),
                "legend": tuple(Sign(**sign) for sign in document["legend"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One step in a report: how it stands, what is told of it, what it sent, and what came back."""

    label: str
    title: str
    look: Look
    state: str
    lines: tuple[str, ...] = ()
    sent: str = ""
    fields: tuple[str, ...] = ()
    answered: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: a quotation, facts by name, paragraphs, steps and events, whichever there are.

    An event is when, who, what. With `has_graph` the graph stands in it.
    """

    heading: str
    quote: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    steps: tuple[Entry, ...] = ()
    events: tuple[tuple[str, str, str], ...] = ()
    has_graph: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. `footer` stands on each page, before `page`, "Page {page} of {pages}".

    `too_large` stands in place of a graph that no page can show.
    """

    title: str
    standing: str
    footer: str
    page: str
    sections: tuple[Section, ...]
    graph: Graph | None = None
    too_large: str = ""
    language: str = "en"


class PictureError(Exception):
    """No picture was made."""


class TooLarge(PictureError):
    """A graph that no picture could show so that it can be read."""


PICTURE, REPORT = "picture", "report"
"""What the process that draws is asked for."""

TOO_LARGE = 3
"""How the process that draws ends where nobody could read the picture."""
