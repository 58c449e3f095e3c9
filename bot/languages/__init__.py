"""Languages: what Mudda says to people, in theirs.

English sentences stand in the code and are the names of their translations, in `*.po` beside this file:

    _("Reported by {who}", who=mention(user))
    ngettext("{count} step", "{count} steps", number)

A sentence is one text with names in braces: no f-string, no sum of parts, as other languages order words
differently (`tests/architecture/test_languages.py` holds it). In tables, which are made once, `N_` marks a
sentence, and `_` says it where it is shown.
"""

from bot.languages.catalogs import LANGUAGES, Language, language_of, load_catalogs
from bot.languages.saying import (
    N_,
    Sentence,
    _,
    day,
    decimal,
    moment,
    month,
    ngettext,
    number,
    percent,
    speaking,
    spoken,
)

__all__ = [
    "LANGUAGES",
    "N_",
    "Language",
    "Sentence",
    "_",
    "day",
    "decimal",
    "language_of",
    "load_catalogs",
    "moment",
    "month",
    "ngettext",
    "number",
    "percent",
    "speaking",
    "spoken",
]
