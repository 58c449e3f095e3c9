"""Which plans a list is to show, in the words in which people ask for it.

`open reporter:@ana component:crew place:"5th" days:7 water`: those words that name no filter are searched for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from services.mentions import PartKind, parts_of

Mode = Literal["all", "open", "mine", "waiting"]
MODES: tuple[Mode, ...] = ("all", "open", "mine", "waiting")

MAX_DAYS = 3_650
_PERSON = re.compile(r"[UW][A-Z0-9]{1,20}")
_FIELD = re.compile(r"(reporter|component|place|days):(.+)", re.S)
_PAIR = re.compile(r'[^\s":]+:"[^"]*"|\S+')


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """`mode` is which plans at all: all, the open ones, the viewer's own, or those that wait for the viewer.

    `reporter` is a Slack id, or "me". `words` are looked for in the issue, its place and the plan's title.
    """

    mode: Mode = "all"
    reporter: str = ""
    component: str = ""
    place: str = ""
    days: int = 0
    words: str = ""

    def text(self) -> str:
        """The filter as it is typed, with ids for people: `read` makes the same of it."""
        named = (("reporter", self.reporter), ("component", self.component), ("place", self.place))
        parts = [str(self.mode)] if self.mode != "all" else []
        parts += [f"{name}:{_quoted(value)}" for name, value in named if value]
        parts += [f"days:{self.days}"] if self.days else []
        return " ".join([*parts, *([self.words] if self.words else [])])

    def of(self, mode: Mode) -> PlanFilter:
        """The same among other plans."""
        return replace(self, mode=mode)


def with_ids(markup: str) -> str:
    """What somebody typed, with the ids of people in place of Slack's marks of them."""
    return "".join(part.id if part.kind is PartKind.PERSON and part.id else part.text for part in parts_of(markup))


def read(text: str) -> PlanFilter:
    """The filter that somebody typed. Whatever is no filter is among the words; the last of each kind counts."""
    found = PlanFilter()
    words: list[str] = []
    for number, token in enumerate(_PAIR.findall(text)):
        name, value = _field(token)
        if number == 0 and token.lower() in MODES:
            found = found.of(next(mode for mode in MODES if mode == token.lower()))
        elif name == "days" and value.isascii() and value.isdecimal() and 0 < int(value[:9]) <= MAX_DAYS:
            found = replace(found, days=int(value))
        elif name == "reporter" and (value.lower() == "me" or _PERSON.fullmatch(value)):
            found = replace(found, reporter="me" if value.lower() == "me" else value)
        elif name == "component" and value:
            found = replace(found, component=value)
        elif name == "place" and value:
            found = replace(found, place=value)
        else:
            words.append(token)
    return replace(found, words=" ".join(words))


def _field(token: str) -> tuple[str, str]:
    match = _FIELD.fullmatch(token)
    if match is None:
        return "", ""
    return match[1], " ".join(match[2].removeprefix("@").strip('"').split())


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
