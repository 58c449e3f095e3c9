"""Words behind a slash command that look like a slip of one that is known: "halp", "list", "approver"."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

LIKE = 0.66
"""How alike a slip and what was meant are, from 0 to 1."""

MEANT: Mapping[str, str] = {
    "list": "workflows",
    "ls": "workflows",
    "status": "workflows",
    "plans": "workflows",
    "plan": "workflows",
    "open": "workflows",
    "runs": "workflows",
    "history": "workflows",
    "apis": "components",
    "tools": "components",
    "admins": "approvers",
    "rules": "approvers",
    "settings": "approvers",
    "man": "help",
    "usage": "help",
    "commands": "help",
    "info": "help",
    "start": "help",
}
"""What people type out of habit, by what it is called here."""


def nearest(text: str, known: tuple[str, ...]) -> str | None:
    """Of what is `known`, what a lone word was probably meant to be; None: nothing is like it."""
    word = text.strip().lower().lstrip("/").rstrip(".!?")
    if meant := MEANT.get(word):
        return meant
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=LIKE)), None)
