"""Texts that have an order: numbers, and days and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_NUMBER = re.compile(r"\s*[-+]?(\d{1,18}(\.\d{0,17})?|\.\d{1,17})([eE][-+]?\d{1,2})?\s*", re.ASCII)


def is_number(text: str) -> bool:
    """Whether a text is one number."""
    return _NUMBER.fullmatch(text) is not None


def is_point_in_time(text: str) -> bool:
    """Whether a text is a day, or a day and a time."""
    return point_in_time(text) is not None


def point_in_time(text: str) -> datetime | None:
    """The moment that a text names, by ISO 8601; a day is its beginning, and what has no zone is UTC's."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
