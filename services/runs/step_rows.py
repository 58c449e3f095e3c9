"""Runs and steps as rows, for what moves many of them or knows one beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.models.documents import StepWait
from services.states import StepState


@dataclass(frozen=True, slots=True)
class HeldRun:
    """A run whose row is held."""

    id: UUID
    workspace_id: UUID
    plan_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """What a step is begun from."""

    id: UUID
    run_id: UUID
    step: dict[str, Any]
    component_key: str
    state: str
    gated: bool
    attempt: int
    first_attempt: int
    wait: StepWait | None = None

    @property
    def name(self) -> str:
        """As the plan calls it."""
        return str(self.step["step_id"])


@dataclass(frozen=True, slots=True)
class DoneStep:
    """What came of a step that succeeded, for whoever has its claim."""

    id: UUID
    claim: UUID
    outcome: str
    status: int | None
    output: Any
    warnings: list[Any]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Behind:
    """The only step that a step lets start, where it waits for no other; the `follower` as it is when it may.

    `name` and `component_key` are of the step that it is behind.
    """

    name: str
    component_key: str
    follower: StepRow

    @classmethod
    def of(cls, step: StepRow, follower: StepRow) -> Behind:
        """What is behind a step."""
        return cls(step.name, step.component_key, follower)


def due_step(run_id: UUID, document: Mapping[str, Any]) -> StepRow:
    """A step of a run as it is when its turn has come, from what PostgreSQL says of it before."""
    return StepRow(
        id=UUID(document["id"]),
        run_id=run_id,
        step=document["step"],
        component_key=document["component_key"],
        state=StepState.READY,
        gated=document["gated"],
        attempt=document["attempt"],
        first_attempt=document["first_attempt"],
    )
