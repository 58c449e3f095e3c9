"""Single values as people read them: a name in words, and what is nested taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from bot.languages import N_, _
from bot.views.kit.text import one_line, spaced

EMPTY = N_("(empty)")
_DEEPEST = 6
"""Values nested deeper than this are not taken apart: no form that people fill in goes further."""

_ON_ONE_LINE = 20
_NAME = 200
"""Of a name no more is looked at: a card is drawn on the event loop, over and over until it fits."""

_PLACE = re.compile(r"\[([0-9]{1,6})\]")
_BRACKETS = re.compile(r"[\[\].]+")


def label(name: str) -> str:
    """The name of a value in words: "address_string" is "Address", "crews[0].name" is "Crews 1 name"."""
    return _label(name[:_NAME])


@lru_cache(maxsize=4_096)
def _label(name: str) -> str:
    # The same few names stand in every step of a plan, and each step is drawn again until the whole fits.
    counted = _PLACE.sub(lambda found: f" {int(found[1]) + 1} ", name)
    words = one_line(spaced(_BRACKETS.sub(" ", counted))).removesuffix(" string")
    return f"{words[:1].upper()}{words[1:]}"


def as_text(value: Any) -> str:
    """A single value as it is read: yes and no for the two truths, nothing for none."""
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
    return str(value)


def flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value that may be nested as values of their own, each under its name: `location.lat`, `crews[0].name`.

    A short list of plain ones is one value.
    """
    return _flat(name, value, _DEEPEST)


def is_nested(value: Any) -> bool:
    """Whether there are values inside this one."""
    return isinstance(value, (Mapping, list))


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, list) and 0 < len(value) <= _ON_ONE_LINE and not any(map(is_nested, value)):
        yield (name, ", ".join(map(as_text, value)))
    elif depth and value and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner, depth - 1)
    elif depth and value and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{name}[{index}]", inner, depth - 1)
    elif is_nested(value):
        yield (name, "…" if value else _(EMPTY))
    else:
        yield (name, as_text(value) or _(EMPTY))
