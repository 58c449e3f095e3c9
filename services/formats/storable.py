"""What PostgreSQL can keep, and what people's text is kept as: neither NUL nor half a surrogate pair can be."""

from __future__ import annotations

import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"
"""Unicode's own character for what can't be shown."""


def postgres_safe(value: Any) -> Any:
    """A JSON value in which each character that can't be kept is replaced; of a depth as strict_json reads it."""
    if isinstance(value, str):
        return value if _is_kept(value) else _UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, list | tuple):
        return [postgres_safe(item) for item in value]
    if isinstance(value, dict):
        return {postgres_safe(name): postgres_safe(member) for name, member in value.items()}
    return value


def _is_kept(text: str) -> bool:
    """Whether all of a text can be. To look character by character takes twenty times as long."""
    if "\x00" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False


_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85]")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSEEN = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]{1,10}\U000e007f)"
    "|[\u00ad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)


_ANY_UNSEEN = re.compile("[\u00ad\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\U000e0000-\U000e007f]")


def seen(text: str) -> str:
    """The text without what nobody sees, and what turns the reading order: it says what it shows.

    Joiners (U+200C, U+200D) and the marks of direction (U+200E, U+200F) stay: Persian, emoji and Hebrew need them.
    So do the tags that make a flag (Unicode TR51); anywhere else they hide words from people, not from a model.
    """
    # Most texts have none of them, and to look for one is a tenth of the work of replacing.
    return _UNSEEN.sub(r"\1", text) if _ANY_UNSEEN.search(text) else text


def typed(text: str) -> str:
    """What a person typed, as it is kept: lines end in LF, control characters are visible, unseen ones are gone.

    Two halves of a surrogate pair, as JSON may hold them, become their character.
    """
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return seen(_CONTROLS.sub(REPLACEMENT, _LINE_ENDS.sub("\n", whole)))


def is_storable(value: Any) -> bool:
    """Whether all of a JSON value can be kept as it is."""
    if isinstance(value, str):
        return _is_kept(value)
    return bool(postgres_safe(value) == value)
