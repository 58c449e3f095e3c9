"""The states of a plan and the one table that says which moves are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.errors import MoveNotAllowed


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFTING = "DRAFTING"
    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    DISCARDED = "DISCARDED"
    FAILED = "FAILED"


MOVES: Mapping[PlanState, frozenset[PlanState]] = {
    PlanState.DRAFTING: frozenset({PlanState.DRAFT, PlanState.FAILED, PlanState.DISCARDED}),
    # FAILED: a draft whose card could not be posted, so that nobody can see it.
    PlanState.DRAFT: frozenset({PlanState.DRAFTING, PlanState.APPROVED, PlanState.DISCARDED, PlanState.FAILED}),
    PlanState.FAILED: frozenset({PlanState.DRAFTING, PlanState.DISCARDED}),
    PlanState.APPROVED: frozenset(),
    PlanState.DISCARDED: frozenset(),
}
"""The moves that a plan may make; every other is a domain error."""


def check_move(state: PlanState, wanted: PlanState) -> None:
    """Raise MoveNotAllowed unless the table has the move."""
    if wanted not in MOVES[state]:
        raise MoveNotAllowed(state=state, wanted=wanted)


class FailureCode(StrEnum):
    """Why a plan could not be drafted; the card has a sentence for each."""

    NO_COMPONENTS = "no_components"
    NOTHING_FITS = "nothing_fits"
    REJECTED = "rejected"
    GEMINI_UNAVAILABLE = "gemini_unavailable"
    GEMINI_TIMEOUT = "gemini_timeout"
    GEMINI_REFUSED = "gemini_refused"
    GEMINI_KEY = "gemini_key"
    GEMINI_QUOTA = "gemini_quota"
    GEMINI_BLOCKED = "gemini_blocked"
    GEMINI_EMPTY = "gemini_empty"
    GEMINI_TRUNCATED = "gemini_truncated"
    GEMINI_MALFORMED = "gemini_malformed"
    CHANNEL_UNREACHABLE = "channel_unreachable"
    INTERNAL = "internal"


class Phase(StrEnum):
    """How far a draft has come; each is a task of the drafting card."""

    WAITING = "waiting"
    SELECTING = "selecting"
    PLANNING = "planning"
    CHECKING = "checking"
    REPAIRING = "repairing"
