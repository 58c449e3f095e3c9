"""The names that Slack gives back to us: commands, actions, views; and the codec of button values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

COMMAND_MUDDA = "/mudda"
COMMAND_COMPONENTS = "/components"
COMMAND_WORKFLOWS = "/workflows"

ACTION_DISCARD = "plan.discard"
ACTION_TRY_AGAIN = "plan.try_again"
ACTION_SHOW_ALL = "plan.show_all"
ACTION_COMPONENTS_PAGE = "components.page"
ACTION_WORKFLOWS_PAGE = "workflows.page"
"""Both with `.previous` or `.next` behind them."""

VIEW_NEW_ISSUE = "issue.new"
VIEW_PLAN_DETAILS = "plan.details"

BLOCK_ISSUE, INPUT_ISSUE = "issue", "issue.text"
BLOCK_PLACE, INPUT_PLACE = "place", "issue.place"
BLOCK_URGENCY, INPUT_URGENCY = "urgency", "issue.urgency"

METADATA_CARD = "mudda_card"
"""The event type of a card's message metadata; its payload is {"card": the card's id}."""


SEARCH_LENGTH = 80
"""As much of what was searched for as goes into a button, so that every page is one of the same search."""


@dataclass(frozen=True, slots=True)
class Ref:
    """What a button is about: an opaque id, and the revision that it was drawn for. Never more."""

    id: UUID
    revision: int

    def encode(self) -> str:
        """The button's value, e.g. `0b6c….3`."""
        return f"{self.id}.{self.revision}"

    @classmethod
    def decode(cls, value: str) -> Ref:
        """Read a button's value. Raises ValueError on anything that we did not write."""
        match = re.fullmatch(r"([0-9a-f-]{36})\.([0-9]{1,9})", value)
        if match is None:
            raise ValueError("not a reference")
        return cls(UUID(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class PageRef:
    """Which page of a private list a button turns to, and what was searched for."""

    page: int
    search: str = ""

    def encode(self) -> str:
        """The button's value, e.g. `2:water`."""
        return f"{self.page}:{self.search[:SEARCH_LENGTH]}"

    @classmethod
    def decode(cls, value: str) -> PageRef:
        """Read a button's value. Raises ValueError on anything that we did not write."""
        page, separator, search = value.partition(":")
        if not separator or not re.fullmatch(r"[0-9]{1,6}", page):
            raise ValueError("not a page")
        return cls(int(page), search)
