"""What a look-up finds: rows of plain values, each with an id by which an answer cites it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.formats.text import clip

MAX_TROUBLE = 120
"""Characters of why something went wrong, as the model is told."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, by Slack's id."""

    id: str


@dataclass(frozen=True, slots=True)
class People:
    """Some people, by Slack's ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a year, by its first day."""

    first: date

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Said:
    """Something in words of ours: a sentence with names for its values. A view says it in any language."""

    words: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.words.format(**self.values)


@dataclass(frozen=True, slots=True)
class Several:
    """Several of these."""

    said: tuple[Said, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.said))


@dataclass(frozen=True, slots=True)
class StepError:
    """Why a step of a component went wrong: {"code": …, facts}, as it is kept; `numbers` are the steps' by id."""

    error: Mapping[str, Any]
    component: str
    numbers: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        found = (str(self.error.get(name) or "") for name in ("code", "status", "message"))
        return clip(" ".join(filter(None, found)), MAX_TROUBLE)


Value = str | int | float | datetime | date | Person | People | Took | Month | Said | Several | StepError
"""What stands in a row. What is not known is left out of it."""


class RowKind(StrEnum):
    """What a row is about."""

    SUMMARY = "summary"
    PLAN = "plan"
    RUN = "run"
    STEP = "step"
    DECISION = "decision"
    WAIT = "wait"
    COMPONENT = "component"
    FAILURES = "failures"
    DURATION = "duration"
    COUNT = "count"
    POLICY = "policy"
    APPROVERS = "approvers"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class PlanRef:
    """A plan that a row is about, and where its card is: no `ts` as long as it is not posted."""

    id: UUID
    number: int
    channel_id: str
    ts: str | None


@dataclass(frozen=True, slots=True)
class Fact:
    """A row before it has its id."""

    kind: RowKind
    values: Mapping[str, Value]
    plan: PlanRef | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A fact with the id that it is cited by, such as R3."""

    id: str
    kind: RowKind
    values: Mapping[str, Value]
    plan: PlanRef | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a look-up has found: as many as fit, of so many that there are."""

    rows: Sequence[Fact] = ()
    found: int = 0
    more: Mapping[str, Value] = field(default_factory=dict)
    """What is to be said of all of them together."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A look-up as the model asks for it."""

    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose question it is, and what may be told in the answer.

    `places` are the channels whose plans may be told, None: all of them. `only` is the one plan that may be told
    of, to somebody of another organisation; `is_stranger` says that it is such a person. `is_shared`: people of
    other organisations read along, and are told what is about plans alone.
    """

    workspace_id: UUID
    asker: str
    now: datetime
    time_zone: str
    places: frozenset[str] | None = None
    is_stranger: bool = False
    is_shared: bool = False
    only: UUID | None = None


def known(**values: Value | None) -> dict[str, Value]:
    """The values that there are."""
    return {name: value for name, value in values.items() if value is not None and value != ""}
