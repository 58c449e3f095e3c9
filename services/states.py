"""The states of a plan, a run and a step, and the tables of the moves that they may make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from services.errors import MoveNotAllowed


class PlanState(StrEnum):
    """Where a plan stands."""

    DRAFTING = "DRAFTING"
    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    DISCARDED = "DISCARDED"
    FAILED = "FAILED"


PLAN_MOVES: Mapping[PlanState, frozenset[PlanState]] = {
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
    if wanted not in PLAN_MOVES[state]:
        raise MoveNotAllowed(state=state, wanted=wanted)


class FailureCode(StrEnum):
    """Why a plan could not be drafted; the card has a sentence for each."""

    NO_COMPONENTS = "no_components"
    NOTHING_FITS = "nothing_fits"
    REJECTED = "rejected"
    GEMINI_UNAVAILABLE = "gemini_unavailable"
    GEMINI_BUSY = "gemini_busy"
    GEMINI_TIMEOUT = "gemini_timeout"
    GEMINI_REFUSED = "gemini_refused"
    GEMINI_KEY = "gemini_key"
    GEMINI_QUOTA = "gemini_quota"
    GEMINI_MODEL = "gemini_model"
    GEMINI_ACCOUNT = "gemini_account"
    GEMINI_BLOCKED = "gemini_blocked"
    GEMINI_EMPTY = "gemini_empty"
    GEMINI_TRUNCATED = "gemini_truncated"
    GEMINI_MALFORMED = "gemini_malformed"
    CHANNEL_UNREACHABLE = "channel_unreachable"
    APP_REMOVED = "app_removed"
    BUDGET = "budget"
    INTERNAL = "internal"


class Phase(StrEnum):
    """How far a draft has come; each is a task of the drafting card."""

    WAITING = "waiting"
    SELECTING = "selecting"
    PLANNING = "planning"
    CHECKING = "checking"
    REPAIRING = "repairing"
    SAMPLING = "sampling"


class RunState(StrEnum):
    """Where a run stands. WAITING: only people are awaited."""

    RUNNING = "RUNNING"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class StepState(StrEnum):
    """Where a step stands.

    WAITING: at its gate, or for an answer. UNCERTAIN: it may have reached the other side, or not.
    """

    PENDING = "PENDING"
    READY = "READY"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    DONE = "DONE"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    CANCELLED = "CANCELLED"


S = StepState

STEP_MOVES: Mapping[StepState, frozenset[StepState]] = {
    # SKIPPED: by the plan itself, whose condition does not hold.
    S.PENDING: frozenset({S.READY, S.WAITING, S.SKIPPED, S.FAILED, S.CANCELLED}),
    S.READY: frozenset({S.RUNNING, S.FAILED, S.CANCELLED}),
    S.RUNNING: frozenset({S.DONE, S.READY, S.WAITING, S.FAILED, S.UNCERTAIN}),
    S.WAITING: frozenset({S.READY, S.DONE, S.FAILED, S.SKIPPED, S.CANCELLED}),
    # FAILED again: a retry at a gate whose request still can't be resolved.
    S.FAILED: frozenset({S.READY, S.WAITING, S.SKIPPED, S.FAILED}),
    S.UNCERTAIN: frozenset({S.READY, S.DONE, S.SKIPPED}),
    S.DONE: frozenset(),
    S.SKIPPED: frozenset(),
    S.CANCELLED: frozenset(),
}
"""The moves that a step may make; every other is a domain error."""

OVER = frozenset({S.DONE, S.SKIPPED})
"""What lets the steps behind it go on."""


def check_step_move(state: StepState, wanted: StepState) -> None:
    """Raise MoveNotAllowed unless the table has the move."""
    if wanted not in STEP_MOVES[state]:
        raise MoveNotAllowed(state=state, wanted=wanted)


def run_state(states: Iterable[StepState]) -> RunState:
    """The state of a run that nobody has cancelled, by the states of its steps."""
    present = set(states)
    if present & {S.READY, S.RUNNING}:
        return RunState.RUNNING
    if present & {S.WAITING, S.UNCERTAIN}:
        return RunState.WAITING
    return RunState.FAILED if S.FAILED in present else RunState.COMPLETED


class NotificationState(StrEnum):
    """DUE to be posted, SENT, HELD for a digest, which then has TOLD of it; UNREACHABLE; OVER: nothing to do."""

    DUE = "due"
    SENT = "sent"
    HELD = "held"
    TOLD = "told"
    UNREACHABLE = "unreachable"
    OVER = "over"


OPEN_NOTIFICATIONS = (
    NotificationState.DUE,
    NotificationState.SENT,
    NotificationState.HELD,
    NotificationState.TOLD,
    NotificationState.UNREACHABLE,
)
"""The states of what may still wait for somebody."""
