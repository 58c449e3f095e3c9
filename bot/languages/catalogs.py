"""The languages there are, each with its catalog of translations (gettext's format) and its ways with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "de": "Deutsch", "hi": "हिन्दी"})
"""The languages that Mudda speaks, by the names that their speakers have for them."""

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Language:
    """A language as people of one place write it: `code` is one of LANGUAGES, `tag` a code and country ("de-AT").

    `locale` has that place's ways with dates and numbers.
    """

    code: str
    tag: str
    locale: Locale = field(repr=False)
    translations: NullTranslations = field(repr=False, compare=False)


def language_of(locale: str | None) -> Language:
    """The language of one of Slack's locales ("de-DE", "hi-IN"); English where Mudda has no other.

    Raises nothing: what a locale says comes from outside.
    """
    code = (locale or "").replace("_", "-").split("-")[0].lower()
    return _language(code, locale or "") if code in LANGUAGES else _language("en", "en-US")


def load_catalogs() -> None:
    """Read every catalog now, which takes a moment, so that no reader waits for it."""
    for code in LANGUAGES:
        language_of(code)


@cache
def _language(code: str, locale: str) -> Language:
    parsed = _parsed(locale, code)
    tag = "-".join(filter(None, (code, parsed.territory)))
    return Language(code, tag, parsed, _translations(code))


def _parsed(locale: str, code: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale.parse(code)


@cache
def _translations(code: str) -> NullTranslations:
    if code == "en":
        return NullTranslations()
    with (_FOLDER / f"{code}.po").open("rb") as file:
        catalog = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
