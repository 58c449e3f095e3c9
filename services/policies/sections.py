"""A document cut into passages: by its headings, or where it has none by the numbers of its sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

MAX_PASSAGE_CHARACTERS = 2_000
"""What is longer becomes several passages, cut between paragraphs where that is possible."""

MAX_HEADING_CHARACTERS = 200
MAX_ANCHOR_CHARACTERS = 60

_NUMBERED = re.compile(
    r"(?:§[ \t]*|(?:Section|Article|Chapter)[ \t]+)?([0-9]{1,4}(?:\.[0-9]{1,4}){0,5})[.):]?[ \t]+\S"
)
_NUMBER = re.compile(r"(?:§\s*|(?:Section|Article|Chapter)\s+)?([0-9]{1,4}(?:\.[0-9]{1,4}){0,5})(?![0-9A-Za-z])")
_LONGEST_NUMBERED = 120
_CHECKS = ("yaml", "checks")
"""The words behind the fence of a block of checks."""


@dataclass(frozen=True, slots=True)
class ChecksBlock:
    """The YAML of a fenced block of checks. `line` is that of its first line of YAML, from 1."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document: `heading` is the way to it ("Closures › At night"), `anchor` its number or its words.

    `line` is where its section begins, from 1.
    """

    anchor: str
    heading: str
    text: str
    line: int


@dataclass(slots=True)
class _Section:
    """A heading and what stands under it, up to the next heading."""

    title: str
    depth: int
    line: int
    lines: list[str] = field(default_factory=list)
    blocks: list[tuple[int, list[str]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outline:
    """A document as it is built: its title, if it has one; its passages; and its checks, with their anchors."""

    title: str
    passages: tuple[Passage, ...]
    checks: tuple[tuple[str, ChecksBlock], ...]


def outline(text: str, first_line: int = 1) -> Outline:
    """Cut a document into passages. Never fails: a text without any sections is one passage."""
    lines = text.split("\n")
    sections = list(_sections(lines, first_line, is_markdown=_has_headings(lines)))
    title = _title(sections)
    anchors = _Anchors()
    passages: list[Passage] = []
    checks: list[tuple[str, ChecksBlock]] = []
    path: list[_Section] = []
    for section in sections:
        path = [above for above in path if above.depth < section.depth]
        path.append(section)
        heading = " › ".join(each.title for each in path if each.title and each.title != title)
        body = "\n".join(section.lines).strip()
        anchor = anchors.of(section.title) if body or section.blocks else ""
        checks.extend((anchor, ChecksBlock(start, "\n".join(block))) for start, block in section.blocks)
        passages.extend(_passages(anchor, heading or section.title, body, section.line, anchors))
    return Outline(title, tuple(passages), tuple(checks))


def _title(sections: Sequence[_Section]) -> str:
    """The one heading that all others stand under."""
    titled = [section for section in sections if section.title]
    if not titled or any(section.depth <= titled[0].depth for section in titled[1:]):
        return ""
    return titled[0].title if titled[0].depth == 1 else ""


class _Kind(Enum):
    """What a line is: text, or a part of a fenced block."""

    TEXT = auto()
    OPENS = auto()
    INSIDE = auto()
    CLOSES = auto()


def _kinds(lines: Sequence[str]) -> Iterator[tuple[str, _Kind]]:
    """Each line and its kind. A block that nothing closes goes on to the end, as Markdown has it."""
    fence = ""
    for line in lines:
        marks, info = _fence(line)
        if not fence:
            fence = marks
            yield line, _Kind.OPENS if fence else _Kind.TEXT
        elif marks.startswith(fence) and not info:
            fence = ""
            yield line, _Kind.CLOSES
        else:
            yield line, _Kind.INSIDE


def _fence(line: str) -> tuple[str, str]:
    """The marks that open or close a fenced block, and the words behind them; no marks in any other line.

    Not by a regular expression: a long line of spaces must cost no more than any other.
    """
    if "```" not in line and "~~~" not in line:
        return "", ""
    rest = line.lstrip(" ")
    marks = rest[: len(rest) - len(rest.lstrip(rest[:1]))] if rest[:1] in ("`", "~") else ""
    info = rest[len(marks) :].strip()
    is_fence = len(marks) >= 3 and len(line) - len(rest) <= 3 and not (marks[0] == "`" and "`" in info)
    return (marks, info) if is_fence else ("", "")


def _has_headings(lines: Sequence[str]) -> bool:
    return any(kind is _Kind.TEXT and _heading(line) is not None for line, kind in _kinds(lines))


def _heading(line: str) -> tuple[int, str] | None:
    """The depth and words of a Markdown heading."""
    rest = line.lstrip(" ")
    words = rest.lstrip("#")
    depth = len(rest) - len(words)
    if not 1 <= depth <= 6 or len(line) - len(rest) > 3 or (words and words[0] not in " \t"):
        return None
    words = words.strip()
    without_end = words.rstrip("#")
    return depth, without_end.rstrip() if not without_end or without_end[-1] in " \t" else words


def _sections(lines: Sequence[str], first_line: int, *, is_markdown: bool) -> Iterator[_Section]:
    section = _Section("", 0, first_line)
    checks: list[str] | None = None
    before = ""
    for number, (line, kind) in enumerate(_kinds(lines), start=first_line):
        found = _found(line, before, is_markdown=is_markdown) if kind is _Kind.TEXT else None
        before = line.strip()
        if found is not None:
            yield section
            section = _Section(found[1][:MAX_HEADING_CHARACTERS], found[0], number)
        elif kind is _Kind.OPENS and tuple(_fence(line)[1].lower().split()) == _CHECKS:
            checks = []
            section.blocks.append((number + 1, checks))
        elif checks is None:
            section.lines.append(line)
        elif kind is _Kind.CLOSES:
            checks = None
        else:
            checks.append(line)
    yield section


def _found(line: str, before: str, *, is_markdown: bool) -> tuple[int, str] | None:
    """The depth and words of a heading.

    A number makes one only behind an empty line, for it counts a list otherwise, and where no sentence ends.
    """
    if is_markdown:
        return _heading(line)
    may_be = not before and len(line) <= _LONGEST_NUMBERED and not line.rstrip().endswith((".", ";", ","))
    match = _NUMBERED.match(line) if may_be else None
    return (1 + match[1].count("."), line.strip()) if match else None


class _Anchors:
    """Gives each passage a short name of its own, by which it is cited."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def of(self, title: str) -> str:
        """The number that a title begins with, or its words."""
        number = _NUMBER.match(title)
        words = re.sub(r"[^\w]+", "-", title.lower()).strip("-")[:MAX_ANCHOR_CHARACTERS].strip("-")
        return self.take(number[1] if number else words or "text")

    def take(self, wanted: str) -> str:
        """A name that no other passage has."""
        anchor, count = wanted, self._next.get(wanted, 2)
        while anchor in self._taken:
            anchor, count = f"{wanted}-{count}", count + 1
        self._next[wanted] = count
        self._taken.add(anchor)
        return anchor


def _passages(anchor: str, heading: str, body: str, line: int, anchors: _Anchors) -> Iterator[Passage]:
    """A section as one passage, or as several where it is long; the first of them has the section's own anchor."""
    short = heading[:MAX_HEADING_CHARACTERS]
    for number, part in enumerate(_parts(body), start=1):
        if number == 1:
            yield Passage(anchor, short, part, line)
        else:
            yield Passage(anchors.take(f"{anchor}-{number}"), f"{short} ({number})", part, line)


def _parts(body: str) -> Iterator[str]:
    rest = body
    while len(rest) > MAX_PASSAGE_CHARACTERS:
        end = max(_cut(rest), 1)
        yield rest[:end].rstrip()
        rest = rest[end:].lstrip()
    if rest:
        yield rest


def _cut(text: str) -> int:
    """Where to cut: at the last paragraph, line, sentence or word that ends in the second half of what fits."""
    for mark in ("\n\n", "\n", ". ", " "):
        found = text.rfind(mark, MAX_PASSAGE_CHARACTERS // 2, MAX_PASSAGE_CHARACTERS)
        if found > 0:
            return found + len(mark)
    return MAX_PASSAGE_CHARACTERS
