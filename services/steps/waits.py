"""What a step that waits keeps on its row: when it asks again, and whom it asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def people_asked(wait: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """Those who were asked, in order: {"person", "channel", and once it is posted "ts"}."""
    people: Sequence[Mapping[str, Any]] = (wait or {}).get("asked", ())
    return people


def with_message(wait: Mapping[str, Any], person: str, **place: str) -> dict[str, Any]:
    """`wait` with where the message of a person is: `channel`, `ts` or both."""
    return {
        **wait,
        "asked": [{**each, **place} if each["person"] == person else each for each in people_asked(wait)],
    }


def without(wait: Mapping[str, Any], person: str) -> dict[str, Any]:
    """`wait` without a person who can't be asked after all."""
    return {**wait, "asked": [each for each in people_asked(wait) if each["person"] != person]}
