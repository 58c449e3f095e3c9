"""What a workspace's Slack does not offer, remembered for a while: the plain way is taken without asking again."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

REFUSED_FOR = timedelta(hours=1)
"""After so long it is tried again: a plan was paid for, or the app installed anew."""


class Surface(StrEnum):
    """What not every workspace has."""

    STREAM = "stream"
    SESSIONS = "sessions"
    PROMPTS = "prompts"
    WORK_OBJECTS = "work_objects"


class Surfaces:
    """The surfaces of one workspace, as one process knows them."""

    def __init__(self) -> None:
        self._refused: dict[Surface, datetime] = {}

    def is_open(self, surface: Surface, now: datetime) -> bool:
        """Whether it may be there: nobody was refused lately."""
        since = self._refused.get(surface)
        return since is None or now - since >= REFUSED_FOR

    def refused(self, surface: Surface, now: datetime) -> None:
        """Slack does not offer it here."""
        self._refused[surface] = now
