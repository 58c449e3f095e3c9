"""Where something is, as far as plain words tell: whether a text says so, and what it says.

English, German and Hindi; of other languages nothing is known here, and the model is asked.
"""

from __future__ import annotations

import re

MAX_PLACE = 200
"""Characters of a place."""

MAX_READ = 4_000
"""Characters of a text that are read: who says where it is does so in the first few hundred."""

# No word of a street's name is longer than these bounds. Without them a text of one long word took a minute.

_KIND = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Square|Boulevard|Blvd|Bridge|Park|Place|Plaza|Court|Alley"
    r"|School|Hospital|Station|Library|Market|Church|Stadium|Mall|Marg|Chowk|Nagar)"
)
_NAMED = rf"\b(?:[A-Z0-9][\w'’.-]{{0,40}}\s{{1,9}}){{1,4}}{_KIND}\b"
_NUMBERED = (
    r"\b(?:ward|sector|block|zone|plot|district|highway|route|exit|pole|house|flat|apt|unit|room|lot|bezirk"
    r"|haus(?:nummer)?)\s*(?:no\.?|nr\.?|#)?\s*\d+\w?"
)
_AT = (
    r"\b(?:at|near|outside|opposite|beside|behind|between|next to|in front of|across from|along|corner of)"
    r"\s+(?!(?:least|all|once|night|noon|midnight|home|risk|last|first|the moment|the same time|any)\b)"
    r"(?!\d+\s*(?:am\b|pm\b|:))"
    r"(?:the\s+)?[^\W_]"
)
_ON = r"\b(?:on|in|along|off)\s+(?:the\s+)?(?!(?:I|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b)"
_GERMAN_STREET = (
    r"\b[A-ZÄÖÜ][\wäöüß-]{2,40}(?:(?:straße|strasse|platz|allee|gasse|weg|ring|brücke|ufer)\b|str\.)"
    r"(?:\s+\d+\w?\b)?"
)
_GERMAN = (
    rf"{_GERMAN_STREET}"
    r"|\b(?:[Aa]m|[Aa]n der|[Bb]eim?|[Bb]ei der|[Vv]or (?:dem|der)|[Nn]ahe|[Nn]eben (?:dem|der)|[Gg]egenüber|Ecke)"
    r"\s+(?!(?:Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag|Abend|Morgen|Mittag|Tag)\b)"
    r"[A-ZÄÖÜ]\w+"
)
_HINDI = r"(?:के पास|के सामने|के पीछे|चौक|मार्ग|वार्ड|सेक्टर|नगर|रोड|गली नंबर|कॉलोनी)"

_PLAIN = (
    re.compile(_AT, re.IGNORECASE),
    re.compile(_ON + r"(?:[A-Z][\w'’-]+|\d+(?:st|nd|rd|th)\b)"),
    re.compile(_NAMED),
    re.compile(_NUMBERED, re.IGNORECASE),
    re.compile(_GERMAN),
    re.compile(_HINDI),
)
_WORDS = re.compile(
    r"\b(?:at|near|outside|opposite|beside|behind|in front of|(?:on the )?corner of|on|am|an der|beim|Ecke)\s+"
    r"(?:the corner of\s+|the\s+)?([^.,;!?\n]{3,80}?)"
    r"(?=\s+(?:is|are|was|were|has|have|since|because|again|for|every|and (?:the|it)|ist|sind|seit)\b"
    r"|[.,;!?\n]|$)",
    re.IGNORECASE,
)
_STREET = re.compile(_GERMAN_STREET)


def says_where(text: str) -> bool:
    """Whether a text plainly says where something is; False where only a reader can tell."""
    return any(pattern.search(text, 0, MAX_READ) for pattern in _PLAIN)


def place_in(text: str) -> str:
    """The place that a text names, in its own words; empty where none can be made out."""
    if not says_where(text):
        return ""
    read = text[:MAX_READ]
    found = _STREET.findall(read) or [match.strip() for match in _WORDS.findall(read)]
    return found[-1][:MAX_PLACE] if found else ""
