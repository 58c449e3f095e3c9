"""What the edge shows: frozen snapshots, read in one go and free of any session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from db.models.documents import GateRequest, SkipReason, StepWait, WorkspaceSettings
from services.approvals import ApprovalRules, LimitOutcome
from services.components.specs import ComponentSpec
from services.jobs import WishOutcome
from services.pages import Page
from services.plans.forecast import Forecast
from services.plans.model import Issue, Plan
from services.plans.validation import Fault
from services.policies.specs import Citation
from services.states import Phase, PlanState, RunState, StepState
from services.workflows.clarifications import Clarification, LookAlike, Settled
from services.workflows.drafts import Failure
from services.workflows.versions import VersionKind


@dataclass(frozen=True, slots=True)
class VersionSnapshot:
    """One version of a plan, with the components as they were when it was drafted, and the passages it cites.

    `gate_people` are those whom policies name to agree to a step, by its id. `made_by` is the person who wanted
    it so, if one did, with their `wish`, and `based_on` the version that it was made of.
    """

    version: int
    plan: Plan
    components: Mapping[str, ComponentSpec]
    selected: tuple[str, ...]
    warnings: tuple[Fault, ...]
    model: str
    tokens: int
    seconds: float
    citations: tuple[Citation, ...] = ()
    gate_people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kind: VersionKind = VersionKind.DRAFTED
    made_by: str | None = None
    wish: str | None = None
    based_on: int | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StepSnapshot:
    """All that a card shows of one step of a run. `id` and `revision` go into its buttons.

    `request` is what will be or was sent, as `services.connectors` previews it: method, url, query, headers,
    body, no secret. `output` is the answer, of about `output_size` bytes; of one that `is_long` it is an outline:
    the short members of an object, the first item of a list, the beginning of a text, or None. `error` is
    {"code": …, facts}; `warnings` are sentences' facts. `agreed` are those who have agreed at its gate, of
    `quorum` that have to. `wait` is how far a built-in step has come: who was `asked`, each under `person`; who
    it was `answered_by`; how many `polls` there were. `skip` is why the plan itself skipped it.

    At its gate `deputies` are those who agreed in the place of one of the `agreed`, by that one's id.
    `assigned_by` handed it to `assigned_to`, the last of `assignments`; `requests` are what people asked others
    before they decide. `decided_for` is in whose place `decided_by` decided.
    """

    id: UUID
    step_id: str
    state: StepState
    revision: int
    attempt: int
    gated: bool
    request: Mapping[str, Any] | None = None
    output: Any = None
    output_size: int = 0
    is_long: bool = False
    error: Mapping[str, Any] | None = None
    wait: StepWait | None = None
    warnings: tuple[Mapping[str, Any], ...] = ()
    retry_at: datetime | None = None
    agreed: tuple[str, ...] = ()
    quorum: int = 1
    limit_at: datetime | None = None
    limit_outcome: LimitOutcome | None = None
    decided_by: str | None = None
    decided_for: str | None = None
    decided_at: datetime | None = None
    note: str | None = None
    deputies: Mapping[str, str] = field(default_factory=dict)
    assigned_to: str | None = None
    assigned_by: str | None = None
    assignments: int = 0
    requests: tuple[GateRequest, ...] = ()
    skip: SkipReason | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """All that a card shows of a run; `steps` stand in the plan's order.

    Where a large run was read for its card only, a step that the card does not show has no more than its state:
    no request, answer, error or gate.
    """

    id: UUID
    number: int
    version: int
    state: RunState
    started_by: str
    started_at: datetime
    steps: tuple[StepSnapshot, ...]
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run as one line of a history."""

    id: UUID
    number: int
    version: int
    state: RunState
    started_by: str
    started_at: datetime
    ended_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One attempt of a step, as one line of a history. `error` is as a step's is."""

    step_id: str
    number: int
    outcome: str
    status: int | None
    error: Mapping[str, Any] | None
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """Who said what about a run, or about one of its steps."""

    kind: str
    user: str
    at: datetime
    step_id: str | None
    reason: str | None
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The runs of a plan, the last first, and what happened in one of them, the first first.

    Each list may be shorter than what it is of: `all_runs` and the others say how many there are.
    """

    runs: tuple[RunLine, ...]
    attempts: tuple[AttemptLine, ...]
    decisions: tuple[DecisionLine, ...]
    all_runs: int
    all_attempts: int
    all_decisions: int


@dataclass(frozen=True, slots=True)
class ChangeSnapshot:
    """What somebody wants to be different about a plan; `outcome` and `failure` say why nothing came of it."""

    by: str
    wish: str
    outcome: WishOutcome | None = None
    failure: Failure | None = None


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
    decided_for: str | None = None
    decided_at: datetime | None = None
    run: RunSnapshot | None = None
    approvers: tuple[str, ...] | None = None
    """Who may decide about it, its reporter and requester left out; None: anyone."""
    forecast: Forecast | None = None
    """Of a run of its version, while that is still to be decided about."""
    requester: str | None = None
    """Who had it planned, where that is not its reporter."""
    former: VersionSnapshot | None = None
    """The version before its version, while that is still to be decided about."""
    change: ChangeSnapshot | None = None
    """What somebody wants to be different: while that is worked on, and afterwards if nothing came of it."""
    clarification: Clarification | None = None
    """What was asked before it was planned."""
    look_alike: LookAlike | None = None
    """The open plan that it may be the same as, or for which it was put away."""
    people: int = 1
    """How many people have reported it."""
    shown_in: str = ""
    """The channel of its card."""
    thread: str | None = None
    """The thread that answers to its card belong in; None before it is posted."""
    link: str | None = None
    """The address of its card in Slack, where it is known."""
    has_copies: bool = False
    """Whether people have messages of their own about it that still ask for something."""
    is_awaited: bool = False
    """Whether a step of a workflow of Slack waits for what becomes of it."""
    locale: str | None = None
    """In what language whoever asked for it reads Slack."""

    @property
    def is_asking(self) -> bool:
        """Whether it waits for an answer before it is drafted."""
        asked = self.clarification
        return self.state is PlanState.DRAFTING and asked is not None and asked.is_open

    @property
    def is_put_away(self) -> bool:
        """Whether it was put away for another plan."""
        asked = self.clarification
        return self.state is PlanState.DISCARDED and asked is not None and asked.outcome is Settled.SAME

    @property
    def asked_people(self) -> tuple[str, ...]:
        """Who can answer what is asked before it is drafted."""
        return tuple(dict.fromkeys(user for user in (self.issue.reporter, self.requester) if user))


class AwaitedKind(StrEnum):
    """What people are waited for to do."""

    REVIEW = "review"
    NO_PLAN = "no_plan"
    GATE = "gate"
    ANSWER = "answer"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Awaited:
    """Who is waited for: those `people`, None for anyone."""

    kind: AwaitedKind
    people: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """Something that waits for one person: a plan to review, or a step of its run, by the id of the step's run."""

    plan: PlanSnapshot
    since: datetime
    step: UUID | None = None


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """What has come about since a month ago; `median_seconds` is how long a run took that is done.

    `ended` are the runs that came to an end: those `done`, and those that failed or were cancelled.
    """

    plans: int = 0
    ended: int = 0
    done: int = 0
    median_seconds: float | None = None
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class HomeSnapshot:
    """All that a person's Home shows. `notice` is the code of a note; `is_new`: there has been no plan yet."""

    user: str
    is_admin: bool
    is_stranger: bool
    notice: str | None
    is_new: bool
    waiting: Page[WaitingItem]
    running: Page[PlanLine]
    reports: Page[PlanLine]
    figures: HomeFigures
    components: int
    rules: ApprovalRules
    settings: WorkspaceSettings


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A plan as one line of a list.

    `run_state` is that of its last run, of whose `total` steps so many are `done`. `link` leads to its card, which
    is `shown_in` a channel.
    """

    id: UUID
    number: int
    state: PlanState
    title: str
    reporter_id: str
    channel_id: str
    created_at: datetime
    steps: int | None
    revision: int = 1
    run_state: RunState | None = None
    done: int = 0
    total: int = 0
    awaited: Awaited | None = None
    link: str | None = None
    shown_in: str = ""
