"""The root of all domain errors, and those that every service raises; each other stands where it is raised.

An error carries facts as attributes; the edge writes the sentences.
"""

from __future__ import annotations

from uuid import UUID


class MuddaError(Exception):
    """A refusal or failure that the edge can put into words."""


class NotFound(MuddaError):
    """The workspace has nothing under this id; another workspace's id looks the same."""

    def __init__(self, kind: str, key: UUID | str | int) -> None:
        super().__init__(f"{kind} {key} not found")
        self.kind = kind
        self.key = key


class StaleVersion(MuddaError):
    """What was decided about has changed since it was shown."""

    def __init__(self, *, shown: int, current: int, state: str) -> None:
        super().__init__(f"revision {shown} was shown, {current} is current ({state})")
        self.shown = shown
        self.current = current
        self.state = state


class MoveNotAllowed(MuddaError):
    """The table of allowed moves has no such move."""

    def __init__(self, *, state: str, wanted: str) -> None:
        super().__init__(f"{state} -> {wanted} is not allowed")
        self.state = state
        self.wanted = wanted
