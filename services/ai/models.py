"""The names of Gemini's models: which are the same model, and which have come to their end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Retirement:
    """From `on` a model is answered for by another one, or by nobody; `use` is what to set in its place."""

    model: str
    on: date
    use: str

    def is_over(self, today: date) -> bool:
        """Whether the model is retired already."""
        return today >= self.on


_TABLE = (
    # https://ai.google.dev/gemini-api/docs/deprecations, seen in November 2026.
    ("gemini-2.0-flash", date(2026, 6, 1), "gemini-3.8-flash"),
    ("gemini-2.0-flash-lite", date(2026, 6, 1), "gemini-3.5-flash-lite"),
    ("gemini-2.5-flash", date(2026, 12, 1), "gemini-3.8-flash"),
    ("gemini-2.5-pro", date(2026, 12, 1), "gemini-3.8-flash"),
    ("gemini-3.5-flash", date(2026, 10, 8), "gemini-3.8-flash"),
    ("gemini-3.7-flash", date(2026, 10, 8), "gemini-3.8-flash"),
)

RETIREMENTS: Mapping[str, Retirement] = {row[0]: Retirement(*row) for row in _TABLE}
"""Models that are retired, or will be on a day that is known. To add one is to add a line."""

_RELEASE = re.compile(
    r"-(?:\d{3}"  # -001
    r"|\d{8}|20\d\d-\d\d-\d\d"  # -20260902, -2026-09-02
    r"|\d\d-\d\d(?:-20\d\d)?|\d\d-20\d\d"  # -05-20, -09-02-2026, -09-2026
    r"|latest)$"
)


def retirement(model: str) -> Retirement | None:
    """When the model of that name comes to its end, and what to use then; None: it is not known to."""
    return RETIREMENTS.get(base_name(model))


def base_name(model: str) -> str:
    """A model's name without "models/", the number or the date of a release."""
    return _RELEASE.sub("", short_name(model).lower())


def short_name(model: str) -> str:
    """A model's name as it stands in a URL: without "models/"."""
    return model.strip().removeprefix("models/")


def is_same_model(asked: str, answered: str) -> bool:
    """Whether the one that answered is the one that was asked.

    A release of a model is that model. A name without a number, such as gemini-flash-latest, asks for whichever
    is the latest.
    """
    name = base_name(asked)
    return not answered or not re.search(r"\d", name) or name == base_name(answered)
