"""The states of a run and of its steps, and the one table of moves that a step may make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from services.errors import MoveNotAllowed


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
MOVES: Mapping[StepState, frozenset[StepState]] = {
    S.PENDING: frozenset({S.READY, S.WAITING, S.FAILED, S.CANCELLED}),
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
    if wanted not in MOVES[state]:
        raise MoveNotAllowed(state=state, wanted=wanted)


def run_state(states: Iterable[StepState]) -> RunState:
    """The state of a run that nobody has cancelled, by the states of its steps."""
    present = set(states)
    if present & {S.READY, S.RUNNING}:
        return RunState.RUNNING
    if present & {S.WAITING, S.UNCERTAIN}:
        return RunState.WAITING
    return RunState.FAILED if S.FAILED in present else RunState.COMPLETED
