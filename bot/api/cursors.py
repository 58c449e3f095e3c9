"""Cursors: where the next page begins. For clients they are words without a meaning."""

from __future__ import annotations

import base64
import binascii
import json

from bot.api.problems import Problem


def written(kind: str, key: str | int) -> str:
    """The cursor of a page that begins after the item of that key; `kind` is the list that it is of."""
    return base64.urlsafe_b64encode(json.dumps([kind, key]).encode()).decode().rstrip("=")


def read(kind: str, cursor: str) -> str | int:
    """The key that a cursor was written with. Raises Problem."""
    try:
        found = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != 2 or found[0] != kind or written(kind, found[1]) != cursor:
        raise Problem(400, "bad_cursor", "The cursor is not one that this list has given.")
    key = found[1]
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise Problem(400, "bad_cursor", "The cursor is not one that this list has given.")
    return key
