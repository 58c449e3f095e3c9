"""What the edge shows: frozen snapshots, read in one go and free of any session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from services.plan import ComponentSpec, Issue, Plan
from services.states import FailureCode, Phase, PlanState
from services.validation import Fault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why drafting ended without a plan, with the validator's faults where they are the reason."""

    code: FailureCode
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionSnapshot:
    """One version of a plan, with the components as they were when it was drafted."""

    version: int
    plan: Plan
    components: Mapping[str, ComponentSpec]
    selected: tuple[str, ...]
    warnings: tuple[Fault, ...]
    model: str
    tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PlanSnapshot:
    """All that a card shows of one plan. `revision` goes into its buttons."""

    id: UUID
    number: int
    revision: int
    state: PlanState
    issue: Issue
    channel_id: str
    created_at: datetime
    phase: Phase | None = None
    phase_facts: Mapping[str, Any] = field(default_factory=dict)
    """E.g. {"selected": 6, "offered": 24, "repairs": 1}."""
    version: VersionSnapshot | None = None
    failure: Failure | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan as one line of a list."""

    id: UUID
    number: int
    state: PlanState
    title: str
    reporter_id: str
    channel_id: str
    created_at: datetime
    steps: int | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list: pages count from 1, `total` counts all items."""

    items: tuple[T, ...]
    page: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.size))
