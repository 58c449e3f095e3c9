"""Sentences, numbers and dates in the language that is spoken: `speaking` says for whom, everything else uses it.

It is kept in a context variable, for a view is deep and every sentence of it is in the one language of its reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal, format_percent

from bot.languages.catalogs import Language, language_of

_spoken: ContextVar[Language] = ContextVar("language")


class Sentence(str):
    """A sentence in English that is still to be said: one of a table."""

    __slots__ = ()


def N_(message: str) -> Sentence:  # noqa: N802 - gettext's own name for it
    """Mark a sentence of a table for translation; `_` says it."""
    return Sentence(message)


def spoken() -> Language:
    """The language that is spoken; English, unless it was said otherwise."""
    return _spoken.get(None) or _english()


@cache
def _english() -> Language:
    return language_of(None)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language inside of the block."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def _(message: str, /, **values: Any) -> str:
    """The sentence in the language that is spoken, with the values at their names; numbers as people write them.

    A sentence without values is taken as it is, braces and all.
    """
    language = spoken()
    text = message if language.code == "en" else language.translations.gettext(message)
    return _filled(text, values) if values else text


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """The sentence for so many, which stands in it as {count}."""
    return _filled(spoken().translations.ngettext(one, many, count), {"count": count, **values})


def number(value: int) -> str:
    """A whole number: "1,200" in English, "1.200" in German."""
    return f"{value:,}" if spoken().code == "en" else _number(value, spoken().locale)


@lru_cache(maxsize=2_000)
def _number(value: int, locale: Locale) -> str:
    """In a language with rules: a long card has the same few numbers hundreds of times."""
    return str(format_decimal(value, locale=locale))


def decimal(value: float, digits: int = 1) -> str:
    """A number with so many digits after the point: "1.5", in German "1,5"."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return f"{value:,.{digits}f}" if spoken().code == "en" else format_decimal(value, pattern, spoken().locale)


def percent(share: float) -> str:
    """A share of 1 as a whole percentage: "85%", in German "85 %"."""
    return format_percent(share, locale=spoken().locale)


def day(value: date) -> str:
    """A date: "Nov 29, 2026", "29.11.2026"."""
    return format_date(value, "medium", spoken().locale)


def month(value: date) -> str:
    """The month of a day: "November 2026"."""
    return format_skeleton("yMMMM", value, locale=spoken().locale)


def moment(value: datetime, zone: ZoneInfo) -> str:
    """A date and time by the clock of `zone`; for places where Slack puts in no reader's own."""
    return format_datetime(value, "medium", tzinfo=zone, locale=spoken().locale)


def _filled(text: str, values: dict[str, Any]) -> str:
    for name, each in values.items():
        if type(each) is int:
            values[name] = number(each)
    return text.format_map(values)
