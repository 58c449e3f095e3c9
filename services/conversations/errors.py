"""What can be wrong with saying what was meant."""

from __future__ import annotations

from services.errors import MuddaError


class NotTheWriter(MuddaError):
    """Only whoever wrote something can say what they meant."""

    def __init__(self, user: str) -> None:
        super().__init__(f"{user} did not write that")


class AlreadySettled(MuddaError):
    """It has been said already; `intent` is what it was."""

    def __init__(self, intent: str | None) -> None:
        super().__init__(f"settled as {intent}")
        self.intent = intent
