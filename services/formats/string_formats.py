"""The formats of texts that count in what is sent: a day, a moment, an address, a link, an id.

JSON Schema leaves open whether `format` is checked (Draft 2020-12, Validation, section 7.2). A moment may be
without a zone: the APIs of towns write it so, though RFC 3339 does not. Any other format is taken as it comes.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from jsonschema import FormatChecker

FORMATS = FormatChecker(formats=())
"""Checks these formats and no other."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(:[0-9]{2})?)([.,][0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


@FORMATS.checks("date", raises=ValueError)
def is_day(value: object) -> bool:
    """`2026-11-25`."""
    if not isinstance(value, str):
        return True
    return _DAY.fullmatch(value) is not None and bool(date.fromisoformat(value))


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    """`2026-11-25T08:00:00-06:00`, with or without seconds and zone."""
    if not isinstance(value, str):
        return True
    found = _MOMENT.fullmatch(value)
    return found is not None and bool(datetime.fromisoformat(f"{found[1]}T{found[2]}"))


@FORMATS.checks("email")
def is_email(value: object) -> bool:
    """`somebody@town.example`."""
    return not isinstance(value, str) or _EMAIL.fullmatch(value) is not None


@FORMATS.checks("uri")
def is_uri(value: object) -> bool:
    """`https://town.example/a`, `tel:+1…`."""
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


@FORMATS.checks("uuid")
def is_uuid(value: object) -> bool:
    """`0b6c1e8e-…`."""
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None
