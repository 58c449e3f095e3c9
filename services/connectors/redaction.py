"""Credentials are taken out of what came back: some servers quote the key that they were called with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, quote_plus

REPLACEMENT = "***"
"""Stands where a credential stood."""

MIN_SECRET_CHARACTERS = 8
"""Characters of a credential that is looked for. A shorter one is no secret, and may be part of any word."""


Redaction = Callable[[Any], Any]
"""Gives a JSON value without the secrets in its texts and names."""


def redacting(secrets: Collection[str]) -> Redaction:
    """Takes out `secrets`, be they written plainly, in a URL or in JSON. Made once for all that it is used on."""
    forms = {
        form
        for secret in secrets
        for part in _parts(secret)
        if len(part) >= MIN_SECRET_CHARACTERS
        for form in _forms(part)
    }
    if not forms:
        return lambda value: value
    # The longest first, for one may be part of another.
    pattern = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return partial(_replaced, secrets=re.compile(pattern))


def _parts(secret: str) -> Iterator[str]:
    """A secret, and each line of one that has several: a key as PEM may come back folded in another way."""
    yield secret
    lines = secret.splitlines() if "\n" in secret.strip() else ()
    yield from (line for line in lines if not line.startswith("-----"))


def _forms(text: str) -> tuple[str, ...]:
    urls = (
        quote(text, safe="", errors="replace"),
        quote(text, errors="replace"),
        quote_plus(text, errors="replace"),
    )
    return (text, *urls, json.dumps(text)[1:-1])


def _replaced(value: Any, secrets: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return secrets.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_replaced(item, secrets) for item in value]
    if isinstance(value, dict):
        return {_replaced(name, secrets): _replaced(member, secrets) for name, member in value.items()}
    return value
