"""What people wrote, without what tells of one of them: addresses, numbers, links and mentions.

A name can't be told from another word. Whoever looks after the notes sees each of them, and can change it.
"""

from __future__ import annotations

import re

_STREETS = "street|st|avenue|ave|road|rd|lane|ln|drive|dr|square|boulevard|blvd|way|court|place|straße|strasse|weg"
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<[@!#][^<>]{1,200}>|(?<![\w.])@[\w.-]{1,80}"), "[person]"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"), "[e-mail]"),
    (re.compile(r"\b(?:https?://|www\.)[^\s<>]{1,2000}", re.IGNORECASE), "[link]"),
    (
        re.compile(rf"\b\d{{1,5}}[a-z]?\s(?:[\w'-]{{1,40}}\s){{1,3}}(?:{_STREETS})\b\.?", re.IGNORECASE),
        "[address]",
    ),
    (re.compile(rf"\b[\w'-]{{1,40}}\s(?:{_STREETS})\.?\s\d{{1,5}}[a-z]?\b", re.IGNORECASE), "[address]"),
    (re.compile(r"\b[\w-]{1,40}(?:straße|strasse|gasse)\s\d{1,5}[a-z]?\b", re.IGNORECASE), "[address]"),
    (re.compile(r"\b\d{1,3}(?:st|nd|rd|th)\s(?:and|&)\s[\w'-]{1,40}", re.IGNORECASE), "[address]"),
    (re.compile(r"\+?\(?\d(?:[\s().\/-]{0,2}\d){6,}"), "[number]"),
    (re.compile(r"\d{3,}"), "[number]"),
)
"""In this order: an e-mail address has an @ in it, and a street a number."""


def masked(text: str) -> str:
    """The text with placeholders for what may be personal."""
    for pattern, placeholder in _MASKS:
        text = pattern.sub(placeholder, text)
    return text
